package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// desk is a GitHub that remembers a pull request, tags and a release.
type desk struct {
	t       *testing.T
	request map[string]any
	release map[string]any
	tags    map[string]string
	faster  bool // somebody else opens the pull request first
	wrote   []string
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if r.Method != http.MethodGet {
		d.wrote = append(d.wrote, r.Method)
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			d.t.Error(err)
		}
	}
	tag, isTag := strings.CutPrefix(r.URL.Path, "/repos/team/iris/commits/tags/")
	switch call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/repos/team/iris/"); {
	case isTag && d.tags[tag] == "":
		refuse(w, http.StatusUnprocessableEntity)
	case isTag:
		answer(d.t, w, map[string]any{"sha": d.tags[tag]})
	case call == "GET pulls":
		answer(d.t, w, slices.DeleteFunc([]map[string]any{{"number": 6, "base": map[string]any{"ref": "other"}}, d.request}, func(r map[string]any) bool { return r == nil }))
	case call == "POST pulls":
		d.request = map[string]any{"number": 7, "html_url": "https://github.example/7", "base": map[string]any{"ref": body["base"]}, "title": body["title"], "body": body["body"]}
		if d.faster {
			d.request["title"] = "theirs"
			refuse(w, http.StatusUnprocessableEntity)
			return
		}
		answer(d.t, w, d.request)
	case call == "PATCH pulls/7":
		d.request["title"], d.request["body"] = body["title"], body["body"]
		answer(d.t, w, d.request)
	case strings.HasPrefix(call, "GET releases/tags/") && d.release == nil:
		refuse(w, http.StatusNotFound)
	case strings.HasPrefix(call, "GET releases/tags/"):
		answer(d.t, w, d.release)
	case call == "POST releases" || call == "PATCH releases/9":
		if d.release == nil {
			d.release = map[string]any{"id": 9, "html_url": "https://github.example/v1"}
			d.tags[body["tag_name"].(string)] = body["target_commitish"].(string)
		}
		d.release["name"], d.release["body"] = body["name"], body["body"]
		answer(d.t, w, d.release)
	default:
		d.t.Errorf("unexpected %s", call)
		refuse(w, http.StatusNotFound)
	}
}

func refuse(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	fmt.Fprint(w, `{"message":"no"}`)
}

// A branch has one pull request to where it goes, whoever opened it, and it says what was said last.
func TestPropose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		faster bool
		want   string
	}{{false, "[POST PATCH]"}, {true, "[POST PATCH PATCH]"}} {
		d := &desk{t: t, faster: test.faster}
		c := client(t, serve(t, d.ServeHTTP))
		if number, err := c.Proposed(t.Context(), team, "promote", "main"); err == nil || !strings.Contains(err.Error(), "no open pull request from promote to main") {
			t.Errorf("%d, %v", number, err)
		}
		for _, text := range []string{"one", "one", "two"} {
			number, address, err := c.Propose(t.Context(), team, Request{"promote/prod", "main", "Promote", text})
			if err != nil || number != 7 || address != "https://github.example/7" || d.request["title"] != "Promote" || d.request["body"] != text {
				t.Errorf("%d, %s, %v: %v", number, address, err, d.request)
			}
		}
		if fmt.Sprint(d.wrote) != test.want {
			t.Errorf("it wrote %v, want %v", d.wrote, test.want)
		}
		if number, err := c.Proposed(t.Context(), team, "promote/prod", "main"); err != nil || number != 7 {
			t.Errorf("%d, %v", number, err)
		}
	}
	if _, _, err := client(t, API).Propose(t.Context(), team, Request{Text: strings.Repeat("x", commentLimit+1)}); err == nil {
		t.Error("a text that is too long is sent")
	}
}

// A tag has one release; a tag that is elsewhere is left alone.
func TestPublish(t *testing.T) {
	t.Parallel()
	d := &desk{t: t, tags: map[string]string{}}
	c := client(t, serve(t, d.ServeHTTP))
	for _, notes := range []string{"one", "one", "two"} {
		address, err := c.Publish(t.Context(), team, Release{"v1", "aaaa", "Version 1", notes})
		if err != nil || address != "https://github.example/v1" || d.release["body"] != notes || d.tags["v1"] != "aaaa" {
			t.Errorf("%s, %v: %v", address, err, d.release)
		}
	}
	if _, err := c.Publish(t.Context(), team, Release{"v1", "bbbb", "Version 1", "three"}); err == nil || !strings.Contains(err.Error(), "at aaaa and not at bbbb") {
		t.Errorf("error %v", err)
	}
	if fmt.Sprint(d.wrote) != "[POST PATCH]" {
		t.Errorf("it wrote %v", d.wrote)
	}
}
