// Package argocd decides how Argo CD comes into a cluster: in which order what its folder renders to is applied, and what of it
// is left to Argo CD itself, because nobody knows its kind before Argo CD has installed that.
package argocd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/apiserver"
)

// Installation is what of a folder is applied, and when.
type Installation struct {
	// First are definitions of custom resources, and namespaces: what all others need.
	First []apiserver.Document
	// Then are the others.
	Then []apiserver.Document
	// Left are those of kinds that another folder defines, which Argo CD applies.
	Left []apiserver.Document
}

// Plan is the installation of a root among all that somebody applies.
func Plan(documents []apiserver.Document, root string) (Installation, error) {
	own, others := map[string]bool{}, map[string]bool{}
	for _, document := range documents {
		kind, err := defined(document)
		if err != nil {
			return Installation{}, err
		}
		if document.Root == root {
			own[kind] = true
		} else {
			others[kind] = true
		}
	}
	var plan Installation
	for _, document := range documents {
		switch kind := kindOf(document); {
		case document.Root != root:
		case document.Object.Kind == "CustomResourceDefinition" || document.Object.Kind == "Namespace":
			plan.First = append(plan.First, document)
		case others[kind] && !own[kind]:
			plan.Left = append(plan.Left, document)
		default:
			plan.Then = append(plan.Then, document)
		}
	}
	if len(plan.First)+len(plan.Then) == 0 {
		return plan, fmt.Errorf("nothing is rendered from %s: is it a folder with a kustomization that somebody applies?", root)
	}
	return plan, nil
}

// kindOf is the group and the kind of an object.
func kindOf(document apiserver.Document) string {
	group, _, custom := strings.Cut(document.Object.APIVersion, "/")
	if !custom {
		group = ""
	}
	return document.Object.Kind + "." + group
}

// defined is the group and the kind that a definition of a custom resource defines; empty for anything else.
func defined(document apiserver.Document) (string, error) {
	if document.Object.Kind != "CustomResourceDefinition" {
		return "", nil
	}
	var read struct {
		Spec struct {
			Group string
			Names struct{ Kind string }
		}
	}
	if err := json.Unmarshal(document.Content, &read); err != nil {
		return "", fmt.Errorf("%s: %s: %w", document.Root, document.Object, err)
	}
	return read.Spec.Names.Kind + "." + read.Spec.Group, nil
}

// List is one object that has all of the documents in it, as JSON.
func List(documents []apiserver.Document) ([]byte, error) {
	items := []json.RawMessage{}
	for _, document := range documents {
		items = append(items, document.Content)
	}
	return json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
}

// Kinds are the kinds of documents, each once.
func Kinds(documents []apiserver.Document) []string {
	var kinds []string
	for _, document := range documents {
		kinds = append(kinds, document.Object.Kind)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// Versions are the resourceVersions of objects that kubectl printed as JSON: none, one, or a list of them.
type Versions map[string]string

// ReadVersions reads them.
func ReadVersions(text []byte) (Versions, error) {
	type object struct {
		APIVersion, Kind string
		Metadata         struct{ Namespace, Name, ResourceVersion string }
	}
	versions := Versions{}
	if len(text) == 0 {
		return versions, nil
	}
	var read struct {
		object
		Items []object
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("what kubectl printed: %w", err)
	}
	if read.Kind != "List" {
		read.Items = []object{read.object}
	}
	for _, o := range read.Items {
		group, _, _ := strings.Cut(o.APIVersion, "/")
		versions[strings.Join([]string{group, o.Kind, o.Metadata.Namespace, o.Metadata.Name}, " ")] = o.Metadata.ResourceVersion
	}
	return versions, nil
}

// Since is how many objects are not what they were before.
func (v Versions) Since(before Versions) (changed int) {
	for key, version := range v {
		if before[key] != version {
			changed++
		}
	}
	return changed
}
