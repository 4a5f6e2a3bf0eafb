// Package gittest makes the repositories that tests are tried on: as nobody has configured Git, at the time that a test says.
package gittest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// manifests are what of k8s/ the environments are rendered from, and what says how they are synced: what they don't need only
// takes time to copy.
var manifests = []string{
	"argocd", "components/canary", "components/environment", "components/gateway-api", "overlays",
	"base/api-gateway", "base/common", "base/external-secrets", "base/flagger", "base/inference-service", "base/ingress",
	"base/monitoring/prometheus/config",
}

// components are the folders of what runs there: a file in each of them is enough, so that somebody wrote it.
var components = []string{"apps/api-gateway", "apps/inference-service", "ml/training"}

// Root is the repository that the tests lie in.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "esteira.yaml")); err == nil {
			return dir
		}
	}
	t.Fatal("no folder above this one has an esteira.yaml")
	return ""
}

// Environments copies the environments of the repository that the tests lie in, and its esteira.yaml, into a folder, with a file
// of each component.
func Environments(t testing.TB, dir string) {
	t.Helper()
	root := Root(t)
	for _, part := range manifests {
		if err := os.CopyFS(filepath.Join(dir, "k8s", part), os.DirFS(filepath.Join(root, "k8s", part))); err != nil {
			t.Fatal(err)
		}
	}
	for _, component := range components {
		folder := filepath.Join(dir, component)
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, "README.md"), []byte("# "+component+"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "esteira.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "esteira.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Begin makes a folder a repository in which Ada commits, and commits all that lies there.
func Begin(t testing.TB, dir string, at time.Time) {
	t.Helper()
	Git(t, dir, at, "init", "--quiet", "--initial-branch=main", "--template=")
	Git(t, dir, at, "config", "user.name", "Ada")
	Git(t, dir, at, "config", "user.email", "5+ada@users.noreply.github.com")
	Git(t, dir, at, "add", "--all")
	Git(t, dir, at, "commit", "--quiet", "--message=Begin")
}

// Copy is a copy of a repository, in a folder of the test's.
func Copy(t testing.TB, from string) string {
	t.Helper()
	dir := Folder(t)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	Git(t, dir, time.Time{}, "update-index", "-q", "--refresh")
	return dir
}

// Folder is one of the test's, by the name that Git has for it.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Git is what git prints in a folder. What it commits is as old as at says.
func Git(t testing.TB, dir string, at time.Time, args ...string) string {
	t.Helper()
	command := exec.Command("git", append([]string{"-C", dir}, args...)...)
	stamp := at.Format(time.RFC3339)
	command.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args, err, output)
	}
	return strings.TrimSpace(string(output))
}
