package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// stage is a GitHub that remembers deployments and their statuses, two a page, the newest first.
type stage struct {
	t           *testing.T
	mutex       sync.Mutex
	deployments []map[string]any
	statuses    []map[string]any
	text        bool // gives payloads back as text
	wrote       int
	lose        bool // cuts off the answer to the next write
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	statuses := strings.HasSuffix(r.URL.Path, "/statuses")
	if r.Method == http.MethodGet {
		if statuses {
			answer(s.t, w, page(w, r, s.statuses))
			return
		}
		query := r.URL.Query()
		found := slices.DeleteFunc(slices.Clone(s.deployments), func(d map[string]any) bool {
			return query.Get("sha") != "" && (d["sha"] != query.Get("sha") || d["environment"] != query.Get("environment") || d["task"] != query.Get("task"))
		})
		answer(s.t, w, page(w, r, found))
		return
	}
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		s.t.Error(err)
	}
	s.wrote++
	body["created_at"] = time.Date(2026, 11, 27, 2, s.wrote, 0, 0, time.UTC)
	if statuses {
		s.statuses = append([]map[string]any{body}, s.statuses...)
	} else {
		body["id"], body["sha"] = len(s.deployments)+1, body["ref"]
		if s.text {
			text, _ := json.Marshal(body["payload"])
			body["payload"] = string(text)
		}
		s.deployments = append([]map[string]any{body}, s.deployments...)
	}
	if s.lose {
		s.lose = false
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusCreated)
	answer(s.t, w, body)
}

var moved = Deployment{Environment: "production", Commit: "aaaa", Set: "sha256:1", Description: strings.Repeat("ö", 200)}

// A deployment is recorded once for an environment, a commit and a set, however often and however it was cut off.
func TestDeploy(t *testing.T) {
	t.Parallel()
	for _, text := range []bool{false, true} {
		s := &stage{t: t, text: text}
		c := client(t, serve(t, s.ServeHTTP))
		other := moved
		for _, set := range []string{"sha256:2", "sha256:3", "sha256:4"} { // pages full of others
			other.Set = set
			if _, err := c.Deploy(t.Context(), team, other); err != nil {
				t.Fatal(err)
			}
		}
		s.lose = true
		if _, err := c.Deploy(t.Context(), team, moved); err == nil || !strings.Contains(err.Error(), "was not recorded") {
			t.Errorf("error %v", err)
		}
		for range 2 {
			if number, err := c.Deploy(t.Context(), team, moved); err != nil || number != 4 {
				t.Errorf("%d, %v", number, err)
			}
		}
		other = moved
		other.Environment = "staging"
		if number, err := c.Deploy(t.Context(), team, other); err != nil || number != 5 || s.wrote != 5 {
			t.Errorf("%d, %v, it wrote %d times", number, err, s.wrote)
		}
		first := s.deployments[len(s.deployments)-1]
		if description := []rune(first["description"].(string)); len(description) != 140 || first["auto_merge"] != false || fmt.Sprint(first["required_contexts"]) != "[]" {
			t.Errorf("it asked for %v", first)
		}
	}
	if _, err := client(t, API).Deploy(t.Context(), team, Deployment{Environment: "production"}); err == nil {
		t.Error("a deployment of nothing is recorded")
	}
}

// Statuses go on and never back, and what is said twice is said once.
func TestSetStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		said  string // in this order
		wrote int
		want  string
	}{
		{"queued in_progress success inactive", 4, ""},
		{"queued queued in_progress in_progress failure failure", 3, ""},
		{"success", 1, ""},
		{"in_progress queued", 1, "deployment 7 is in_progress already: it does not go back to queued"},
		{"success failure", 1, "it does not go back to failure"},
		{"failure success", 1, "it does not go back to success"},
		{"success inactive success", 2, "it does not go back to success"},
		{"done", 0, `"done" is no state`},
	} {
		s := &stage{t: t}
		c := client(t, serve(t, s.ServeHTTP))
		var err error
		for _, state := range strings.Fields(test.said) {
			if err = c.SetStatus(t.Context(), team, 7, Status{State: state, Log: "https://ci.example/1", URL: "https://iris.example"}); err != nil {
				break
			}
		}
		if s.wrote != test.wrote || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: wrote %d, %v, want %d, …%s…", test.said, s.wrote, err, test.wrote, test.want)
		}
	}
}

// What the delivery's figures are made of tells how each deployment ended, though later ones superseded it.
func TestDeployments(t *testing.T) {
	t.Parallel()
	s := &stage{t: t}
	c := client(t, serve(t, s.ServeHTTP))
	for _, commit := range []string{"aaaa", "bbbb", "cccc"} {
		d := moved
		d.Commit = commit
		if _, err := c.Deploy(t.Context(), team, d); err != nil {
			t.Fatal(err)
		}
	}
	for _, state := range []string{"in_progress", "success", "inactive"} {
		if err := c.SetStatus(t.Context(), team, 1, Status{State: state}); err != nil {
			t.Fatal(err)
		}
	}
	minute := func(n int) time.Time { return time.Date(2026, 11, 27, 2, n, 0, 0, time.UTC) }
	all, err := c.Deployments(t.Context(), team, minute(2))
	want := []Deployed{{"production", "cccc", "success", minute(3), minute(5)}, {"production", "bbbb", "success", minute(2), minute(5)}}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("%v, %v, want %v", all, err, want)
	}
}
