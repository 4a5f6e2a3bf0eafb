package github

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// flaky answers the first requests as it is told, and then well. It counts all of them.
func flaky(t *testing.T, bad ...http.HandlerFunc) (api string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		if n <= len(bad) {
			bad[n-1](w, r)
			return
		}
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"environments":[]}`)
	}), asked
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, `{"message":"no","documentation_url":"https://docs.github.com/rest#secondary-rate-limits"}`)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// resetIn are the headers of a primary limit that ends in so many seconds.
func resetIn(seconds int64) []string {
	return []string{"X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", strconv.FormatInt(time.Now().Unix()+seconds, 10)}
}

// What GitHub put off is sent again, whatever it is; what may have been done already only where that does no harm.
func TestRetry(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		bad   []http.HandlerFunc
		reads int // how often a read is sent, and whether it succeeds
		read  string
		posts int
		post  string
	}{
		{"well", nil, 1, "", 1, ""},
		{"5xx twice", []http.HandlerFunc{status(502), status(503)}, 3, "", 1, "502"},
		{"5xx for good", []http.HandlerFunc{status(500), status(500), status(500), status(500), status(500), status(500)}, 5, "500", 1, "500"},
		{"the network is cut", []http.HandlerFunc{cut}, 2, "", 1, "EOF"},
		{"429 with a time", []http.HandlerFunc{status(429, "Retry-After", "1")}, 2, "", 2, ""},
		{"429 for too long", []http.HandlerFunc{status(429, "Retry-After", "90")}, 1, "call again in 1m30s", 1, "call again in 1m30s"},
		{"429 without a time", []http.HandlerFunc{status(429)}, 1, "call again in 1m0s", 1, "call again in 1m0s"},
		{"secondary limit", []http.HandlerFunc{status(403, "Retry-After", "0")}, 2, "", 2, ""},
		{"secondary limit for too long", []http.HandlerFunc{status(403, "Retry-After", "90")}, 1, "call again in 1m30s", 1, "call again in 1m30s"},
		{"primary limit", []http.HandlerFunc{status(403, resetIn(0)...)}, 2, "", 2, ""},
		{"primary limit for too long", []http.HandlerFunc{status(403, resetIn(90)...)}, 1, "limit of 60 requests an hour is used up: call again after", 1, "call again after"},
		{"a refusal", []http.HandlerFunc{status(401)}, 1, "does not accept the token", 1, "does not accept the token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api, asked := flaky(t, test.bad...)
			_, err := client(t, api).environments(t.Context(), team)
			judge(t, "read", err, test.read, int(asked.Load()), test.reads)
			api, asked = flaky(t, test.bad...)
			judge(t, "post", client(t, api).Dispatch(t.Context(), team, drift), test.post, int(asked.Load()), test.posts)
		})
	}
}

func judge(t *testing.T, what string, err error, want string, sent, times int) {
	t.Helper()
	if sent != times {
		t.Errorf("%s: sent %d times, want %d", what, sent, times)
	}
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token)) {
		t.Errorf("%s: error %v, want …%s…", what, err, want)
	}
}

// The last request of an hour is answered well: the next one waits for the next hour, where that is near.
func TestRetryAfterTheLastRequest(t *testing.T) {
	t.Parallel()
	last := func(w http.ResponseWriter, _ *http.Request) {
		for i, headers := 0, resetIn(30); i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		fmt.Fprint(w, `{"environments":[]}`)
	}
	api, asked := flaky(t, last)
	c := client(t, api)
	for range 2 {
		if _, err := c.environments(t.Context(), team); err != nil {
			t.Error(err)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// Whoever gives up need not wait for GitHub's limit to end.
func TestRetryIsGivenUp(t *testing.T) {
	t.Parallel()
	api, _ := flaky(t, status(429, "Retry-After", "60"))
	c := client(t, api)
	c.retry.patience = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	before := time.Now()
	if _, err := c.environments(ctx, team); err == nil || time.Since(before) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(before))
	}
}
