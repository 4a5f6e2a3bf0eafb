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

	"github.com/esteira/esteira/pipelines/github"
)

// A repository has no environments yet, and a token that may not make any.
func TestEnvironments(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret-token" {
			t.Errorf("%s without the token", r.URL)
		}
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `{"environments":[{"name":"preview"}],"id":7}`)
			return
		}
		w.Header().Set("X-Accepted-GitHub-Permissions", "administration=write")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"Resource not accessible by integration"}`)
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	token, plan := filepath.Join(dir, "token"), filepath.Join(dir, "plan.json")
	if err := os.WriteFile(token, []byte("secret-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	common := []string{"--config", "../../../esteira.yaml", "--repository", "team/iris", "--token-file", token, "--api", api.URL, "--json", plan}
	call := func(command string, more ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := run(append(append([]string{"environments", command}, common...), more...), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	code, stdout, stderr := call("plan")
	for _, want := range []string{"production           waitMinutes        (new)  → 5\n", "left alone: preview\n", "administration:write, members:read\n", "18 changes, sha256:"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		github.Plan
		Digest string
	}
	if err := json.Unmarshal(text, &read); err != nil || len(read.Changes) != 18 || code != 0 || stderr != "" {
		t.Errorf("%s: %v; exit code %d, %s", text, err, code, stderr)
	}
	for _, test := range []struct {
		command, flag, value string
		code                 int
		want                 string
	}{
		{"plan", "--check", "", 1, "18 fields of the environments of team/iris are not as desired"},
		{"apply", "--expect", "sha256:0", 1, "plan again"},
		{"apply", "--expect", read.Digest, 1, "accepted: administration=write"},
		{"apply", "--repository", "iris", 2, "is not OWNER/NAME"},
		{"apply", "--config", "missing.yaml", 1, "missing.yaml"},
	} {
		more := []string{test.flag}
		if test.value != "" {
			more = append(more, test.value)
		}
		code, stdout, stderr := call(test.command, more...)
		if code != test.code || !strings.Contains(stderr, test.want) || strings.Contains(stdout+stderr, "secret-token") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s %s: exit code %d, %s, want …%s…", test.command, test.flag, code, stderr, test.want)
		}
	}
}
