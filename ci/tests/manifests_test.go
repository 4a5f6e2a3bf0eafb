package tests

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cluster is a copy of this repository's own manifests, with seeded faults laid over it.
func cluster(t *testing.T, faults ...string) string {
	t.Helper()
	return seededStage{name: "manifests", folder: "k8s"}.seed(t, faults...)
}

// The cluster as it is has nothing to be found.
func TestManifestsClean(t *testing.T) {
	t.Parallel()
	output := call(t, "manifests", "validate", "check").passes(t)
	if !strings.HasSuffix(output, "passed") {
		t.Errorf("its last line is not the status:\n%s", output)
	}
}

// What the base has does not block, what is new does, and the difference says what changes and no secret.
func TestManifestsBase(t *testing.T) {
	t.Parallel()
	base := cluster(t, "plain-secret")
	call(t, "manifests", "--source="+base, "--base="+base, "render", "check").passes(t)

	changed := cluster(t, "plain-secret")
	edit(t, filepath.Join(changed, "overlays/prod/kustomization.yaml"), "value: 12}", "value: 15}")
	edit(t, filepath.Join(changed, "overlays/dev/password.yaml"), "hunter2", "hunter3")
	text := call(t, "manifests", "--source="+changed, "--base="+base, "render", "markdown").passes(t)
	for _, want := range []string{
		"overlays/prod: HorizontalPodAutoscaler/api-gateway", `spec.maxReplicas: "12" → "15"`,
		"overlays/dev: Secret/database", "stringData.password: (masked) → (masked)", "it was there before this change",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "hunter") {
		t.Errorf("it says the secret:\n%s", text)
	}

	worse := cluster(t, "plain-secret", "cycle")
	call(t, "manifests", "--source="+worse, "--base="+base, "render", "check").fails(t, "base/common/kustomization.yaml:5", "a cycle")
}

// A folder without a kustomization is judged by its manifests, and one without any is undecided.
func TestManifestsElsewhere(t *testing.T) {
	t.Parallel()
	plain := workspace(t)
	write(t, filepath.Join(plain, "deploy/namespace.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n")
	run := reportOf(t, "manifests", "--source="+plain, "render")
	if got := fact(t, run, "objects"); got != "1" {
		t.Errorf("%s objects, want 1", got)
	}
	call(t, "manifests", "--source="+workspace(t), "render", "check").fails(t, "render undecided", "no kustomization and no manifest")
}

// A changed overlay is rendered anew, with what is made of it, and nothing else is.
func TestManifestsRemembered(t *testing.T) {
	t.Parallel()
	source := cluster(t)
	now := fmt.Sprint(time.Now().UnixNano())
	edit(t, filepath.Join(source, "overlays/staging/kustomization.yaml"), "app.kubernetes.io/instance: iris-staging", "app.kubernetes.io/instance: s"+now)
	reportOf(t, "manifests", "--source="+source, "render")
	edit(t, filepath.Join(source, "overlays/dev/kustomization.yaml"), "app.kubernetes.io/instance: iris-dev", "app.kubernetes.io/instance: d"+now)
	run := reportOf(t, "manifests", "--source="+source, "render")
	if got := fact(t, run, "rendered anew"); got != "1" {
		t.Errorf("%s were rendered anew, want 1: overlays/dev", got)
	}
}
