// Package policies judges manifests by the Gatekeeper policies that lie among them: what gator is given, and what it said.
package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/manifest"
)

// Root is what was rendered from one kustomization or plain file.
type Root struct {
	Name    string
	Objects []Object
}

// Object is a rendered object.
type Object struct {
	manifest.Object
	// JSON is all of it, in one line, with the keys in order.
	JSON string
	// makes is the kind of constraints that a ConstraintTemplate is for.
	makes string
}

// separator ends a document of a stream.
var separator = regexp.MustCompile(`(?m)^---([ \t].*)?$`)

// ReadRoot reads the stream of a root.
func ReadRoot(name string, stream []byte) (Root, error) {
	root := Root{Name: name}
	for i, document := range separator.Split(string(stream), -1) {
		object, err := readObject([]byte(document))
		if err != nil {
			return Root{}, fmt.Errorf("%s: document %d: %w", name, i+1, err)
		}
		if object != nil {
			root.Objects = append(root.Objects, *object)
		}
	}
	return root, nil
}

// readObject reads a document, or nothing where there is only space and comments.
func readObject(document []byte) (*Object, error) {
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		return nil, err
	}
	if string(text) == "null" {
		return nil, nil
	}
	var head struct {
		APIVersion string
		Kind       string
		Metadata   struct{ Name, Namespace string }
		Spec       json.RawMessage
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("it is no object: %w", err)
	}
	object := &Object{
		Object: manifest.Object{APIVersion: head.APIVersion, Kind: head.Kind, Namespace: head.Metadata.Namespace, Name: head.Metadata.Name},
		JSON:   canonical(text),
	}
	if object.template() {
		var spec struct {
			CRD struct {
				Spec struct{ Names struct{ Kind string } }
			}
		}
		if err := json.Unmarshal(head.Spec, &spec); err != nil {
			return nil, fmt.Errorf("%s: its spec: %w", object, err)
		}
		object.makes = spec.CRD.Spec.Names.Kind
	}
	return object, nil
}

// canonical is JSON in one line, with the keys in order and numbers as they stand.
func canonical(text []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return string(text)
	}
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return string(text)
	}
	return strings.TrimSpace(line.String())
}

// The groups of Gatekeeper's policies.
const (
	templates   = "templates.gatekeeper.sh"
	constraints = "constraints.gatekeeper.sh"
	expansions  = "expansion.gatekeeper.sh"
)

func (o Object) group() string {
	group, _, _ := strings.Cut(o.APIVersion, "/")
	return group
}

func (o Object) template() bool   { return o.group() == templates && o.Kind == "ConstraintTemplate" }
func (o Object) constraint() bool { return o.group() == constraints }
func (o Object) policy() bool {
	return o.template() || o.constraint() || o.group() == expansions
}
