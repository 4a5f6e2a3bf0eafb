package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/manifest"
)

// Judged is what somebody applies; where nothing is rendered, the plain files.
func TestAppliedRoots(t *testing.T) {
	t.Parallel()
	const pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
	plain := []string{"plain.yaml"}
	cases := []struct {
		name  string
		index manifest.Index
		want  string
	}{
		{"applied", manifest.Index{Plain: plain, Roots: []manifest.Root{
			{Path: "prod", Stream: "prod.yaml", Applied: true}, {Path: "base", Stream: "base.yaml"}, {Path: "broken", Applied: true},
		}}, "prod"},
		{"plain", manifest.Index{Plain: plain}, "plain.yaml"},
		{"nothing applied", manifest.Index{Plain: plain, Roots: []manifest.Root{{Path: "base", Stream: "base.yaml"}}}, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			source, rendered := t.TempDir(), t.TempDir()
			for _, file := range []string{filepath.Join(source, "plain.yaml"), filepath.Join(rendered, "prod.yaml"), filepath.Join(rendered, "base.yaml")} {
				if err := os.WriteFile(file, []byte(pod), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := writeFileOf(filepath.Join(rendered, "index.json"), test.index.Write); err != nil {
				t.Fatal(err)
			}
			roots, err := appliedRoots(source, rendered)
			var names []string
			for _, root := range roots {
				names = append(names, root.Name)
			}
			if got := strings.Join(names, " "); err != nil || got != test.want {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestManifestPoliciesRefuses(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	rendered := t.TempDir()
	if err := writeFileOf(filepath.Join(rendered, "index.json"), manifest.Index{}.Write); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 2, "name the --source, the --rendered and the --out"},
		{[]string{"--source=" + empty, "--rendered=" + empty, "--out=" + empty}, 1, "index.json"},
		{[]string{"--source=" + empty, "--rendered=" + rendered, "--out=" + empty, "--gator=" + empty + "/gator"}, 1, "gator: no such file"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"manifest", "policies"}, test.args...), &stdout, &stderr); code != test.code || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%v: exit code %d, %s", test.args, code, &stderr)
		}
	}
}
