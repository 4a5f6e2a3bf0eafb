package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// github answers as GitHub does about a repository, whose commits it has from Git. Which calls GitHub allows its own
// description says, in pipelines/github.
type github struct {
	t       *testing.T
	origin  origin
	address string

	sync.Mutex
	opened  []map[string]any // pull requests
	reviews []map[string]any // of any of them
}

func newGithub(t *testing.T, o origin) *github {
	t.Helper()
	g := &github{t: t, origin: o}
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) any{
		"GET /repos/team/iris/pulls":                           func(r *http.Request) any { return g.open(r.FormValue("head")) },
		"POST /repos/team/iris/pulls":                          g.propose,
		"GET /repos/team/iris/pulls/1":                         func(*http.Request) any { return g.opened[0] },
		"GET /repos/team/iris/pulls/1/reviews":                 func(*http.Request) any { return g.reviews },
		"GET /repos/team/iris/collaborators/{name}/permission": func(*http.Request) any { return map[string]any{"permission": "write"} },
		"GET /repos/team/iris/compare/{range}":                 g.compare,
		"GET /repos/team/iris/commits/{commit}/pulls":          func(*http.Request) any { return []any{} },
		"GET /repos/team/iris/activity":                        g.activity,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			g.Lock()
			defer g.Unlock()
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusCreated)
			}
			if err := json.NewEncoder(w).Encode(answer(r)); err != nil {
				t.Error(err)
			}
		})
	}
	g.address = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" || r.Header.Get("Authorization") != "Bearer "+o.password {
			t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		mux.ServeHTTP(w, r)
	})
	return g
}

// open are the pull requests from a branch, such as team:release.
func (g *github) open(head string) []map[string]any {
	return slices.Collect(func(yield func(map[string]any) bool) {
		for _, request := range g.opened {
			if "team:"+request["head"].(map[string]any)["ref"].(string) == head && !yield(request) {
				return
			}
		}
	})
}

func (g *github) propose(r *http.Request) any {
	var asked struct{ Title, Head, Base, Body string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		g.t.Error(err)
	}
	number := len(g.opened) + 1
	g.opened = append(g.opened, map[string]any{
		"number": number, "html_url": fmt.Sprint("https://github.example/team/iris/pull/", number), "state": "open",
		"title": asked.Title, "body": asked.Body, "created_at": time.Now().UTC(), "user": map[string]any{"login": "robot[bot]", "type": "Bot"},
		"head": map[string]any{"ref": asked.Head, "sha": g.origin.git(g.t, "rev-parse", asked.Head), "repo": map[string]any{"full_name": "team/iris"}},
		"base": map[string]any{"ref": asked.Base},
	})
	return g.opened[number-1]
}

func (g *github) compare(r *http.Request) any {
	var commits []map[string]any
	lines := g.origin.git(g.t, "log", "--reverse", "--format=%H %ae %ce", strings.Replace(r.PathValue("range"), "...", "..", 1))
	for line := range strings.Lines(lines) {
		said := strings.Fields(line)
		commits = append(commits, map[string]any{
			"sha": said[0], "author": map[string]any{"login": "ada"}, "committer": map[string]any{"login": "ada"},
			"commit": map[string]any{"author": map[string]any{"email": said[1]}, "committer": map[string]any{"email": said[2]}},
		})
	}
	return map[string]any{"status": "ahead", "total_commits": len(commits), "commits": commits}
}

// activity is one push of Erin's for each commit of a branch, the newest first.
func (g *github) activity(r *http.Request) any {
	var pushes []map[string]any
	lines := g.origin.git(g.t, "log", "--first-parent", "--format=%H %P", strings.TrimPrefix(r.FormValue("ref"), "refs/heads/"))
	for line := range strings.Lines(lines) {
		after, before, _ := strings.Cut(strings.TrimSpace(line), " ")
		pushes = append(pushes, map[string]any{
			"before": before, "after": after, "activity_type": "push", "timestamp": time.Now().UTC(), "actor": map[string]any{"login": "erin"},
		})
	}
	return pushes
}

// approve is a review of the first pull request, of what is on its branch now.
func (g *github) approve(who string) {
	g.Lock()
	defer g.Unlock()
	g.reviews = append(g.reviews, map[string]any{
		"user": map[string]any{"login": who, "type": "User"}, "state": "APPROVED", "submitted_at": time.Now().UTC(),
		"commit_id": g.opened[0]["head"].(map[string]any)["sha"],
	})
}

// What staging ran is proposed for production by one pull request, however often, goes nowhere before somebody approved that very
// commit who neither wrote nor pushed it, and then goes there as approved. These are the calls of promotion.yml, in its order.
func TestPromotionByPullRequest(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	anyTime := o.clone(t)
	text := read(t, filepath.Join(anyTime, "esteira.yaml"))
	write(t, filepath.Join(anyTime, "esteira.yaml"), regexp.MustCompile(`(?m)^      freeze:\n(        .*\n)+`).ReplaceAllString(text, ""))
	commit(t, anyTime)
	push(t, anyTime)
	g, digest, files := newGithub(t, o), "sha256:"+strings.Repeat("a1", 32), workspace(t)
	set := o.stage(t, digest)
	o.call(t, o.password, "record", "--environment=staging", "--tests="+write(t, filepath.Join(files, "tests.json"),
		fmt.Sprintf(`{"result": "passed", "at": %q, "run": "https://ci.example/1", "set": %q}`, o.git(t, "log", "-1", "--format=%cI", "main"), set))).passes(t)
	main := o.git(t, "rev-parse", "main")
	flags := []string{"--to=prod", "--github=team/iris", "--api=" + g.address, "--verifications=" + write(t, filepath.Join(files, "verifications.json"),
		fmt.Sprintf(`[{"digest": %q, "verified": true}]`, digest))}
	propose, promote := append([]string{"propose"}, flags...), append([]string{"promote"}, flags...)

	for range 2 {
		said := o.call(t, o.password, propose...).passes(t)
		if want := "pull request 1: https://github.example/team/iris/pull/1"; lastLine(said) != want {
			t.Errorf("it ends with %q, not %q:\n%s", lastLine(said), want, said)
		}
	}
	if len(g.opened) != 1 || !strings.Contains(g.opened[0]["body"].(string), "api-gateway") || g.opened[0]["base"].(map[string]any)["ref"] != "main" {
		t.Fatalf("%d pull requests: %v", len(g.opened), g.opened)
	}
	o.call(t, o.password, promote...).fails(t, "approv")
	for who, part := range map[string]string{"ada": "wrote", "erin": "pushed"} {
		g.approve(who)
		o.call(t, o.password, promote...).fails(t, "approv", who+" "+part)
	}
	if o.git(t, "rev-parse", "main") != main {
		t.Fatal("something moved before it was approved")
	}
	g.approve("grace")
	said := o.call(t, o.password, promote...).passes(t)
	if !strings.HasSuffix(said, "by commit "+o.git(t, "rev-parse", "main")) || !strings.Contains(o.git(t, "show", "main:k8s/overlays/prod/release/kustomization.yaml"), digest) {
		t.Errorf("main is at %s:\n%s", o.git(t, "rev-parse", "main"), said)
	}
	if set := o.git(t, "show", "main:k8s/overlays/prod/release.yaml"); !strings.Contains(set, "grace") {
		t.Errorf("the set does not say who approved it:\n%s", set)
	}
	if again := o.call(t, o.password, promote...).passes(t); !strings.HasSuffix(again, "nothing was done") {
		t.Errorf("it moved twice: %s", again)
	}
}
