package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/report"
)

// shop is the repository of another team: five services, a tree of manifests, a Terraform root, and nothing of ours.
func shop(t *testing.T) string {
	t.Helper()
	dir := workspace(t)
	for name, files := range map[string]string{"orders": "maven", "payments": "maven", "catalogue": "gradle", "prices": "python", "risk": "python"} {
		overlay(t, filepath.Join(dir, "services", name), filepath.Join("testdata", files))
	}
	overlay(t, filepath.Join(dir, "services/risk"), "faults/python-failing-test")
	for name, text := range map[string]string{
		".github/CODEOWNERS":                      "*         @shop/platform\n/services @shop/services\n",
		"README.md":                               "The shop.\n",
		"deploy/base/kustomization.yaml":          "resources: [namespace.yaml]\n",
		"deploy/base/namespace.yaml":              "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n",
		"deploy/overlays/live/kustomization.yaml": "resources: [../../base]\n",
		"terraform/main.tf":                       "terraform {\n  required_version = \">= 1.5\"\n}\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

// begun is the shop with the esteira.yaml that `init` makes of it, and with a policy for which the tests' database of
// vulnerabilities is large enough.
func begun(t *testing.T) string {
	t.Helper()
	dir := shop(t)
	dagger(t, dir, "-s", "call", "-m="+repository, "init", "--source=.", "export", "--path=esteira.yaml").passes(t)
	table := filepath.Join(dir, "esteira.yaml")
	write(t, table, read(t, table)+strings.TrimPrefix(small, "version: 1\n"))
	return dir
}

// changed is a copy of a repository with faults laid over its services, by their names.
func changed(t *testing.T, dir string, faults map[string]string) string {
	t.Helper()
	after := workspace(t)
	overlay(t, after, dir)
	for service, fault := range faults {
		overlay(t, filepath.Join(after, "services", service), filepath.Join("faults", fault))
	}
	return after
}

// pullRequest judges a change of another team's repository, by the module's address alone.
func pullRequest(t *testing.T, dir, base string, args ...string) outcome {
	t.Helper()
	database, err := advisories()
	if err != nil {
		t.Fatal(err)
	}
	return dagger(t, dir, append([]string{"-s", "call", "-m=" + repository, "pull-request", "--source=.", "--base=" + base, "--database=" + database}, args...)...)
}

// A repository of another team begins with the components that lie in it, and with their owners. A change of one service
// runs that service's stages alone, and of the manifests that look at it the one stage that does; what is skipped says why.
func TestPullRequestElsewhere(t *testing.T) {
	t.Parallel()
	base := begun(t)
	table, err := config.ReadFile(filepath.Join(base, "esteira.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range table.Components {
		got = append(got, strings.Join([]string{c.Name, c.Path, string(c.Kind), c.Owner}, " "))
	}
	want := []string{
		"deploy deploy manifests platform", "catalogue services/catalogue java services", "orders services/orders java services",
		"payments services/payments java services", "prices services/prices python services", "risk services/risk python services",
		"terraform terraform terraform platform",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}

	edit(t, filepath.Join(base, "esteira.yaml"), "kind: manifests\n", "kind: manifests\n  also: [services/orders]\n  modes: {monitoring: report}\n") // there is none
	after := changed(t, base, nil)
	edit(t, filepath.Join(after, "services/orders/src/main/java/demo/App.java"), "2 * n", "n + n")
	said := pullRequest(t, after, base, "report", "json", "contents").passes(t)
	run, err := report.ReadJSON(strings.NewReader(said))
	if err != nil {
		t.Fatal(err)
	}
	statuses := map[string]report.Status{}
	for _, stage := range run.Stages {
		statuses[stage.Name] = stage.Status
		if stage.Status == report.Skipped && !strings.Contains(stage.Summary, "nothing that it is made of changed") {
			t.Errorf("%s is skipped: %s", stage.Name, stage.Summary)
		}
	}
	for name, status := range map[string]report.Status{
		"plan": report.Passed, "secrets": report.Passed, "orders: build": report.Passed, "orders: test": report.Passed, "orders: image": report.Passed,
		"orders: scan": report.Passed, "orders: image-scan": report.Passed, "orders: policy": report.Passed,
		"deploy: monitoring": report.Undecided, "deploy: render": report.Skipped, "deploy: policies": report.Skipped, "deploy: kubeconform": report.Skipped,
		"deploy: kubeval": report.Skipped, "deploy: kube-score": report.Skipped, "deploy: server": report.Skipped, "deploy: policy": report.Skipped,
		"catalogue": report.Skipped, "payments": report.Skipped, "prices": report.Skipped, "risk": report.Skipped,
		"terraform": report.Skipped,
	} {
		if statuses[name] != status {
			t.Errorf("%s is %q, want %s", name, statuses[name], status)
		}
		delete(statuses, name)
	}
	if len(statuses) > 0 || run.Status() != report.Passed {
		t.Errorf("the run is %s, and has %v too", run.Status(), statuses)
	}
	if t.Failed() {
		t.Log(said)
	}
}

// What is new blocks, what was there before does not, and a stage that crashed is red under its own name. A change that
// switches its own stage off, and gives its own folder to nobody, is judged by what the base says.
func TestPullRequestRed(t *testing.T) {
	t.Parallel()
	base := begun(t)
	after := changed(t, base, map[string]string{"orders": "failing-test", "payments": "crashed-jvm"})
	write(t, filepath.Join(after, "services/risk/NEWS.md"), "Nothing.\n")
	edit(t, filepath.Join(after, "esteira.yaml"), "  path: services/orders\n", "  path: services/orders\n  skip: [{stage: test, reason: in a hurry}]\n")
	// What all stand on changes with esteira.yaml: the rest is taken away, to be quick.
	for _, dir := range []string{"services/catalogue", "services/prices", "deploy", "terraform"} {
		if err := os.RemoveAll(filepath.Join(after, dir)); err != nil {
			t.Fatal(err)
		}
	}
	said := pullRequest(t, after, base, "check")
	said.fails(t, "orders: test failed: 1 of 2", "payments: test undecided", "the JVM of the tests died")
	text := said.stdout + said.stderr
	for _, word := range []string{
		"esteira.yaml changes: this change is judged by the base's", "does not block: what it finds was there before this change",
		"there is nothing in services/catalogue",
	} {
		if !strings.Contains(text, word) {
			t.Errorf("it does not say %q:\n%s", word, text)
		}
	}
	if strings.Contains(text, "risk: test failed:") {
		t.Errorf("what was there before blocks:\n%s", text)
	}
}

// Nothing changed is green, and quick to say.
func TestPullRequestOfNothing(t *testing.T) {
	t.Parallel()
	said := call(t, "pull-request", "--base="+repository, "check").passes(t)
	if lastLine(said) != string(report.Passed) || strings.Contains(said, "✗") || !strings.Contains(said, "0 of 5 components are judged, for 0 changed files") {
		t.Errorf("%s", said)
	}
}
