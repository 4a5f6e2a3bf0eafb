package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a promotion leaves at GitHub, and reads there, from the command line.
func TestPromotionAtGitHub(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/repos/team/iris/"); call {
		case "GET pulls", "GET deployments/3/statuses", "GET pulls/9/reviews":
			fmt.Fprint(w, `[]`)
		case "GET deployments":
			fmt.Fprint(w, `[{"id":3,"sha":"aaaa","environment":"production","payload":{"set":"sha256:1"},"created_at":"2026-11-27T02:00:00Z"}]`)
		case "POST pulls":
			fmt.Fprint(w, `{"number":7,"title":"Promote","body":"text","html_url":"https://github.example/7"}`)
		case "POST deployments/3/statuses":
			fmt.Fprint(w, `{}`)
		case "GET commits/tags/v1":
			fmt.Fprint(w, `{"sha":"aaaa"}`)
		case "GET releases/tags/v1":
			fmt.Fprint(w, `{"name":"Version 1","body":"text","html_url":"https://github.example/v1"}`)
		case "GET pulls/9":
			fmt.Fprint(w, `{"number":9,"user":{"login":"bob"}}`)
		case "GET compare/s...u":
			fmt.Fprint(w, `{"status":"ahead","total_commits":1,"commits":[{"sha":"u"}]}`)
		case "GET commits/u/pulls":
			fmt.Fprint(w, `[]`)
		case "GET activity":
			fmt.Fprint(w, `[{"before":"s","after":"u","activity_type":"push","actor":{"login":"ada"}}]`)
		default:
			t.Errorf("unexpected %s", call)
		}
	}))
	t.Cleanup(api.Close)
	dir := t.TempDir()
	text, token := filepath.Join(dir, "text.md"), filepath.Join(dir, "token")
	for file, content := range map[string]string{text: "text", token: "secret-token"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"promotion deployed --environment production --commit aaaa --set sha256:1 --state success", 0, "deployment 3 of aaaa to production is success\n"},
		{"promotion deployed --environment production --commit aaaa --set sha256:1 --state fine", 1, `"fine" is no state`},
		{"promotion deployed --environment production", 2, "name the --environment"},
		{"deployments", 0, `"created": "2026-11-27T02:00:00Z"`},
		{"deployments --since 2026-11-28", 0, "[]"},
		{"deployments --since yesterday", 2, "--since"},
		{"promotion propose --branch promote --title Promote --text " + text, 0, "pull request 7: https://github.example/7\n"},
		{"promotion propose --branch promote --title Promote", 2, "name the --branch"},
		{"promotion publish --tag v1 --commit aaaa --title Version --notes " + text + "x", 1, "no such file"},
		{"promotion publish --tag v1 --commit bbbb --title Version --notes " + text, 1, "at aaaa and not at bbbb"},
		{"promotion publish --tag v1", 2, "name the --tag"},
		{"promotion reviews --pull-request 9 --since s --until u", 0, "\"pushers\": [\n    \"ada\",\n    \"bob\"\n  ]"},
		{"promotion reviews --pull-request 9 --since s", 2, "name the --pull-request"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(append(strings.Fields(test.args), "--repository", "team/iris", "--token-file", token, "--api", api.URL), &stdout, &stderr)
		if said := stdout.String() + stderr.String(); code != test.code || !strings.Contains(said, test.want) || strings.Contains(said, "secret-token") {
			t.Errorf("%s: exit code %d, %s, want %d, …%s…", test.args, code, said, test.code, test.want)
		}
	}
}
