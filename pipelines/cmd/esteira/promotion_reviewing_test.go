package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git/gittest"
)

// Reviews are read from GitHub when they are needed, and again before the push: one that is taken back meanwhile does not count.
func TestPromoteReviewedAtGitHub(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// review is what GitHub says of eve's at the first and at the second reading.
		review [2]string
		pusher string
		// number is that of the pull request; 0 has it looked for.
		number string
		code   int
		want   string
	}{
		{"approved", [2]string{"APPROVED", "APPROVED"}, "ada", "0", 0, "prod is set 1"},
		{"taken back", [2]string{"APPROVED", "DISMISSED"}, "ada", "9", 1, "read again before the push"},
		{"by who pushed", [2]string{"APPROVED", "APPROVED"}, "eve", "9", 1, "approvals: 0 of 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir, files := repository(t), t.TempDir()
			git := func(args ...string) string { return gittest.Git(t, dir, time.Now(), args...) }
			file := func(name, text string) string {
				name = filepath.Join(files, name)
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return name
			}
			const clock = "2099-06-01T10:00:00Z"
			esteira := func(code int, args ...string) string {
				t.Helper()
				var out bytes.Buffer
				args = append([]string{"promotion"}, append(args, "--repository", dir, "--now", clock)...)
				if got := run(args, &out, &out); got != code {
					t.Errorf("esteira %s: exit code %d, want %d: %s", strings.Join(args, " "), got, code, &out)
				}
				return out.String()
			}
			git("commit", "--quiet", "--allow-empty", "--message=Build")
			source, digest := git("rev-parse", "HEAD"), "sha256:"+strings.Repeat("a1", 32)
			first := git("rev-list", "--max-parents=0", "HEAD")
			candidate := file("candidate.json", `{"images": {"api-gateway": {"digest": "`+digest+`", "version": "main-1", "source": "`+source+`"}}}`)
			verifications := "--verifications=" + file("verifications.json", `[{"digest": "`+digest+`", "verified": true, "source": "`+source+`"}]`)
			outcome := esteira(0, "promote", "--to", "staging", "--candidate", candidate, verifications)
			set := outcome[strings.Index(outcome, "sha256:"):][:71]
			esteira(0, "record", "--environment", "staging", "--tests",
				file("tests.json", `{"result": "passed", "at": "`+clock+`", "run": "https://ci.example/1", "set": "`+strings.TrimPrefix(set, "sha256:")+`"}`))
			esteira(0, "promote", "--to", "prod", verifications)
			proposed := git("rev-parse", "promotion/prod-1")

			var readings atomic.Int32
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch call := strings.TrimPrefix(r.URL.Path, "/repos/team/iris/"); call {
				case "pulls":
					if head := r.URL.Query().Get("head"); head != "team:promotion/prod-1" {
						t.Errorf("it looks for the pull request of %q", head)
					}
					fmt.Fprint(w, `[{"number":9,"base":{"ref":"main"}}]`)
				case "pulls/9":
					fmt.Fprint(w, `{"number":9,"user":{"login":"robot"}}`)
				case "pulls/9/reviews":
					state := test.review[min(readings.Add(1)-1, 1)]
					fmt.Fprintf(w, `[{"user":{"login":"eve","type":"User"},"state":%q,"commit_id":%q,"submitted_at":%q}]`, state, proposed, clock)
				case "collaborators/eve/permission":
					fmt.Fprint(w, `{"permission":"write"}`)
				case "compare/" + first + "..." + source:
					fmt.Fprintf(w, `{"status":"ahead","total_commits":1,"commits":[{"sha":%q,"author":{"login":"ada"}}]}`, source)
				case "commits/" + source + "/pulls":
					fmt.Fprint(w, `[]`)
				case "activity":
					fmt.Fprintf(w, `[{"before":%q,"after":%q,"activity_type":"push","actor":{"login":%q}}]`, first, source, test.pusher)
				default:
					t.Errorf("unexpected %s", r.URL)
				}
			}))
			t.Cleanup(api.Close)
			said := esteira(test.code, "promote", "--to", "prod", verifications, "--github", "team/iris", "--pull-request", test.number, "--api",
				api.URL+"/", "--token-file", file("token", "t"))
			if !strings.Contains(said, test.want) {
				t.Errorf("it does not say %q:\n%s", test.want, said)
			}
			if test.code != 0 && strings.Contains(git("show", "main:k8s/overlays/prod/release.yaml"), "sequence: 1") {
				t.Error("it moved all the same")
			}
		})
	}
}
