package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

// lies are what a tool may do that has not judged anything.
var lies = map[string]string{
	"prints nothing and exits with 0":      "exit 0",
	"complains and exits with 0":           "echo 'Error: open /dev/full: no space left on device' >&2",
	"speaks in another format":             "echo 'Warning: deprecated, all is well'",
	"is killed, by a machine without room": "kill -KILL $$",
}

// liars is a folder of ready tools that do nothing but run a script; but some are real.
func liars(t *testing.T, script string, names []string, honest ...string) string {
	t.Helper()
	folder := workspace(t)
	for _, name := range names {
		file := filepath.Join(folder, name)
		if slices.Contains(honest, name) {
			call(t, "toolbox", "tool", "--name="+name, "export", "--path="+file).passes(t)
			continue
		}
		write(t, file, "#!/bin/sh\n"+script+"\n")
		if err := os.Chmod(file, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// A tool that does not work makes none of its stages green, whatever it prints and exits with.
func TestToolsThatLie(t *testing.T) {
	t.Parallel()
	folder := workspace(t)
	write(t, filepath.Join(folder, "deploy/kustomization.yaml"), "resources: [config.yaml]\n")
	write(t, filepath.Join(folder, "deploy/config.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n  labels: {team: shop, version: one}\n")
	root := anotherRoot(t)
	for _, test := range []struct {
		stage  []string
		tools  []string
		honest []string
		// passes are the stages that ask no tool, or an honest one.
		passes []string
	}{
		{
			[]string{"manifests", "--source=" + folder, "validate"},
			[]string{"kubeval", "kube-score", "gator", "promtool", "amtool", "etcd", "kube-apiserver"},
			nil, []string{"render", "kubeconform", "policy"},
		},
		{
			[]string{"terraform", "--source=" + root, "report"}, []string{"tofu", "terraform-provider-azapi", "tflint", "conftest"},
			[]string{"tofu", "terraform-provider-azapi"}, []string{"fmt", "validate", "plan", "policy"},
		},
		{
			[]string{"terraform", "--source=" + root, "report"}, []string{"tofu", "terraform-provider-azapi", "tflint", "conftest"},
			[]string{"tflint", "conftest"}, []string{"lint", "policy"},
		},
	} {
		for name, script := range lies {
			t.Run(test.stage[0]+" "+name, func(t *testing.T) {
				t.Parallel()
				said := call(t, slices.Concat([]string{"--tools=" + liars(t, script, test.tools, test.honest...)}, test.stage, []string{"json", "contents"})...)
				if said.code != 0 {
					return // it is red without a report, too
				}
				run, err := report.ReadJSON(strings.NewReader(said.stdout))
				if err != nil {
					t.Fatal(err)
				}
				for _, stage := range run.Stages {
					if stage.Status == report.Passed && !slices.Contains(test.passes, stage.Name) {
						t.Errorf("%s passed: %s", stage.Name, stage.Summary)
					}
				}
			})
		}
	}
}
