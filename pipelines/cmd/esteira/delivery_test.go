package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/delivery/dora"
	"github.com/esteira/esteira/pipelines/report"
)

const tracked = "../../delivery/tracking/testdata/"

// delivered is a repository with this one's esteira.yaml and environments, as a first commit.
func delivered(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"esteira.yaml", "k8s/overlays/prod", "k8s/overlays/staging"} {
		from, to := filepath.Join("../../..", name), filepath.Join(dir, name)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
		} else {
			var text []byte
			if text, err = os.ReadFile(from); err == nil {
				err = os.WriteFile(to, text, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "begin"}} {
		if output, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, output)
		}
	}
	return dir
}

func TestDeliveryDora(t *testing.T) {
	dir := delivered(t)
	file := filepath.Join(t.TempDir(), "dora.json")
	deployments := saved(t, `[{"environment":"production","sha":"abc","state":"success","created":"2026-11-01T00:00:00Z","updated":"2026-11-01T00:01:00Z"},{"environment":"a preview","sha":"abc","state":"","created":"2026-11-01T00:00:00Z","updated":"2026-11-01T00:01:00Z"}]`)
	args := []string{"delivery", "dora", "--repository", dir, "--until", "2026-11-27T00:00:00Z", "--days", "7", "--deployments", deployments, "--json", file}
	var stdout, stderr bytes.Buffer
	if code := run(args, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d, %s", code, &stderr)
	}
	for _, says := range []string{
		"DORA, 2026-11-20 to 2026-11-27",
		"missing: prod: deployment frequency, lead time, change failure rate, time to restore, rework rate (all, java-team, ml-team, platform-team): nothing was ever promoted to prod",
		"deployment frequency: NOT MET: nobody can tell, and at least 1 a day are asked",
	} {
		if !strings.Contains(stdout.String(), says) {
			t.Errorf("%q is not in\n%s", says, &stdout)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var measured dora.Report
	if err := json.Unmarshal(text, &measured); err != nil || len(measured.Rows) != 8 || measured.Rows[0].PerDay != nil {
		t.Errorf("%v: %s", err, text)
	}
	if code := run(append(args, "--check"), &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "change failure rate of prod: nobody can tell") {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
}

func TestDeliveryModels(t *testing.T) {
	stage := filepath.Join(t.TempDir(), "stage.json")
	args := []string{
		"delivery", "models", "--repository", delivered(t), "--versions", tracked + "versions.json", "--runs", tracked + "runs.json", "--stage", stage,
	}
	var stdout, stderr bytes.Buffer
	if code := run(append(args, "--records", tracked+"records"), &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "3 of 3 versions are tracked, 100.0 %") {
		t.Fatalf("exit code %d, %s\n%s", code, &stderr, &stdout)
	}
	code := run(append(args, "--records", tracked+"records/m1"), &stdout, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), "1 of 3 versions are tracked, 33.3 %; 100 % are asked") {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
	text, err := os.ReadFile(stage)
	if err != nil {
		t.Fatal(err)
	}
	var red report.Stage
	if err := json.Unmarshal(text, &red); err != nil || red.Status != report.Failed || len(red.Findings) != 2 {
		t.Errorf("%v: %s", err, text)
	}
}

func TestDeliveryRefuses(t *testing.T) {
	dir := delivered(t)
	for _, test := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"nothing rendered", []string{"budget"}, 2, "name the --rendered"},
		{"no repository", []string{"budget", "--repository", "nowhere", "--rendered", dir}, 1, "nowhere/esteira.yaml"},
		{"no index", []string{"budget", "--repository", dir, "--rendered", dir}, 1, "index.json"},
		{"no policy", []string{"budget", "--repository", dir, "--rendered", dir, "--policy", "nowhere.yaml"}, 1, "nowhere.yaml"},
		{"no time", []string{"dora", "--repository", dir, "--until", "yesterday"}, 2, `--until is "yesterday"`},
		{"no days", []string{"dora", "--repository", dir, "--days", "0"}, 2, "--days is 0"},
		{"no work tree", []string{"dora", "--repository", filepath.Join(dir, "k8s")}, 1, "esteira.yaml"},
		{"no commit", []string{"dora", "--repository", dir, "--revision", "nowhere"}, 1, "nowhere"},
		{"no deployments", []string{"dora", "--repository", dir, "--deployments", saved(t, "{}")}, 1, "deployments"},
		{"no versions", []string{"models", "--repository", dir}, 2, "name the --versions, the --runs and the --records"},
		{"an empty answer", []string{"models", "--repository", dir, "--versions", saved(t, ""), "--runs", tracked + "runs.json", "--records", tracked + "records"}, 1, "the registry's answer is empty"},
		{"no records", []string{"models", "--repository", dir, "--versions", tracked + "versions.json", "--runs", tracked + "runs.json", "--records", "nowhere"}, 1, "nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(append([]string{"delivery"}, test.args...), &stdout, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("exit code %d, want %d; %q, want %q in it", code, test.code, &stderr, test.says)
			}
		})
	}
}
