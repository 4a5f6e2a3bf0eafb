package github

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const token = "github_pat_not-to-be-shown"

var (
	team  = Repository{"team", "iris"}
	drift = Drift{Dataset: "iris", SHA256: strings.Repeat("a", 64), Reasons: []string{"petal length (cm): the index is 1.2"}}
)

func client(t *testing.T, api string) *Client {
	t.Helper()
	client, err := New(api, token)
	if err != nil {
		t.Fatal(err)
	}
	client.retry.patience = 2 * time.Second
	for _, sender := range []*retryablehttp.Client{client.retry.again.Client, client.retry.once.Client} {
		sender.RetryWaitMin, sender.RetryWaitMax = time.Millisecond, 10*time.Millisecond
	}
	return client
}

func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

// The event is what GitHub documents: POST /repos/{owner}/{repo}/dispatches with event_type and client_payload.
func TestDispatchSends(t *testing.T) {
	var method, path, authorization string
	var body struct {
		EventType     string `json:"event_type"`
		ClientPayload Drift  `json:"client_payload"`
	}
	for _, prefix := range []string{"", "/", "/api/v3", "/api/v3/"} {
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			method, path, authorization = r.Method, r.URL.Path, r.Header.Get("Authorization")
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusNoContent)
		})
		if err := client(t, api+prefix).Dispatch(t.Context(), team, drift); err != nil {
			t.Fatal(err)
		}
		want := strings.TrimSuffix(prefix, "/") + "/repos/team/iris/dispatches"
		if method != "POST" || path != want || authorization != "Bearer "+token || body.EventType != "model-drift" || !reflect.DeepEqual(body.ClientPayload, drift) {
			t.Errorf("%s %s, %s, %+v", method, path, authorization, body)
		}
	}
}

// Each refusal says what GitHub said and what to do, and shows no token. The answers are GitHub's own.
func TestDispatchRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   []string
	}{
		{"bad token", 401, nil, `{"message":"Bad credentials"}`, []string{"GitHub does not accept the token (401 Bad credentials)"}},
		{"missing permission", 403, map[string]string{"X-Accepted-GitHub-Permissions": "contents=write"},
			`{"message":"Resource not accessible by personal access token"}`,
			[]string{"403 Resource not accessible by personal access token; accepted: contents=write", "needs the permission contents:write"}},
		{"unseen repository", 404, nil, `{"message":"Not Found"}`, []string{"no such repository (404 Not Found)", "contents:write"}},
		{"moved repository", 307, map[string]string{"Location": "/repositories/7/dispatches"}, `{"message":"Moved Permanently"}`, []string{"has moved (307): give its new name"}},
		{"wrong body", 422, nil, `{"message":"Invalid request.","errors":[{"resource":"Dispatch","field":"client_payload","code":"invalid"}]}`,
			[]string{"422 Invalid request.", "client_payload"}},
		{"no requests left", 403, map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"},
			`{"message":"API rate limit exceeded"}`, []string{"limit of 5000 requests an hour is used up: call again after 2100-01-01T00:00:00Z"}},
		{"slow down", 403, map[string]string{"Retry-After": "60"},
			`{"message":"You have exceeded a secondary rate limit","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`,
			[]string{"GitHub asks to slow down", "1m0s"}},
		{"broken", 502, nil, `<html>`, []string{"502"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range test.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			err := client(t, api).Dispatch(t.Context(), team, drift)
			for _, want := range append(test.want, "event model-drift was not sent to team/iris") {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

// The token follows no redirect: whoever is named there would get it.
func TestDispatchStays(t *testing.T) {
	stranger := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a stranger got %s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		api := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, stranger, status) })
		if err := client(t, api).Dispatch(t.Context(), team, drift); err == nil {
			t.Errorf("%d is taken for an answer", status)
		}
	}
}

// A server that is down, dies in the middle or says nothing is an error, and not a hang.
func TestDispatchWithoutAnswer(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	dies := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(connection, "HTTP/1.1 204 No")
		connection.Close()
	})
	for _, api := range []string{down.URL, dies} {
		if err := client(t, api).Dispatch(t.Context(), team, drift); err == nil || !strings.Contains(err.Error(), "was not sent to team/iris") {
			t.Errorf("error %v", err)
		}
	}
	if got := client(t, API).retry.once.Client.HTTPClient.Timeout; got != limit {
		t.Errorf("the time-out is %v, want %v", got, limit)
	}
}

func TestDispatchNeedsAReason(t *testing.T) {
	api := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	for want, bad := range map[string]Drift{
		"nothing was sent":  {Dataset: "iris"},
		"needs the name":    {Reasons: []string{"x"}},
		"GitHub takes 6553": {Dataset: "iris", Reasons: []string{strings.Repeat("x", 70_000)}},
	} {
		if err := client(t, api).Dispatch(t.Context(), team, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for api, want := range map[string]string{"api.github.com": "is no http or https URL", "ftp://x/": "is no http", "https://": "is no http"} {
		if _, err := New(api, token); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", api, err)
		}
	}
	if _, err := New(API, ""); err == nil || !strings.Contains(err.Error(), "token is empty") {
		t.Errorf("error %v", err)
	}
}

func TestParseRepository(t *testing.T) {
	for text, ok := range map[string]bool{
		"team/iris": true, "Team-1/iris.ml_2": true,
		"": false, "iris": false, "team/": false, "/iris": false, "a/b/c": false, "team/..": false, "-team/iris": false, "team/iris?x": false, "team/iris\n": false,
	} {
		repository, err := ParseRepository(text)
		if (err == nil) != ok || ok && repository.String() != text {
			t.Errorf("%q: %v, %v", text, repository, err)
		}
	}
}
