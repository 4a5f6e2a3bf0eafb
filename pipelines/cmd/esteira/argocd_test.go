package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// renderedArgocd is a folder with a definition and a Deployment, as `manifest render` leaves them.
func renderedArgocd(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	stream := `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io}
spec: {group: argoproj.io, names: {kind: Application}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server, namespace: argocd}
`
	index := `{"roots": [{"path": "argocd", "stream": "argocd.yaml", "applied": true, "files": [], "objects": [
		{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "name": "applications.argoproj.io", "line": 1, "source": {}},
		{"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "argocd", "name": "server", "line": 6, "source": {}}]}]}`
	for name, text := range map[string]string{"argocd.yaml": stream, "index.json": index} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Argo CD is installed in order, kubectl's impatience with new definitions is borne, and what does not run is named. What a real
// server says, ci/tests tries.
func TestArgocdInstall(t *testing.T) {
	t.Parallel()
	folder := renderedArgocd(t)
	for _, test := range []struct {
		name, script, flags string
		code                int
		says                string
	}{
		{"installed", "", "", 0, "2 objects are installed, 2 made or changed\n"},
		{"impatient", `[ $1 = wait ] && mkdir "$DIR/waited" 2>/dev/null && { echo "error: .status.conditions accessor error: <nil>" >&2; exit 1; }`, "", 0, "2 objects are installed"},
		{"not established", `[ $1 = wait ] && { echo "timed out waiting for the condition" >&2; exit 1; }`, "", 1, "kubectl wait: exit status 1: timed out"},
		{"away", `[ $1 = get ] && { echo "connection refused" >&2; exit 1; }`, "", 1, "the cluster does not answer: kubectl get: exit status 1: connection refused"},
		{"refused", `[ $1 = apply ] && { echo 'The Deployment "server" is invalid' >&2; exit 1; }`, "", 1, `The Deployment "server" is invalid`},
		{"does not run", `[ $1 = rollout ] && { echo "timed out" >&2; exit 1; }`, "--wait=2s", 1, "Deployment/server does not run within 2s"},
		{"not waited for", `[ $1 = rollout ] && exit 1`, "--wait=0s", 0, "2 objects are installed"},
		{"nothing there", "", "--root=nowhere", 1, "nothing is rendered from nowhere"},
		{"called wrongly", "", "--kubeconfig=", 2, "name the --rendered and the --kubeconfig"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			kubectl := filepath.Join(dir, "kubectl")
			script := "#!/bin/sh\nDIR=" + dir + "\n" + test.script + `
for argument; do case $argument in --filename=*) file=${argument#*=} ;; esac; done
[ $1 = apply ] && sed 's/"metadata":{/&"resourceVersion":"1",/g' "$file"
exit 0
`
			if err := os.WriteFile(kubectl, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"argocd", "install", "--rendered=" + folder, "--kubeconfig=config", "--kubectl=" + kubectl}, strings.Fields(test.flags)...)
			var out bytes.Buffer
			if code := run(args, &out, &out); code != test.code || !strings.Contains(out.String(), test.says) {
				t.Errorf("exit code %d, want %d and %q: %s", code, test.code, test.says, &out)
			}
		})
	}
}
