package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

const runnerHost = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"

// engine runs the command of infra/engine that `make` built.
func engine(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command(filepath.Join(repository, "out/bin/engine"), args...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
	return string(output)
}

// emptyEngine is the address of a second engine beside the one that all tests use, with nothing in its cache.
func emptyEngine(t *testing.T) string {
	t.Helper()
	const instance = "--instance=test-empty"
	remove := func() { engine(t, "down", instance, "--purge") }
	remove()
	t.Cleanup(remove)
	engine(t, "up", instance)
	address := regexp.MustCompile(runnerHost + `='([^']+)'`).FindStringSubmatch(engine(t, "env", instance))
	if address == nil {
		t.Fatalf("no address of an engine in:\n%s", engine(t, "env", instance))
	}
	return address[1]
}

// The same sources give the same layers on two engines that share nothing: neither a cache nor the minute in which they
// work. The JVM's prepared start alone, where there is one, is a memory image and differs.
func TestTwoEnginesMakeEqualLayers(t *testing.T) {
	t.Parallel()
	here := os.Getenv(runnerHost)
	if here == "" {
		t.Skip("Docker runs the engine here, and only infra/engine can start a second one")
	}
	empty := emptyEngine(t)
	for _, test := range []struct {
		stage, source string
		layers        []string
	}{
		{"java", filepath.Join(repository, "apps/api-gateway"), []string{"debian", "jre", "dependencies", "application"}},
		{"python", pythonProject(t), []string{"debian", "dependencies", "application"}},
	} {
		t.Run(test.stage, func(t *testing.T) {
			t.Parallel()
			ours, theirs := digests(t, here, test.stage, test.source), digests(t, empty, test.stage, test.source)
			for _, name := range test.layers {
				if a, b := ours[name], theirs[name]; a == "" || a != b {
					t.Errorf("layer %s: %q on one engine, %q on the other", name, a, b)
				}
			}
		})
	}
}

// digests are those of the layers of the image that an engine makes of a project, by the layers' names.
func digests(t *testing.T, engine, stage, source string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name, layer := range layers(t, builtIn(t, append(environment(), runnerHost+"="+engine), stage, source)) {
		found[name] = digest(t, layer).String()
	}
	return found
}
