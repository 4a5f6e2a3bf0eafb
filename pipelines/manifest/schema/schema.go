// Package schema makes the JSON schemas that kubeval and kubeconform read: from the OpenAPI description of a Kubernetes
// release, and from CustomResourceDefinitions and Gatekeeper's ConstraintTemplates. They are strict: a field that is not
// described is refused, as `kubectl apply --validate=strict` does.
package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kind names what a schema describes. Group is empty for the core group.
type Kind struct{ Group, Version, Kind string }

// APIVersion is what stands in a manifest.
func (k Kind) APIVersion() string {
	if k.Group == "" {
		return k.Version
	}
	return k.Group + "/" + k.Version
}

// String is such as apps/v1 Deployment.
func (k Kind) String() string { return k.APIVersion() + " " + k.Kind }

// Set is the schemas of many kinds.
type Set map[Kind]Schema

// Schema is a JSON schema of draft 4.
type Schema map[string]any

// Folder is where both tools look for the schemas of a release, such as 1.36.3, in a location.
func Folder(release string) string { return "v" + release + "-standalone-strict" }

// file is the name that both tools look for. They take the first part of the group alone, so that the kinds of two groups
// may share one.
func (k Kind) file() string {
	parts := []string{k.Kind}
	if k.Group != "" {
		group, _, _ := strings.Cut(k.Group, ".")
		parts = append(parts, group)
	}
	return strings.ToLower(strings.Join(append(parts, k.Version), "-")) + ".json"
}

// Write puts a set's schemas into the folder of a release. Kinds that share a file are alternatives in it.
func (s Set) Write(location, release string) error {
	folder := filepath.Join(location, Folder(release))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	files := map[string][]Schema{}
	for _, kind := range slices.SortedFunc(maps.Keys(s), compare) {
		files[kind.file()] = append(files[kind.file()], s[kind])
	}
	for name, schemas := range files {
		written := schemas[0]
		if len(schemas) > 1 {
			written = Schema{"anyOf": schemas}
		}
		text, err := json.Marshal(written)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func compare(a, b Kind) int { return strings.Compare(a.String(), b.String()) }

// of is a kind's schema with its name put into it: apiVersion and kind have to be there, and no other ones.
func of(kind Kind, described Schema) Schema {
	named := maps.Clone(described)
	properties, _ := named["properties"].(Schema)
	properties = maps.Clone(properties)
	if properties == nil {
		properties = Schema{}
	}
	properties["apiVersion"] = only(kind.APIVersion())
	properties["kind"] = only(kind.Kind)
	named["properties"] = properties
	required, _ := named["required"].([]any)
	for _, name := range []any{"apiVersion", "kind"} {
		if !slices.Contains(required, name) {
			required = append(slices.Clip(required), name)
		}
	}
	named["required"] = required
	return named
}

func only(value string) Schema { return Schema{"type": "string", "enum": []any{value}} }
