package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

var judged = Head{"guest:fix", "aaaa"}

// issue is a pull request of a GitHub that remembers its comments, 2 a page.
type issue struct {
	t        *testing.T
	head     string
	comments []map[string]any
	wrote    []string
}

func (i *issue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch call := r.Method + " " + r.URL.Path; call {
	case "GET /repos/team/iris/pulls":
		if r.URL.Query().Get("head") != judged.Branch || r.URL.Query().Get("state") != "open" {
			i.t.Errorf("asked for %s", r.URL.RawQuery)
		}
		i.answer(w, []any{map[string]any{"number": 7, "head": map[string]any{"sha": i.head}}})
	case "GET /repos/team/iris/issues/7/comments":
		i.page(w, r)
	case "POST /repos/team/iris/issues/7/comments":
		i.write(w, r, call, len(i.comments))
	default:
		id, err := strconv.Atoi(strings.TrimPrefix(call, "PATCH /repos/team/iris/issues/comments/"))
		if err != nil {
			i.t.Errorf("unexpected %s", call)
			http.NotFound(w, r)
			return
		}
		i.write(w, r, "PATCH", id-1)
	}
}

func (i *issue) page(w http.ResponseWriter, r *http.Request) {
	const size = 2
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := size * max(0, page-1)
	to := min(from+size, len(i.comments))
	if to < len(i.comments) {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, max(1, page)+1))
	}
	i.answer(w, i.comments[from:to])
}

func (i *issue) write(w http.ResponseWriter, r *http.Request, call string, at int) {
	var body struct{ Body string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		i.t.Error(err)
	}
	i.wrote = append(i.wrote, call)
	if at == len(i.comments) {
		i.comments = append(i.comments, nil)
	}
	i.comments[at] = map[string]any{"id": at + 1, "body": body.Body, "user": map[string]any{"type": "Bot"}, "html_url": fmt.Sprintf("https://github.example/7#%d", at+1)}
	i.answer(w, i.comments[at])
}

func (i *issue) answer(w http.ResponseWriter, answer any) {
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		i.t.Error(err)
	}
}

// A report has one comment, however often it is written, wherever among others it stands, and nobody else's is touched.
func TestComment(t *testing.T) {
	t.Parallel()
	i := &issue{t: t, head: judged.Commit}
	for n := range 3 {
		i.comments = append(i.comments, map[string]any{"id": n + 1, "body": reportMark + "mine", "user": map[string]any{"type": "User"}})
	}
	c := client(t, serve(t, i.ServeHTTP))
	for _, text := range []string{"red", "green"} {
		address, err := c.Comment(t.Context(), team, judged, text)
		if err != nil || address != "https://github.example/7#4" {
			t.Fatalf("%q, %v", address, err)
		}
		if len(i.comments) != 4 || i.comments[3]["body"] != reportMark+text {
			t.Errorf("comments are %v", i.comments)
		}
	}
	if fmt.Sprint(i.wrote) != "[POST /repos/team/iris/issues/7/comments PATCH]" {
		t.Errorf("it wrote %v", i.wrote)
	}
}

// What was judged is not the head any more: nothing is written.
func TestCommentOfOldHead(t *testing.T) {
	t.Parallel()
	i := &issue{t: t, head: "bbbb"}
	address, err := client(t, serve(t, i.ServeHTTP)).Comment(t.Context(), team, judged, "red")
	if err != nil || address != "" || i.wrote != nil {
		t.Errorf("%q, %v, it wrote %v", address, err, i.wrote)
	}
}

func TestCommentRefused(t *testing.T) {
	t.Parallel()
	refusing := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message": "Resource not accessible by integration"}`)
	})
	circle := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/pulls") {
			fmt.Fprintf(w, `[{"number": 7, "head": {"sha": %q}}]`, judged.Commit)
			return
		}
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=2>; rel="next"`, r.Host, r.URL.Path))
		fmt.Fprint(w, `[]`)
	})
	for _, test := range []struct {
		name, api, text string
		head            Head
		want            string
	}{
		{"no permission", refusing, "red", judged, "pull_requests:read"},
		{"pages in circles", circle, "red", judged, "go round in circles"},
		{"too long", refusing, strings.Repeat("x", commentLimit), judged, "GitHub takes 65536"},
		{"no head", refusing, "red", Head{"fix", "aaaa"}, "OWNER:BRANCH"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := client(t, test.api).Comment(t.Context(), team, test.head, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), token) {
				t.Errorf("error %v, want …%s…", err, test.want)
			}
		})
	}
}
