package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// constraints is the group of what Gatekeeper's templates define.
const constraints = "constraints.gatekeeper.sh"

// definition is what is read of a CustomResourceDefinition, or of a ConstraintTemplate, which makes one.
type definition struct {
	Kind string
	Spec struct {
		Group string
		Names struct{ Kind string }
		// Versions are those of apiextensions.k8s.io/v1.
		Versions []struct {
			Name   string
			Schema struct{ OpenAPIV3Schema map[string]any }
		}
		// CRD is a template's.
		CRD struct {
			Spec struct {
				Names      struct{ Kind string }
				Validation struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
}

// Custom is the schemas of custom resources.
type Custom struct {
	Set
	// Metadata is the schema of every object's metadata, which a definition does not have.
	Metadata Schema
}

// NewCustom is without any schema yet. It takes metadata from the schemas of a release that were written to a location.
func NewCustom(location, release string) (*Custom, error) {
	file := filepath.Join(location, Folder(release), namespace.file())
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("schemas of Kubernetes %s: %w", release, err)
	}
	var written struct{ Properties struct{ Metadata Schema } }
	if err := json.Unmarshal(text, &written); err != nil || written.Properties.Metadata == nil {
		return nil, fmt.Errorf("schemas of Kubernetes %s: %s has no metadata (%v)", release, file, err)
	}
	return &Custom{Set{}, written.Properties.Metadata}, nil
}

var namespace = Kind{"", "v1", "Namespace"}

// Add reads the definitions of custom resources in a stream of YAML documents. What does not parse, and what defines
// nothing, is left to whoever judges it: the tools say that there is no schema.
func (c *Custom) Add(stream []byte) {
	for document := range bytes.SplitSeq(stream, []byte("\n---")) {
		if !Defines(document) {
			continue
		}
		var d definition
		if yaml.Unmarshal(document, &d) != nil {
			continue
		}
		switch d.Kind {
		case "CustomResourceDefinition":
			c.addResource(d)
		case "ConstraintTemplate":
			c.addConstraint(d)
		}
	}
}

// Defines says whether a document can be a definition, without parsing it.
func Defines(document []byte) bool {
	return bytes.Contains(document, []byte("CustomResourceDefinition")) || bytes.Contains(document, []byte("ConstraintTemplate"))
}

func (c *Custom) addResource(d definition) {
	for _, version := range d.Spec.Versions {
		if described := version.Schema.OpenAPIV3Schema; described != nil && d.Spec.Names.Kind != "" {
			kind := Kind{d.Spec.Group, version.Name, d.Spec.Names.Kind}
			c.Set[kind] = c.custom(kind, described)
		}
	}
}

// addConstraint makes the schema of a template's constraints. Gatekeeper judges their match itself.
func (c *Custom) addConstraint(d definition) {
	template := d.Spec.CRD.Spec
	if template.Names.Kind == "" {
		return
	}
	parameters := template.Validation.OpenAPIV3Schema
	if parameters == nil {
		parameters = map[string]any{}
	}
	open := map[string]any{"type": "object"}
	described := object(map[string]any{"metadata": open, "spec": object(map[string]any{
		"match": open, "parameters": parameters, "enforcementAction": map[string]any{"type": "string"},
		"scopedEnforcementActions": map[string]any{"type": "array", "items": open},
	})})
	for _, version := range []string{"v1beta1", "v1alpha1"} {
		kind := Kind{constraints, version, template.Names.Kind}
		c.Set[kind] = c.custom(kind, described)
	}
}

func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties}
}

// custom is the schema of a custom resource: the server knows its metadata better than its definition does.
func (c *Custom) custom(kind Kind, described map[string]any) Schema {
	converted := (&converter{}).structure(described)
	properties, _ := converted["properties"].(Schema)
	if properties == nil {
		return of(kind, converted)
	}
	properties["metadata"] = c.Metadata
	return of(kind, converted)
}

// AddFolder reads the definitions in all YAML files of a folder and those below.
func (c *Custom) AddFolder(folder fs.FS) error {
	return fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isYAML(name) {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return fmt.Errorf("definitions of custom resources: %w", err)
		}
		c.Add(text)
		return nil
	})
}

func isYAML(name string) bool {
	extension := strings.ToLower(path.Ext(name))
	return extension == ".yaml" || extension == ".yml"
}
