package kustomization_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/kustomization"
)

const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  ports: [{port: 80}]\n"

// What kustomize refuses is said with its file and line, and what it takes is rendered in the order that its program has.
func TestBuild(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		// says is the finding, as FILE:LINE MESSAGE; none where it renders.
		says string
	}{
		"a namespace goes first": {map[string]string{
			"kustomization.yaml": "resources: [service.yaml, namespace.yaml]\n", "service.yaml": service,
			"namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n",
		}, ""},
		"an unknown field":          {map[string]string{"kustomization.yaml": "resources: [service.yaml]\nnameprefix: a-\nnamePrefixes: b-\n", "service.yaml": service}, `kustomization.yaml:3 kustomize: invalid Kustomization`},
		"a patch that fits nothing": {map[string]string{"kustomization.yaml": "resources: [service.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata:\n      name: other\n", "service.yaml": service}, "kustomization.yaml:3 kustomize: no resource matches"},
		"the same object twice":     {map[string]string{"kustomization.yaml": "resources: [service.yaml, again.yaml]\n", "service.yaml": service, "again.yaml": "# again\n" + service}, "again.yaml:2 kustomize: may not add resource with an already registered id"},
		"nothing at all":            {map[string]string{"kustomization.yaml": "namePrefix: a-\n"}, "kustomization.yaml:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, out := t.TempDir(), t.TempDir()
			for file, text := range test.files {
				if err := os.WriteFile(filepath.Join(source, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tree, err := kustomization.Read(source, "")
			if err != nil {
				t.Fatal(err)
			}
			rendered, err := kustomization.Renderer{Out: out}.Render(context.Background(), tree)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, found := range rendered.Said.Findings {
				said = append(said, found.Location.String()+" "+found.Message)
			}
			if test.says != "" {
				if len(said) != 1 || !strings.HasPrefix(said[0], test.says) {
					t.Errorf("said %q, want %q", said, test.says)
				}
				return
			}
			stream, err := os.ReadFile(filepath.Join(out, "streams/root.yaml"))
			if err != nil || len(said) > 0 || !strings.Contains(string(stream), "kind: Namespace\nmetadata:\n  name: shop\n---\n") {
				t.Errorf("%v, %q: %s", err, said, stream)
			}
		})
	}
}

// What ends a kustomization is rendered as it stands there, its last line's end included, placed or not.
func TestLastLine(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	text := "configMapGenerator:\n- name: a\n  literals:\n  - |\n    key=value\n"
	if err := os.WriteFile(filepath.Join(source, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, unplaced := range []bool{false, true} {
		tree, err := kustomization.Read(source, "")
		if err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		if _, err := (kustomization.Renderer{Out: out, Unplaced: unplaced}).Render(context.Background(), tree); err != nil {
			t.Fatal(err)
		}
		stream, err := os.ReadFile(filepath.Join(out, "streams/root.yaml"))
		if err != nil || !strings.Contains(string(stream), "  key: |\n    value\n") {
			t.Errorf("unplaced %t: %v\n%s", unplaced, err, stream)
		}
	}
}

// Without places the cluster's overlays render the same, byte for byte, and nobody knows where an object comes from.
func TestUnplaced(t *testing.T) {
	t.Parallel()
	overlays := []string{"overlays/dev", "overlays/staging", "overlays/prod"}
	render := func(unplaced bool) (text string, placed, objects int) {
		tree, err := kustomization.Read("../../k8s", "")
		if err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		rendered, err := kustomization.Renderer{Out: out, Only: overlays, Unplaced: unplaced}.Render(context.Background(), tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, root := range rendered.Index.Roots {
			stream, err := os.ReadFile(filepath.Join(out, root.Stream))
			if err != nil {
				t.Fatal(err)
			}
			text += string(stream)
			for _, object := range root.Objects {
				objects++
				if object.Source.File != "" {
					placed++
				}
			}
		}
		return text, placed, objects
	}
	with, placed, objects := render(false)
	without, unplaced, _ := render(true)
	if with != without {
		t.Error("what is rendered differs")
	}
	if objects == 0 || placed != objects || unplaced != 0 {
		t.Errorf("of %d objects %d have a place where places are asked for, and %d where not", objects, placed, unplaced)
	}
}
