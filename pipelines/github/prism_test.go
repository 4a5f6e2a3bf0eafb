package github

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
)

// The mock is made by Prism from GitHub's own description of its API: it refuses what GitHub does not document. Both are
// pinned in ci/toolbox/prism.
func TestWhatIsAskedIsWhatGitHubDescribes(t *testing.T) {
	t.Parallel()
	mock := startPrism(t)
	for name, test := range map[string]func(*testing.T, string){
		"dispatch": describedDispatch, "comment": describedComment, "environments": describedEnvironments,
		"deployments": describedDeployments, "pull request and release": describedPromotion, "reviews": describedReviews,
	} {
		t.Run(name, func(t *testing.T) { test(t, mock) })
	}
}

func describedDispatch(t *testing.T, mock string) {
	if err := client(t, mock).Dispatch(t.Context(), team, drift); err != nil {
		t.Error(err)
	}
	missing := prefer(t, mock, "code=404")
	if err := client(t, missing).Dispatch(t.Context(), team, drift); err == nil || !strings.Contains(err.Error(), "no such repository (404") {
		t.Errorf("error %v", err)
	}
	for body, want := range map[string]int{
		`{"event_type":"model-drift"}`:                     http.StatusNoContent,
		`{"client_payload":{}}`:                            http.StatusUnprocessableEntity,
		`{"event_type":"model-drift","client_payload":[]}`: http.StatusUnprocessableEntity,
	} {
		answer, err := http.Post(mock+"/repos/team/iris/dispatches", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: the mock answers %d, want %d: it proves nothing", body, answer.StatusCode, want)
		}
	}
}

// The mock answers with the description's examples: a pull request, and a comment of a person.
func describedComment(t *testing.T, mock string) {
	api := prefer(t, mock, "dynamic=false")
	address, err := client(t, api).Comment(t.Context(), team, Head{"octocat:new-topic", "6dcb09b5b57875f334f61aebed695e2e4193db5e"}, "red")
	if err != nil || !strings.Contains(address, "issuecomment") {
		t.Errorf("%q, %v", address, err)
	}
}

// prefer makes the mock choose an answer.
func prefer(t *testing.T, mock, answer string) string {
	t.Helper()
	target, err := url.Parse(mock)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Prefer", answer)
		// go-github still asks for application/vnd.github.v3+json, which the description does not name.
		r.Out.Header.Set("Accept", "application/json")
	}, ModifyResponse: func(r *http.Response) error {
		r.Header.Del("Link") // each example names a next page, which is the same again
		return nil
	}})
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// startPrism runs the mock on loopback and returns its address.
func startPrism(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s on this machine: TestDriftDispatch of ci/tests asks the same mock, in a container", program)
		}
	}
	modules := installPrism(t)
	address := freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	log, err := os.Create(filepath.Join(t.TempDir(), "prism.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	mock := exec.CommandContext(t.Context(), "node", filepath.Join(modules, "@stoplight/prism-cli/dist/index.js"), "mock",
		"--host", host, "--port", port, filepath.Join(modules, "@octokit/openapi/generated/api.github.com.json"))
	mock.Stdout, mock.Stderr = log, log
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mock.Process.Kill(); mock.Wait() })
	for range 1800 {
		if answer, err := http.Get("http://" + address + "/zen"); err == nil {
			answer.Body.Close()
			return "http://" + address
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("Prism does not answer within three minutes:\n%s", text)
	return ""
}

// installPrism installs what the lock names, once a lock, and returns its node_modules.
func installPrism(t *testing.T) string {
	t.Helper()
	lock, err := os.ReadFile("../../ci/toolbox/prism/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "esteira", "prism-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return filepath.Join(dir, "node_modules")
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	// In a folder of its own, moved when it is whole: a broken-off installation is never taken for one.
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	if err := os.CopyFS(fresh, os.DirFS("../../ci/toolbox/prism")); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = fresh
	if output, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
	if err := os.Rename(fresh, dir); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	return filepath.Join(dir, "node_modules")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Every request of a plan and of what makes it is one that GitHub describes. The one field that it does not describe is
// left out where administrators may bypass, which is GitHub's default.
func describedEnvironments(t *testing.T, mock string) {
	asked := &strict{t: t}
	api := asked.proxy(prefer(t, mock, "dynamic=false"))
	desired := shipped(t)
	for i := range desired {
		desired[i].AdminsMayBypass = true
	}
	// The mock forgets what is written, and its examples are not what is desired.
	_, err := client(t, api).ApplyEnvironments(t.Context(), team, desired, "")
	if err == nil || !strings.Contains(err.Error(), "not as desired") || strings.Contains(err.Error(), "not written") {
		t.Errorf("error %v", err)
	}
	asked.want("GET /repos/team/iris", "GET /repos/team/iris/environments", "PUT /repos/team/iris/environments/production",
		"POST /repos/team/iris/environments/production/deployment-branch-policies", "GET /orgs/team/teams/platform-team")

	for body, want := range map[string]int{
		`{"wait_timer":5,"deployment_branch_policy":null}`:                           http.StatusOK,
		`{"wait_timer":5,"deployment_branch_policy":null,"can_admins_bypass":false}`: http.StatusUnprocessableEntity,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, mock+"/repos/team/iris/environments/production", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: the mock answers %d, want %d: the field is described by now, or the mock proves nothing", body, answer.StatusCode, want)
		}
	}
}

func describedDeployments(t *testing.T, mock string) {
	asked := &strict{t: t}
	c := client(t, asked.proxy(prefer(t, mock, "dynamic=false")))
	if number, err := c.Deploy(t.Context(), team, moved); err != nil || number == 0 {
		t.Errorf("%d, %v", number, err)
	}
	// The mock's example is a success already.
	if err := c.SetStatus(t.Context(), team, 42, Status{State: "inactive", Description: "superseded", Log: "https://ci.example/1", URL: "https://iris.example"}); err != nil {
		t.Error(err)
	}
	if all, err := c.Deployments(t.Context(), team, time.Time{}); err != nil || len(all) != 1 || all[0].State != "success" {
		t.Errorf("%v, %v", all, err)
	}
	asked.want("POST /repos/team/iris/deployments", "POST /repos/team/iris/deployments/42/statuses")
}

func describedPromotion(t *testing.T, mock string) {
	asked := &strict{t: t}
	c := client(t, asked.proxy(prefer(t, mock, "dynamic=false")))
	if number, _, err := c.Propose(t.Context(), team, Request{"promote/prod", "main", "Promote", "text"}); err != nil || number == 0 {
		t.Errorf("%d, %v", number, err)
	}
	if _, err := c.Publish(t.Context(), team, Release{"v1", "6dcb09b5b57875f334f61aebed695e2e4193db5e", "Version 1", "notes"}); err != nil {
		t.Error(err)
	}
	// Of a tag that nobody published.
	missing := &strict{t: t}
	target, one := missing.proxy(prefer(t, mock, "dynamic=false")), "/repos/team/iris/releases/tags/v1"
	without := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == one {
			refuse(w, http.StatusNotFound)
			return
		}
		to, _ := url.Parse(target)
		httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
	})
	if _, err := client(t, without).Publish(t.Context(), team, Release{"v1", "6dcb09b5b57875f334f61aebed695e2e4193db5e", "Version 1", "notes"}); err != nil {
		t.Error(err)
	}
	missing.want("POST /repos/team/iris/releases")
	asked.want("POST /repos/team/iris/pulls", "PATCH /repos/team/iris/pulls/1347", "PATCH /repos/team/iris/releases/1")
}

// The mock's examples do not fit together: what each question is is asked for itself.
func describedReviews(t *testing.T, mock string) {
	asked := &strict{t: t}
	c := client(t, asked.proxy(prefer(t, mock, "dynamic=false")))
	if reviews, err := c.reviews(t.Context(), team, 9); err != nil || len(reviews) != 1 || reviews[0].State != "APPROVED" || reviews[0].Permission == "" {
		t.Errorf("%v, %v", reviews, err)
	}
	if _, err := c.commits(t.Context(), team, promotion); err == nil || !strings.Contains(err.Error(), "is not behind") {
		t.Errorf("error %v", err)
	}
	request, _, err := c.rest.PullRequests.Get(t.Context(), "team", "iris", 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.proposers(t.Context(), Repository{"octocat", "Hello-World"}, request, []*github.RepositoryCommit{{SHA: github.String("aaaa")}}); err != nil {
		t.Error(err)
	}
	for a, err := range c.activities(t.Context(), team, "main") {
		if err != nil || a.After == "" { // the example has other names than the schema for the rest
			t.Errorf("%v, %v", a, err)
		}
	}
	commit := &github.RepositoryCommit{Commit: &github.Commit{Message: github.String("x\n\nCo-authored-by: A <a@example.org>")}}
	if _, err := c.logins(t.Context(), []*github.RepositoryCommit{commit}); err != nil {
		t.Error(err)
	}
	asked.want("GET /repos/team/iris/compare/s...c5", "GET /repos/team/iris/activity", "GET /search/users", "GET /repos/octocat/Hello-World/commits/aaaa/pulls")
}

// strict fails the test at each request that the mock refuses, and remembers what was asked.
type strict struct {
	t     *testing.T
	mutex sync.Mutex
	asked map[string]bool
}

func (s *strict) proxy(mock string) string {
	s.t.Helper()
	target, err := url.Parse(mock)
	if err != nil {
		s.t.Fatal(err)
	}
	s.asked = map[string]bool{}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			s.mutex.Lock()
			defer s.mutex.Unlock()
			call := r.Request.Method + " " + r.Request.URL.Path
			s.asked[call] = true
			if r.StatusCode >= http.StatusBadRequest {
				text, _ := io.ReadAll(r.Body)
				s.t.Errorf("%s: %d %s", call, r.StatusCode, text)
			}
			return nil
		},
	})
	s.t.Cleanup(proxy.Close)
	return proxy.URL
}

func (s *strict) want(calls ...string) {
	s.t.Helper()
	for _, call := range calls {
		if !s.asked[call] {
			s.t.Errorf("nobody asked %s, but %v", call, slices.Sorted(maps.Keys(s.asked)))
		}
	}
}
