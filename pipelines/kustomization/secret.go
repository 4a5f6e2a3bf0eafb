package kustomization

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// secrets finds the values of secrets that are in Git in plain words, or as good as that, in Base64.
func (t *Tree) secrets() {
	for _, file := range slices.Sorted(maps.Keys(t.documents)) {
		for _, d := range t.documents[file] {
			if d.Kind != "Secret" || d.APIVersion != "v1" {
				continue
			}
			for _, field := range []string{"data", "stringData"} {
				if values := manifest.Child(d.Node, field); values != nil && len(values.Content) > 0 {
					t.find("plain-secret", file, values.Content[0].Line, fmt.Sprintf(
						"%s has its values in Git: seal it (kubeseal), or let External Secrets fetch it, and change the values: they are known now", d.Object))
				}
			}
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(t.descriptions)) {
		d := t.descriptions[folder]
		d.each("secretGenerator", func(item *yaml.Node) {
			for _, field := range []string{"files", "envs", "env", "literals"} {
				if values := manifest.Child(item, field); values != nil {
					t.find("plain-secret", d.file, values.Line, "secretGenerator makes a Secret out of values in Git: seal it, or let External Secrets fetch it")
				}
			}
		})
	}
}
