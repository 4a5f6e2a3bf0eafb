package argocd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/apiserver"
	"github.com/esteira/esteira/pipelines/manifest"
)

func document(root, version, kind, name string) apiserver.Document {
	return apiserver.Document{
		Root: root, Object: manifest.Object{APIVersion: version, Kind: kind, Name: name},
		Content: []byte(fmt.Sprintf(`{"apiVersion": %q, "kind": %q, "metadata": {"name": %q}}`, version, kind, name)),
	}
}

func definition(root, group, kind string) apiserver.Document {
	d := document(root, "apiextensions.k8s.io/v1", "CustomResourceDefinition", kind+"."+group)
	d.Content = []byte(fmt.Sprintf(`{"spec": {"group": %q, "names": {"kind": %q}}}`, group, kind))
	return d
}

func names(documents []apiserver.Document) string {
	var all []string
	for _, d := range documents {
		all = append(all, d.Object.Kind+"/"+d.Object.Name)
	}
	return strings.Join(all, " ")
}

// What defines kinds comes first; what only another folder defines is left to Argo CD; what nobody defines is applied, so that
// the server says what it thinks of it.
func TestPlan(t *testing.T) {
	t.Parallel()
	plan, err := Plan([]apiserver.Document{
		document("argocd", "apps/v1", "Deployment", "server"),
		definition("argocd", "argoproj.io", "Application"),
		document("argocd", "argoproj.io/v1alpha1", "Application", "iris"),
		document("argocd", "external-secrets.io/v1", "ExternalSecret", "webhook"),
		document("argocd", "nobody.example/v1", "Application", "unknown"),
		document("argocd", "v1", "Namespace", "argocd"),
		definition("parts", "external-secrets.io", "ExternalSecret"),
		definition("parts", "argoproj.io", "Application"),
		document("parts", "v1", "Namespace", "parts"),
	}, "argocd")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ got, want string }{
		{names(plan.First), "CustomResourceDefinition/Application.argoproj.io Namespace/argocd"},
		{names(plan.Then), "Deployment/server Application/iris Application/unknown"},
		{names(plan.Left), "ExternalSecret/webhook"},
		{strings.Join(Kinds(plan.Then), " "), "Application Deployment"},
	} {
		if test.got != test.want {
			t.Errorf("%s, want %s", test.got, test.want)
		}
	}
	if _, err := Plan(nil, "argocd"); err == nil || !strings.Contains(err.Error(), "nothing is rendered from argocd") {
		t.Errorf("error %v", err)
	}
	broken := definition("parts", "x", "y")
	broken.Content = []byte(`{"spec": 1}`)
	if _, err := Plan([]apiserver.Document{broken}, "argocd"); err == nil {
		t.Error("a definition without a kind is no error")
	}
}

// An object that is new, or is not what it was, counts.
func TestVersions(t *testing.T) {
	t.Parallel()
	list := func(versions ...int) string {
		var items []string
		for i, version := range versions {
			items = append(items, fmt.Sprintf(`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "argocd", "name": "d%d", "resourceVersion": "%d"}}`, i, version))
		}
		return `{"apiVersion": "v1", "kind": "List", "items": [` + strings.Join(items, ", ") + `]}`
	}
	one := `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "argocd", "name": "d0", "resourceVersion": "1"}}`
	for _, test := range []struct {
		before, after string
		want          int
	}{
		{"", list(1, 2), 2}, {list(1, 2), list(1, 2), 0}, {list(1, 2), list(1, 3), 1}, {one, list(1, 2), 1}, {list(1, 2), one, 0},
	} {
		before, err := ReadVersions([]byte(test.before))
		if err != nil {
			t.Fatal(err)
		}
		after, err := ReadVersions([]byte(test.after))
		if err != nil {
			t.Fatal(err)
		}
		if got := after.Since(before); got != test.want {
			t.Errorf("%s → %s: %d, want %d", test.before, test.after, got, test.want)
		}
	}
	if _, err := ReadVersions([]byte("error")); err == nil {
		t.Error("what is no JSON is no error")
	}
}
