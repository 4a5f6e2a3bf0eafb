package apiserver

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/esteira/esteira/pipelines/manifest"
)

// definition is a CustomResourceDefinition as the server gets it, and the document that it comes from.
type definition struct {
	Document
	from  Document
	kind  string
	wants []string // the versions that it serves, as apiVersions
}

// customResource is what is read of a CustomResourceDefinition.
type customResource struct {
	Spec struct {
		Group    string
		Names    struct{ Kind string }
		Versions []struct {
			Name   string
			Served bool
		}
	}
}

const definitionKind = "CustomResourceDefinition"

// definitions are the documents' CustomResourceDefinitions, and those that Gatekeeper makes of its templates, each once; and
// what is wrong with those that are none. None asks a webhook to convert: nobody would answer it.
func definitions(documents []Document) ([]definition, []manifest.Remark) {
	var all []definition
	var wrong []manifest.Remark
	seen := map[string]bool{}
	for _, document := range documents {
		made, err := define(document)
		switch {
		case err != nil:
			wrong = append(wrong, document.remark("Definition", "", err.Error()))
		case made != nil && !seen[string(made.Content)]:
			seen[string(made.Content)] = true
			all = append(all, *made)
		}
	}
	return all, wrong
}

// define is the definition in a document, or nothing.
func define(document Document) (*definition, error) {
	content := document.Content
	switch group, _, _ := strings.Cut(document.Object.APIVersion, "/"); {
	case group == "apiextensions.k8s.io" && document.Object.Kind == definitionKind:
	case group == "templates.gatekeeper.sh" && document.Object.Kind == "ConstraintTemplate":
		made, err := constraintDefinition(document.Content)
		if err != nil {
			return nil, err
		}
		content = made
	default:
		return nil, nil
	}
	var tree map[string]any
	if err := json.Unmarshal(content, &tree); err != nil {
		return nil, err
	}
	if spec, is := tree["spec"].(map[string]any); is {
		delete(spec, "conversion")
	}
	return newDefinition(document, tree)
}

func newDefinition(from Document, tree map[string]any) (*definition, error) {
	content, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	var read struct {
		APIVersion string
		Metadata   struct{ Name string }
		customResource
	}
	if err := json.Unmarshal(content, &read); err != nil {
		return nil, err
	}
	made := &definition{from: from, kind: read.Spec.Names.Kind, Document: from}
	made.Content = content
	made.Object = manifest.Object{APIVersion: read.APIVersion, Kind: definitionKind, Name: read.Metadata.Name}
	for _, version := range read.Spec.Versions {
		if version.Served {
			made.wants = append(made.wants, read.Spec.Group+"/"+version.Name)
		}
	}
	return made, nil
}

// constraintDefinition is the CustomResourceDefinition that Gatekeeper makes of a ConstraintTemplate: of the constraint's
// parameters it knows what the template says, of the rest what all constraints have.
func constraintDefinition(template []byte) ([]byte, error) {
	var read struct {
		Spec struct {
			CRD struct {
				Spec struct {
					Names struct {
						Kind       string
						ShortNames []string
					}
					Validation struct {
						OpenAPIV3Schema json.RawMessage
					}
				}
			}
		}
	}
	if err := json.Unmarshal(template, &read); err != nil {
		return nil, err
	}
	names := read.Spec.CRD.Spec.Names
	if names.Kind == "" {
		return nil, fmt.Errorf("spec.crd.spec.names.kind is empty: write the kind of the constraints")
	}
	anything := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	var parameters any = anything
	if given := read.Spec.CRD.Spec.Validation.OpenAPIV3Schema; len(given) > 0 {
		parameters = given
	}
	schema := object(map[string]any{
		"metadata": map[string]any{"type": "object"},
		"status":   anything,
		"spec": object(map[string]any{
			"enforcementAction":        map[string]any{"type": "string"},
			"scopedEnforcementActions": map[string]any{"type": "array", "items": anything},
			"match":                    anything,
			"parameters":               parameters,
		}),
	})
	plural := strings.ToLower(names.Kind)
	return json.Marshal(map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": definitionKind,
		"metadata": map[string]any{"name": plural + ".constraints.gatekeeper.sh"},
		"spec": map[string]any{
			"group": "constraints.gatekeeper.sh", "scope": "Cluster",
			"names": map[string]any{
				"kind": names.Kind, "listKind": names.Kind + "List", "plural": plural, "singular": plural, "shortNames": names.ShortNames,
			},
			"versions": []any{
				map[string]any{"name": "v1beta1", "served": true, "storage": true, "schema": map[string]any{"openAPIV3Schema": schema}},
				map[string]any{"name": "v1alpha1", "served": true, "storage": false, "schema": map[string]any{"openAPIV3Schema": schema}},
			},
		},
	})
}

// object is the schema of an object with these properties.
func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties}
}
