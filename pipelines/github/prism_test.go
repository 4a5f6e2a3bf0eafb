package github

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The mock is made by Prism from GitHub's own description of its API: it refuses what GitHub does not document. Both are
// pinned in ci/toolbox/prism.
func TestDispatchIsWhatGitHubDescribes(t *testing.T) {
	mock := startPrism(t)
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
