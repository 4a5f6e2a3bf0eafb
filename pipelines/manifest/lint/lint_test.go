package lint_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/manifest/lint"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// same is a root by the name of its file.
func same(file string) string { return file }

// lines are remarks, one each, as people would say them.
func lines(remarks []manifest.Remark) []string {
	var all []string
	for _, r := range remarks {
		all = append(all, strings.Join([]string{r.Root, r.Object.String(), r.Rule, r.Field, r.Message}, " | "))
	}
	slices.Sort(all)
	return all
}

func wantLines(t *testing.T, remarks []manifest.Remark, want ...string) {
	t.Helper()
	got := lines(remarks)
	for _, line := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, line) }) {
			t.Errorf("no remark %q among\n%s", line, strings.Join(got, "\n"))
		}
	}
}

// schemas are a few of Kubernetes'.
const schemas = "testdata/schemas"

// conform judges files as they lie.
var conform = lint.Kubeconform{Release: "1.36.3", Schemas: []string{schemas}, Root: same}

func TestKubeconform(t *testing.T) {
	t.Parallel()
	files := []string{"a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml", "f.yaml", "g.yaml"}
	conformed, err := conform.Judge("testdata/kubeconform", files)
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, conformed.Remarks,
		"a.yaml | Deployment/a | schema | /spec/replicas | got string, want null or integer",
		`a.yaml | Deployment/a | unknown-field | /spec/template/spec/containers/0/imagePullPolicyy | unknown field "imagePullPolicyy"`,
		"a.yaml | Ingress/old | removed-api |  | extensions/v1beta1 Ingress was removed in Kubernetes 1.22: write apiVersion: networking.k8s.io/v1",
		"a.yaml | Thing/t | uncovered |  | no schema covers example.org/v1 Thing",
		"b.yaml | / | unreadable |  | yaml: line 1",
		"c.yaml | / | unreadable |  | yaml: line 2",
		"d.yaml | Bogus/a | uncovered | ",
		"e.yaml | / | unreadable |  | error while parsing: missing 'kind' key",
		`f.yaml | Deployment/listed | missing-field | /spec/template/spec/containers/0 | it lacks "name"`,
		"g.yaml | Deployment/twice | unreadable |  | ",
	)
	if len(conformed.Remarks) != 10 || conformed.Judged != 11 {
		t.Errorf("%d remarks, %d judged, want 10 and 11", len(conformed.Remarks), conformed.Judged)
	}
	if !slices.IsSortedFunc(conformed.Remarks, func(a, b manifest.Remark) int { return strings.Compare(a.Root, b.Root) }) {
		t.Error("the remarks are not in the order of the files")
	}
}

// A file that cannot be read is an error, and never a green nothing.
func TestKubeconformRefuses(t *testing.T) {
	t.Parallel()
	if _, err := conform.Judge("testdata/kubeconform", []string{"d.yaml", "gone.yaml"}); err == nil || !strings.Contains(err.Error(), "gone.yaml") {
		t.Errorf("error %v", err)
	}
}

func FuzzKubeconform(f *testing.F) {
	for _, name := range []string{"a.yaml", "f.yaml", "g.yaml"} {
		f.Add(read(f, "kubeconform/"+name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		conformed, _ := conform.Judge(dir, []string{"a.yaml"})
		for _, r := range conformed.Remarks {
			if r.Rule == "" || r.Message == "" {
				t.Errorf("a remark that says nothing: %+v", r)
			}
		}
	})
}

// roots are those of the test data, by their files.
func roots(file string) manifest.Root {
	objects := map[string][]string{
		"a.yaml": {"Deployment/a", "Ingress/old", "Thing/t", "Service/ok", "ConfigMap/dup"},
		"b.yaml": nil, "c.yaml": nil, "d.yaml": nil, "e.yaml": nil,
	}
	names, known := objects[file]
	if !known {
		return manifest.Root{}
	}
	root := manifest.Root{Path: file}
	for _, name := range names {
		kind, name, _ := strings.Cut(name, "/")
		object := manifest.Object{APIVersion: "v1", Kind: kind, Name: name}
		if kind == "Ingress" {
			object.APIVersion = "extensions/v1beta1"
		}
		root.Objects = append(root.Objects, manifest.Rendered{Object: object})
	}
	return root
}

func TestKubeval(t *testing.T) {
	t.Parallel()
	conformed, err := lint.Kubeval(read(t, "kubeval.txt"), roots)
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, conformed.Remarks,
		"a.yaml | Deployment/a | schema | /spec/replicas | Invalid type. Expected: [integer,null], given: string",
		`a.yaml | Deployment/a | unknown-field |  | unknown field "imagePullPolicyy"`,
		"a.yaml | Ingress/old | removed-api | ",
		"a.yaml | Thing/t | uncovered | ",
		"b.yaml | / | unreadable |  | Failed to decode YAML from b.yaml",
		"d.yaml | / | unreadable |  | d.yaml: Duplicate 'ConfigMap' resource 'a'",
	)
}

func TestKubevalRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "Error: unknown flag", "another kind": `[{"filename": "a.yaml", "kind": "Pod", "status": "valid"}]`,
		"more documents": `[{"filename": "b.yaml", "kind": "Pod", "status": "valid"}]`,
		"another status": `[{"filename": "a.yaml", "kind": "Deployment", "status": "fine"}]`,
	} {
		if _, err := lint.Kubeval([]byte(text), roots); err == nil || !strings.Contains(err.Error(), "kubeval") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestDisagreements(t *testing.T) {
	t.Parallel()
	deployment := manifest.Remark{Root: "prod", Object: manifest.Object{Kind: "Deployment", Name: "a"}}
	service := manifest.Remark{Root: "prod", Object: manifest.Object{Kind: "Service", Name: "a"}}
	if notes := lint.Disagreements([]manifest.Remark{deployment}, []manifest.Remark{deployment}); notes != nil {
		t.Errorf("they agree, and the notes are %q", notes)
	}
	notes := lint.Disagreements([]manifest.Remark{deployment}, []manifest.Remark{service})
	if len(notes) != 2 || !strings.Contains(notes[0], "only kubeval complains of Deployment/a in prod") || !strings.Contains(notes[1], "only kubeconform complains of Service/a in prod") {
		t.Errorf("the notes are %q", notes)
	}
}

func TestKubeScore(t *testing.T) {
	t.Parallel()
	scored, err := lint.KubeScore(read(t, "kube-score.json"), "prod")
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, scored.Remarks,
		"prod | Deployment/a | container-image-tag |  | c: Image with latest tag",
		"prod | Deployment/a | container-resources |  | c: CPU limit is not set",
		"prod | Ingress/old | stable-version | ",
	)
	for _, text := range []string{"", "Failed to score files", "{}"} {
		if _, err := lint.KubeScore([]byte(text), "prod"); err == nil || !strings.Contains(err.Error(), "kube-score") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func FuzzReaders(f *testing.F) {
	for _, name := range []string{"kubeval.txt", "kube-score.json"} {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, output []byte) {
		_, _ = lint.Kubeval(output, roots)
		_, _ = lint.KubeScore(output, "prod")
	})
}
