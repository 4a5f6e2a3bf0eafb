package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

// served are the inference service's own files.
const served = "../../drift/testdata/"

func experimentCounts(championRight, challengerRight int) string {
	const form = `{"experiment":"iris","share":0.5,"variants":{"champion":{"assigned":4000,"trials":4000,"successes":%d},"challenger":{"assigned":4000,"trials":4000,"successes":%d}}}`
	return fmt.Sprintf(form, championRight, challengerRight)
}

func drifts(metrics string) []string {
	return []string{"drift", "--model", served + "iris.onnx", "--metrics", served + metrics}
}

// A verdict is reached with exit code 0, whatever it is: the stage tells.
func TestVerdicts(t *testing.T) {
	experiment := func(more ...string) []string { return append([]string{"experiment"}, more...) }
	for _, test := range []struct {
		name   string
		args   []string
		status report.Status
		says   string
	}{
		{"better", experiment("--counts", saved(t, experimentCounts(3600, 3800))), report.Passed, "the challenger is better"},
		{"worse", experiment("--counts", saved(t, experimentCounts(3800, 3600))), report.Failed, "the challenger is worse"},
		{"open", experiment("--counts", saved(t, experimentCounts(3800, 3801))), report.Undecided, "no decision yet"},
		{"by a policy", experiment("--counts", saved(t, experimentCounts(3600, 3800)), "--policy", saved(t, "minimalEffect: 0.9\n")), report.Undecided, "not better by the minimal effect of 0.9"},
		{"stable", drifts("stable.prom"), report.Passed, "looks like what it was trained on"},
		{"drifted", drifts("drifted.prom"), report.Failed, "drifted: petal length (cm)"},
		{"too few", drifts("few.prom"), report.Undecided, "too few observations"},
		{"since", append(drifts("later.prom"), "--before", served+"stable.prom"), report.Failed, "drifted: petal length (cm)"},
		{"a policy that lets it pass", append(drifts("drifted.prom"), "--policy", saved(t, `{"limit":3}`)), report.Passed, "moved a little: petal length (cm), class mix"},
		{"a card alone", []string{"drift", "--card", served + "card.json", "--metrics", served + "stable.prom"}, report.Passed, "looks like"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			var stdout, stderr bytes.Buffer
			if code := run(append(test.args, "--output", dir), &stdout, &stderr); code != 0 || stderr.Len() != 0 {
				t.Fatalf("exit code %d, %s", code, &stderr)
			}
			text, err := os.ReadFile(filepath.Join(dir, "stage.json"))
			if err != nil {
				t.Fatal(err)
			}
			var stage report.Stage
			if err := json.Unmarshal(text, &stage); err != nil || stage.Status != test.status || !strings.Contains(stage.Summary, test.says) {
				t.Errorf("%s %q, want %s %q; %v", stage.Status, stage.Summary, test.status, test.says, err)
			}
			if !strings.Contains(stdout.String(), test.says) {
				t.Errorf("it prints %q", &stdout)
			}
			if _, err := os.Stat(filepath.Join(dir, "verdict.json")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestVerdictsRefuse(t *testing.T) {
	out := []string{"--output", t.TempDir()}
	counts := saved(t, experimentCounts(1, 1))
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"no counts", []string{"experiment"}, 2, "name the --counts and the --output"},
		{"missing counts", []string{"experiment", "--counts", "missing.json"}, 1, "open missing.json"},
		{"bad counts", []string{"experiment", "--counts", saved(t, experimentCounts(5000, 1))}, 1, "run.json: variants.champion.successes is 5000, of 4000 trials"},
		{"unknown key of the policy", []string{"experiment", "--counts", counts, "--policy", saved(t, "beta: 1")}, 1, `run.json: error unmarshaling JSON: while decoding JSON: json: unknown field "beta"`},
		{"impossible policy", []string{"experiment", "--counts", counts, "--policy", saved(t, "alpha: 1")}, 1, "run.json: alpha is 1"},
		{"a policy with a key twice", []string{"experiment", "--counts", counts, "--policy", saved(t, "alpha: 0.01\nalpha: 0.1")}, 1, "run.json: "},
		{"no card", []string{"drift", "--metrics", served + "few.prom"}, 2, "name the --card or the --model"},
		{"card and model", append(drifts("few.prom"), "--card", served+"card.json"), 2, "name the --card or the --model"},
		{"no metrics", []string{"drift", "--card", served + "card.json"}, 2, "the --metrics"},
		{"no model", []string{"drift", "--model", served + "few.prom", "--metrics", served + "few.prom"}, 1, "few.prom: it is no ONNX model"},
		{"no card in it", []string{"drift", "--card", saved(t, "{}"), "--metrics", served + "few.prom"}, 1, "run.json: dataset is missing"},
		{"not metrics", drifts("card.json"), 1, "card.json: no metrics in Prometheus' text format"},
		{"no such variant", append(drifts("few.prom"), "--variant", "challenger"), 1, `few.prom: the metrics have no iris_feature_bin_total of variant "challenger"`},
		{"the wrong way round", append(drifts("stable.prom"), "--before", served+"later.prom"), 1, "the service began anew in between"},
		{"impossible drift policy", append(drifts("few.prom"), "--policy", saved(t, "limit: 0")), 1, "run.json: limit is 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := test.args
			if len(args) > 1 {
				args = append(args, out...)
			}
			code := run(args, &stdout, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.stderr) || stdout.Len() != 0 {
				t.Errorf("exit code %d, want %d; %q, want %q in it", code, test.code, &stderr, test.stderr)
			}
		})
	}
}

// Only what drifted asks for a training.
func TestDispatch(t *testing.T) {
	sent := 0
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent++
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer github.Close()
	for _, test := range []struct {
		name, metrics, token string
		code, sent           int
		says                 string
	}{
		{"drifted", "drifted.prom", "secret\n", 0, 1, "sent model-drift to team/iris: drifted: petal length (cm)"},
		{"a wrong token", "drifted.prom", "other", 1, 1, "GitHub does not accept the token"},
		{"an empty token", "drifted.prom", "\n", 1, 0, "token is empty"},
		{"stable", "stable.prom", "secret", 0, 0, "nothing was sent: nothing drifted in iris"},
		{"too few", "few.prom", "secret", 1, 0, "nothing was sent: too few observations"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			var output bytes.Buffer
			if code := run(append(drifts(test.metrics), "--output", dir), &output, &output); code != 0 {
				t.Fatal(&output)
			}
			output.Reset()
			sent = 0
			code := run([]string{"dispatch", "--verdict", filepath.Join(dir, "verdict.json"), "--repository", "team/iris",
				"--token-file", saved(t, test.token), "--api", github.URL}, &output, &output)
			if code != test.code || sent != test.sent || !strings.Contains(output.String(), test.says) {
				t.Errorf("exit code %d, want %d; sent %d times, want %d; %q, want %q in it", code, test.code, sent, test.sent, &output, test.says)
			}
		})
	}
}

func TestDispatchRefuses(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "")
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"no verdict", []string{"--repository", "a/b"}, 2, "name the --verdict and the --repository"},
		{"no repository", []string{"--verdict", "x"}, 2, "name the --verdict and the --repository"},
		{"no name of a repository", []string{"--verdict", "x", "--repository", "iris"}, 2, `repository "iris" is not OWNER/NAME`},
		{"not a verdict", []string{"--repository", "a/b", "--verdict", saved(t, `{"outcome":"mismatch"}`)}, 1, "run.json: no verdict on drift"},
		{"nothing compared", []string{"--repository", "a/b", "--verdict", saved(t, `{"dataset":"iris"}`)}, 1, "run.json: no verdict on drift: nothing was compared"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"dispatch"}, test.args...), &stdout, &stderr); code != test.code || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit code %d, want %d; %q, want %q in it", test.name, code, test.code, &stderr, test.stderr)
		}
	}
}
