package kustomization

import (
	"maps"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/manifest"
)

// A patch that is for nothing in any root changes nothing, and that is said with its line; kustomize does not say it.
func TestPatchWithoutTarget(t *testing.T) {
	t.Parallel()
	const patch = "patches:\n  - path: json.yaml\n    target: "
	cases := []struct {
		name, file, text string
		found            bool
	}{
		{"kind and name", "overlays/dev", patch + "{kind: Service, name: app}", true},
		{"pattern", "overlays/dev", patch + "{kind: Serv.*}", true},
		{"name before its hash", "overlays/dev", patch + "{kind: ConfigMap, name: c}", true},
		{"another kind", "overlays/dev", patch + "{kind: Servce, name: app}", false},
		{"part of a name", "overlays/dev", patch + "{kind: Service, name: ap}", false},
		{"only what the patch itself is about", "overlays/dev", patch + "{kind: Deployment, name: gone}", false},
		{"by labels", "overlays/dev", patch + "{kind: Servce, labelSelector: a=b}", true},
		{"of a component", "extra", patch + "{kind: Service, name: app}", true},
		{"of a component, nowhere", "extra", patch + "{kind: Ingress}", false},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := maps.Clone(sound())
			kind := head + "resources:\n  - ../../base\ncomponents: [../../extra]\n"
			if test.file == "extra" {
				kind = files["extra/kustomization.yaml"]
			}
			files[test.file+"/kustomization.yaml"] = kind + test.text + "\n"
			files[test.file+"/json.yaml"] = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gone}\n"
			read := tree(t, files)
			var targets targets
			for _, folder := range read.roots() {
				root := manifest.Root{Path: folder, Files: read.closure(folder).files}
				root.Objects = []manifest.Rendered{{Object: manifest.Object{Kind: "ConfigMap", Name: "c-2f8bt7hm4d"}}}
				targets.look(read, root)
			}
			read.unfound()
			if test.found == (len(read.findings) > 0) {
				t.Fatalf("findings %v", read.findings)
			}
			if !test.found && (read.findings[0].Rule != "patch-without-target" || read.findings[0].Location.File != test.file+"/kustomization.yaml" ||
				read.findings[0].Location.Line == 0 || !strings.Contains(read.findings[0].Message, "changes nothing")) {
				t.Errorf("%+v", read.findings[0])
			}
		})
	}
}
