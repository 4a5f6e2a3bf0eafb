package kustomization

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"

// tree is a folder with these files, as it is read.
func tree(t *testing.T, files map[string]string) *Tree {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := put(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	read, err := Read(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	read.check()
	return read
}

func sound() map[string]string {
	return map[string]string{
		"base/kustomization.yaml":         head + "resources: [app.yaml]\nconfigMapGenerator:\n  - name: c\n    files: [key=app.conf]\n",
		"base/app.yaml":                   "apiVersion: v1\nkind: Service\nmetadata: {name: app}\n",
		"base/app.conf":                   "x\n",
		"overlays/dev/kustomization.yaml": head + "resources:\n  - ../../base\ncomponents: [../../extra]\npatches:\n  - path: patch.yaml\n",
		"overlays/dev/patch.yaml":         "apiVersion: v1\nkind: Service\nmetadata: {name: app}\n",
		"extra/kustomization.yaml":        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
		"alone.yaml":                      "apiVersion: v1\nkind: Service\nmetadata: {name: alone}\n",
		"values.yaml":                     "replicas: 1\n",
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	read := tree(t, sound())
	if len(read.findings) > 0 {
		t.Errorf("findings where there is nothing: %v", read.findings)
	}
	if got := read.roots(); !slices.Equal(got, []string{"base", "overlays/dev"}) {
		t.Errorf("roots %v", got)
	}
	if got := read.plain(); !slices.Equal(got, []string{"alone.yaml"}) {
		t.Errorf("plain %v", got)
	}
	if got := read.applied(); got["base"] || !got["overlays/dev"] {
		t.Errorf("applied %v", got)
	}
	want := []string{
		"overlays/dev/kustomization.yaml", "overlays/dev/patch.yaml", "base/kustomization.yaml", "base/app.yaml", "base/app.conf",
		"extra/kustomization.yaml",
	}
	got := read.closure("overlays/dev")
	slices.Sort(want)
	slices.Sort(got.files)
	if !got.sound || !slices.Equal(got.files, want) {
		t.Errorf("made of %v, want %v", got.files, want)
	}
}

// What a root is remembered by changes with each file that it is made of, and with no other.
func TestDigest(t *testing.T) {
	t.Parallel()
	read := tree(t, sound())
	digest := func() string {
		t.Helper()
		sum, err := read.digest("overlays/dev", "v1", read.closure("overlays/dev"))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	before := digest()
	for file, changes := range map[string]bool{
		"base/app.conf": true, "base/app.yaml": true, "overlays/dev/patch.yaml": true, "extra/kustomization.yaml": true,
		"alone.yaml": false, "values.yaml": false,
	} {
		name := filepath.Join(read.source, file)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(text, '#'), 0o644); err != nil {
			t.Fatal(err)
		}
		if after := digest(); (after != before) != changes {
			t.Errorf("%s: the digest changes: %v, want %v", file, after != before, changes)
		}
		before = digest()
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, text, want string }{
		{"missing file", "base/kustomization.yaml", head + "resources:\n  - gone.yaml\n", "base/kustomization.yaml:4 missing-file"},
		{"outside", "base/kustomization.yaml", head + "resources: [../../../etc]\n", "base/kustomization.yaml:3 missing-file"},
		{"folder without", "base/kustomization.yaml", head + "resources: [../none]\n", "base/kustomization.yaml:3 missing-file"},
		{"itself", "base/kustomization.yaml", head + "resources: [../base]\n", "base/kustomization.yaml:3 cycle"},
		{"cycle", "base/kustomization.yaml", head + "resources: [../overlays/dev]\n", "base/kustomization.yaml:3 cycle"},
		{"address", "base/kustomization.yaml", head + "resources:\n  - https://host/x.yaml\n", "base/kustomization.yaml:4 unpinned"},
		{"git", "base/kustomization.yaml", head + "resources:\n  - github.com/o/r?ref=v1\n", "base/kustomization.yaml:4 unpinned"},
		{"empty", "base/kustomization.yaml", "", "base/kustomization.yaml:1 yaml"},
		{"tab", "base/app.yaml", "kind:\n\tx: y\n", "base/app.yaml:2 yaml"},
		{"twice", "base/app.yaml", "kind: A\nkind: B\n", "base/app.yaml:2 yaml"},
		{"secret", "x.yaml", "apiVersion: v1\nkind: Secret\ndata:\n  a: eA==\n", "x.yaml:4 plain-secret"},
		{"secret in a list of documents", "x.yaml", "kind: A\n---\napiVersion: v1\nkind: Secret\nstringData: {a: b}\n", "x.yaml:5 plain-secret"},
		{"secret generator", "base/kustomization.yaml", head + "secretGenerator:\n  - name: s\n    envs: [app.conf]\n", "base/kustomization.yaml:5 plain-secret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := sound()
			files["none/x.txt"] = ""
			files[test.file] = test.text
			var got []string
			for _, f := range tree(t, files).findings {
				got = append(got, f.Location.String()+" "+f.Rule)
			}
			if !slices.Contains(got, test.want) {
				t.Errorf("%v, want %s", got, test.want)
			}
		})
	}
	files := sound()
	files["empty-secret.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	files["sealed.yaml"] = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {a: b}}\n"
	files["chart/Chart.yaml"], files["chart/templates/x.yaml"] = "name: c\n", "{{ no YAML }}: [\n"
	if got := tree(t, files).findings; len(got) > 0 {
		t.Errorf("findings where there is nothing: %v", got)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	text, origins := split(strings.Join([]string{
		"kind: A", "metadata:", "  annotations:", "    config.kubernetes.io/origin: |", "      path: ../base/a.yaml", "  name: a",
		"---", "kind: B", "metadata:", "  annotations:", "    a: b", "    config.kubernetes.io/origin: |", "      configuredIn: k.yaml",
		"      configuredBy:", "        kind: X", "    z: y", "  name: b", "---", "kind: C", "",
	}, "\n"))
	want := "kind: A\nmetadata:\n  name: a\n---\nkind: B\nmetadata:\n  annotations:\n    a: b\n    z: y\n  name: b\n---\nkind: C\n"
	if text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	if len(origins) != 3 || origins[0].Path != "../base/a.yaml" || origins[1].ConfiguredIn != "k.yaml" || origins[2] != (origin{}) {
		t.Errorf("%+v", origins)
	}
}
