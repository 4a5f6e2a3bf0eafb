package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git/gittest"
)

// clusterAt is a kubeconfig of a server that has an application at a commit, with Deployments of images and, where it has a
// phase, a canary. What the real API server makes of all this, pipelines/rollout tries.
func clusterAt(t *testing.T, commit, phase string) string {
	t.Helper()
	deployment := func(name string) string {
		return fmt.Sprintf(`{"metadata": {"name": %q}, "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": "x@sha256:%s"}]}}},
			"status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}}`, name, strings.Repeat("b2", 32))
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/applications/iris-staging"):
			fmt.Fprintf(w, `{"metadata": {"name": "iris-staging"}, "spec": {"destination": {"namespace": "iris"}},
				"status": {"sync": {"status": "Synced", "revision": %q}, "health": {"status": "Healthy"}}}`, commit)
		case strings.HasSuffix(r.URL.Path, "/namespaces/iris/deployments"):
			fmt.Fprintf(w, `{"items": [%s, %s]}`, deployment("api-gateway"), deployment("api-gateway-primary"))
		case strings.HasSuffix(r.URL.Path, "/namespaces/iris/canaries"):
			fmt.Fprintf(w, `{"items": [{"metadata": {"name": "api-gateway"}, "spec": {"targetRef": {"kind": "Deployment", "name": "api-gateway"}},
				"status": {"phase": %q, "lastAppliedSpec": "b", "lastTransitionTime": "2026-11-27T04:00:00Z", "conditions": [{"message": "Canary analysis failed"}]}}]}`, phase)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
		"clusters": [{"name": "c", "cluster": {"server": %q, "certificate-authority-data": %q}}]}`, server.URL,
		base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// staged is a repository in which staging has had two sets of one image, and where it is.
func staged(t *testing.T) (dir, head string) {
	t.Helper()
	dir = repository(t)
	git := func(args ...string) string { return gittest.Git(t, dir, time.Now(), args...) }
	source := git("rev-parse", "HEAD")
	for _, pair := range []string{"a1", "b2"} {
		digest := "sha256:" + strings.Repeat(pair, 32)
		candidate, verified := filepath.Join(t.TempDir(), "c.json"), filepath.Join(t.TempDir(), "v.json")
		if err := os.WriteFile(candidate, []byte(`{"images": {"api-gateway": {"digest": "`+digest+`", "version": "main-`+pair+`", "source": "`+source+`"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(verified, []byte(`[{"digest": "`+digest+`", "verified": true, "source": "`+source+`"}]`), 0o600); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		if code := run([]string{"promotion", "promote", "--repository", dir, "--to", "staging", "--candidate", candidate, "--verifications", verified}, &stdout, &stderr); code != 0 {
			t.Fatalf("%s%s", &stdout, &stderr)
		}
	}
	return dir, git("rev-parse", "HEAD")
}

func TestPromotionWatch(t *testing.T) {
	t.Parallel()
	dir, head := staged(t)
	for _, test := range []struct {
		name, phase, more string
		code              int
		says              []string
	}{
		{"healthy", "Succeeded", "", 0, []string{"is watched for 15m0s", "canary api-gateway: Succeeded", "set 2 of staging is healthy"}},
		{"undecided", "Progressing", "--limit 10ms --interval 10ms", 1, []string{"set 2 of staging is undecided", "10ms are over: canary api-gateway: Progressing"}},
		{"rolled back", "Failed", "", 1, []string{"esteira: set 2 of staging is rolled back", "canary api-gateway: Failed: Canary analysis failed"}},
		{"written back", "Failed", "--write-back --owner java-team", 1, []string{"staging is set 3, sha256:"}},
		{"written back already", "Failed", "--write-back --owner java-team --commit " + head, 1, []string{"staging is back at set 1 already, as set 3"}},
		{"a set before", "Succeeded", "--commit " + head + "~1", 1, []string{"set 2 came before it was healthy"}},
		{"no owner", "", "--write-back", 2, []string{"name its --owner"}},
		{"no time", "", "--limit 0s", 2, []string{"more than nothing"}},
		{"no such commit", "", "--commit nowhere", 1, []string{`"nowhere" is no commit here`}},
		{"no such context", "", "--context gone", 1, []string{`there is no context "gone"`}},
		{"no set", "", "--environment prod", 1, []string{"set 0 is none: promote one first"}},
	} {
		var stdout, stderr bytes.Buffer
		output := filepath.Join(t.TempDir(), "watch.json")
		args := append(strings.Fields("promotion watch --environment staging --application iris-staging "+test.more),
			"--repository", dir, "--kubeconfig", clusterAt(t, head, test.phase), "--json", output)
		code := run(args, &stdout, &stderr)
		for _, words := range test.says {
			if code != test.code || !strings.Contains(stdout.String()+stderr.String(), words) {
				t.Errorf("%s: exit code %d, want %d and %q: %s%s", test.name, code, test.code, words, &stdout, &stderr)
			}
		}
		if test.name != "written back" {
			continue
		}
		var written followed
		text, err := os.ReadFile(output)
		if err := json.Unmarshal(text, &written); err != nil || written.Outcome != "rolled back" || written.WrittenBack == nil || !written.WrittenBack.Moved || written.Sequence != 2 {
			t.Errorf("%v: %s", err, text)
		}
		if err != nil {
			t.Error(err)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"promotion", "watch", "--repository", dir}, &stdout, &stderr); code != 2 {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}

func TestPromotionIntegrationTests(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	dir := t.TempDir()
	output, record := filepath.Join(dir, "run.json"), filepath.Join(dir, "tests.json")
	for _, test := range []struct {
		args string
		code int
		says string
	}{
		{"", 2, "name the --url"},
		{"--url localhost:8080", 2, "an address begins with http"},
		{"--url http://localhost --record x", 2, "--set"},
		{"--url http://localhost --requests 0", 2, "more than nothing"},
		{"--url " + server.URL + " --json " + output + " --record " + record + " --set aa --run https://ci.example/1", 1, "it is ready"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"promotion", "integration-tests"}, strings.Fields(test.args)...), &stdout, &stderr); code != test.code || !strings.Contains(stdout.String()+stderr.String(), test.says) {
			t.Errorf("%q: exit code %d, want %d and %q: %s%s", test.args, code, test.code, test.says, &stdout, &stderr)
		}
	}
	for file, words := range map[string]string{output: "integration-tests", record: `"result": "failed"`} {
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), words) {
			t.Errorf("%v: %s", err, text)
		}
	}
}
