package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/release"
)

// forge is a GitHub with one promotion: pull request 9 brings c1 to c5 from s onto main. Pull request 4 brought c2 and c3,
// by the merge c3, from a branch to which mallory pushed, too; c4 was pushed by dave, c5 by the promotion itself.
type forge struct {
	t       *testing.T
	reviews []any
	main    []any // what happened to it, the newest first
	status  string
	total   int
	gone    bool // the branch of pull request 4
}

func newForge(t *testing.T) *forge {
	return &forge{t: t, status: "ahead", total: 5, main: []any{
		happened("c5", "n1", "erin", "push", 9), happened("c4", "c5", "Bot", "push", 8), happened("c3", "c4", "dave", "push", 7),
		happened("c1", "c3", "merger", "pr_merge", 6), happened("s", "c1", "ada", "force_push", 5), happened("r", "s", "frank", "push", 4),
	}}
}

func hour(n int) time.Time { return time.Date(2026, 11, 27, n, 0, 0, 0, time.UTC) }

func happened(before, after, actor, kind string, at int) map[string]any {
	return map[string]any{"before": before, "after": after, "actor": map[string]any{"login": actor}, "activity_type": kind, "timestamp": hour(at)}
}

func review(login, kind, state, commit string, at int) map[string]any {
	return map[string]any{"user": map[string]any{"login": login, "type": kind}, "state": state, "commit_id": commit, "submitted_at": hour(at)}
}

func written(sha, login, address, message string) map[string]any {
	person, user := map[string]any{"email": address}, map[string]any{"login": login}
	web := map[string]any{"email": "noreply@github.com"}
	return map[string]any{"sha": sha, "author": user, "committer": map[string]any{"login": "web-flow"}, "commit": map[string]any{"author": person, "committer": web, "message": message}}
}

var brought = []any{
	written("c1", "ada", "ada@example.org", "one"),
	written("c2", "bob", "bob@example.org", "two\n\nCo-authored-by: Carol <carol@example.org>\nco-authored-by: Nobody <nobody@example.org>"),
	written("c3", "merger", "merger@example.org", "merge"), written("c4", "dave", "dave@example.org", "four"),
	written("c5", "Bot", "bot@example.org", "promote"),
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch path := strings.TrimPrefix(r.URL.Path, "/repos/team/iris/"); {
	case path == "pulls/9":
		answer(f.t, w, f.request(9, "promote/prod", "Bot"))
	case path == "pulls/9/reviews":
		answer(f.t, w, page(w, r, f.reviews))
	case path == "compare/s...c5":
		answer(f.t, w, map[string]any{"status": f.status, "total_commits": f.total, "commits": page(w, r, brought)})
	case strings.HasPrefix(path, "commits/"):
		requests := []any{}
		if path == "commits/c2/pulls" || path == "commits/c3/pulls" {
			requests = append(requests, f.request(4, "fix", "bob"))
		}
		answer(f.t, w, requests)
	case path == "activity":
		f.activity(w, r, query.Get("ref"))
	case strings.HasPrefix(path, "collaborators/"):
		f.permission(w, strings.Split(path, "/")[1])
	case path == "/search/users":
		users := []any{}
		if query.Get("q") == `"carol@example.org" in:email` {
			users = append(users, map[string]any{"login": "carol"})
		}
		answer(f.t, w, map[string]any{"items": users})
	default:
		f.t.Errorf("unexpected %s", r.URL)
		refuse(w, http.StatusNotFound)
	}
}

func (f *forge) request(number int, branch, author string) map[string]any {
	return map[string]any{"number": number, "user": map[string]any{"login": author}, "created_at": hour(3), "merged_at": hour(6),
		"head": map[string]any{"ref": branch, "repo": map[string]any{"full_name": "team/iris"}}}
}

// activity has two entries a page, as GitHub has them: by a cursor.
func (f *forge) activity(w http.ResponseWriter, r *http.Request, ref string) {
	all := map[string][]any{
		"refs/heads/main": f.main,
		"refs/heads/fix": {happened("x", "y", "later", "push", 7), happened("c0", "c2", "mallory", "push", 5),
			happened("", "c0", "bob", "branch_creation", 2), happened("", "z", "earlier", "push", 1)},
		"refs/heads/promote/prod": {happened("", "c5", "Bot", "branch_creation", 3)},
	}[ref]
	if ref == "refs/heads/fix" && f.gone {
		refuse(w, http.StatusUnprocessableEntity)
		return
	}
	from := 0
	fmt.Sscan(r.URL.Query().Get("after"), &from)
	to := min(from+2, len(all))
	if to < len(all) {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?after=%d>; rel="next"`, r.Host, r.URL.Path, to))
	}
	answer(f.t, w, all[from:to])
}

func (f *forge) permission(w http.ResponseWriter, login string) {
	switch login {
	case "outsider":
		refuse(w, http.StatusNotFound)
	case "reader":
		answer(f.t, w, map[string]any{"permission": "read"})
	default:
		answer(f.t, w, map[string]any{"permission": "write"})
	}
}

var promotion = Between{"main", "s", "c5"}

// Of all who approved only those count who may write, saw the commit, are people, and had no part in it.
func TestReviews(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	f.reviews = []any{
		review("grace", "User", "CHANGES_REQUESTED", "c4", 7), review("ada", "User", "APPROVED", "c5", 8), review("bob", "User", "APPROVED", "c5", 8),
		review("carol", "User", "APPROVED", "c5", 8), review("dave", "User", "APPROVED", "c5", 8), review("mallory", "User", "APPROVED", "c5", 8),
		review("reader", "User", "APPROVED", "c5", 8), review("outsider", "User", "APPROVED", "c5", 8), review("dependabot[bot]", "Bot", "APPROVED", "c5", 8),
		review("hasty", "User", "APPROVED", "c4", 8), review("revoked", "User", "DISMISSED", "c5", 8),
		review("grace", "User", "APPROVED", "c5", 9), review("grace", "User", "COMMENTED", "c5", 10), map[string]any{"user": nil, "state": "APPROVED", "commit_id": "c5"},
	}
	said, err := client(t, serve(t, f.ServeHTTP)).Reviews(t.Context(), team, 9, promotion)
	if err != nil {
		t.Fatal(err)
	}
	if want := "[Bot ada bob dave mallory]"; fmt.Sprint(said.Pushers) != want {
		t.Errorf("pushers are %v, want %s", said.Pushers, want)
	}
	wantLogins := "map[ada@example.org:ada bob@example.org:bob bot@example.org:Bot carol@example.org:carol dave@example.org:dave merger@example.org:merger noreply@github.com:web-flow]"
	if fmt.Sprint(said.Logins) != wantLogins {
		t.Errorf("logins are %v", said.Logins)
	}
	asked := release.Asked{Approvals: 1, Commit: "c5", Now: hour(11), Involved: []release.Person{{Name: "Carol", Email: "carol@example.org", Part: "wrote c2"}}}
	approvals, err := release.Approved(said, asked)
	if err != nil || len(approvals) != 1 || approvals[0].Reviewer != "grace" || approvals[0].Commit != "c5" || !approvals[0].At.Equal(hour(9)) {
		t.Errorf("%v, %v", approvals, err)
	}
	asked.Involved = append(asked.Involved, release.Person{Name: "Nobody", Email: "nobody@example.org", Part: "wrote c2"})
	if _, err := release.Approved(said, asked); err == nil || !strings.Contains(err.Error(), "nobody knows who that is") {
		t.Errorf("a co-author whom GitHub does not know: %v", err)
	}
}

// What GitHub does not tell, and has to, is an error; a branch that is gone it need not tell of.
func TestReviewsThatCannotBeDecided(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*forge)
		want   string
	}{
		{"well", func(*forge) {}, ""},
		{"the branch is gone", func(f *forge) { f.gone = true }, ""},
		{"the set before is not behind", func(f *forge) { f.status = "diverged" }, "s of team/iris is not behind c5, but diverged"},
		{"commits are not shown", func(f *forge) { f.total = 251 }, "5 of the 251 commits"},
		{"the record has a gap", func(f *forge) { f.main = slices.Delete(f.main, 2, 3) }, "who pushed c4 to main of team/iris: its record has a gap"},
		{"the record ends too soon", func(f *forge) { f.main = f.main[:3] }, "who pushed c3 to main of team/iris: its record does not reach back"},
		{"the record begins too late", func(f *forge) { f.main = f.main[5:] }, "who pushed c5 to main"},
		{"the record names nobody", func(f *forge) { f.main[2] = happened("c3", "c4", "", "push", 7) }, "who pushed c4 to main of team/iris: it names nobody"},
		{"no record", func(f *forge) { f.main = nil }, "who pushed c5 to main"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newForge(t)
			test.change(f)
			_, err := client(t, serve(t, f.ServeHTTP)).Reviews(t.Context(), team, 9, promotion)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want …%s…", err, test.want)
			}
		})
	}
	if _, err := client(t, serve(t, newForge(t).ServeHTTP)).Reviews(t.Context(), team, 9, Between{Branch: "main", Until: "c5"}); err == nil {
		t.Error("a promotion since nothing is reviewed")
	}
}

// A token that may not read something is told which permission it lacks.
func TestReviewsWithoutPermission(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/pulls/9": "pull_requests:read", "/pulls/9/reviews": "pull_requests:read", "/compare/": "contents:read",
		"/activity": "contents:read", "/collaborators/": "metadata:read", "/search/": "metadata:read", "/c2/pulls": "pull_requests:read",
	} {
		f := newForge(t)
		f.reviews = []any{review("grace", "User", "APPROVED", "c5", 9)}
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, path) || strings.HasSuffix(path, "/") && strings.Contains(r.URL.Path, path) {
				refuse(w, http.StatusForbidden)
				return
			}
			f.ServeHTTP(w, r)
		})
		if _, err := client(t, api).Reviews(t.Context(), team, 9, promotion); err == nil || !strings.Contains(err.Error(), "needs the permission "+want) {
			t.Errorf("%s: error %v, want …%s…", path, err, want)
		}
	}
}
