package tests

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// consumer is a second repository: two components, and nothing of this one yet.
func consumer(t *testing.T) string {
	t.Helper()
	dir := workspace(t)
	overlay(t, filepath.Join(dir, "apps/orders"), "testdata/maven")
	overlay(t, filepath.Join(dir, "apps/payments"), "testdata/maven")
	overlay(t, filepath.Join(dir, "apps/payments"), "faults/failing-test")
	write(t, filepath.Join(dir, "README.md"), "Orders and payments\n")
	write(t, filepath.Join(dir, "LICENSE"), "Ours.\n") // without one `dagger init` downloads one
	git(t, dir, "init", "--quiet")
	git(t, dir, "add", ".")
	git(t, dir, "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=Begin")
	return dir
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	if output, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, output)
	}
}

// vendored copies the module, as this checkout has it, into a folder of another repository.
func vendored(t *testing.T, dir string) {
	t.Helper()
	left := []string{".git", "apps", "bench", "docs", "infra", "out", "tests"}
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(left, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		write(t, filepath.Join(dir, strings.TrimPrefix(path, repository)), string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Another repository calls the stages by the module's address alone.
func TestSecondRepositoryByAddress(t *testing.T) {
	t.Parallel()
	dir := consumer(t)
	stage := func(source string) outcome {
		return dagger(t, dir, "-s", "call", "-m="+repository, "java", "--source="+source, "test", "check")
	}
	if last := lastLine(stage("apps/orders").passes(t)); last != "passed" {
		t.Errorf("the last line is %q", last)
	}
	stage("apps/payments").fails(t, "test failed", "1 of 2")
}

// Another repository installs the module as a toolchain: its stages are called under the module's name, take the
// components from the consumer's folders, and are among the consumer's checks.
func TestSecondRepositoryByToolchain(t *testing.T) {
	t.Parallel()
	dir := consumer(t)
	vendored(t, filepath.Join(dir, "vendor/esteira"))
	dagger(t, dir, "-s", "init", "--name=consumer").passes(t)
	dagger(t, dir, "-s", "toolchain", "install", "./vendor/esteira").passes(t)

	dagger(t, dir, "-s", "call", "esteira", "java", "--source=apps/orders", "test", "check").passes(t)
	dagger(t, dir, "-s", "call", "esteira", "java", "--source=apps/payments", "test", "check").fails(t, "test failed", "1 of 2")

	const check = "esteira:java:test-check"
	customise(t, dir, "/apps/orders")
	if list := dagger(t, dir, "-s", "check", "-l").passes(t); !strings.Contains(list, check) {
		t.Errorf("no %s among the checks:\n%s", check, list)
	}
	dagger(t, dir, "check", "--progress=report").passes(t)
	customise(t, dir, "/apps/payments")
	dagger(t, dir, "check", "--progress=report").fails(t, "test failed", "1 of 2")
}

// customise sets in dagger.json which folder the toolchain's Java stage takes, and that there is nothing for the others.
func customise(t *testing.T, dir, source string) {
	t.Helper()
	file := filepath.Join(dir, "dagger.json")
	var config map[string]any
	if err := json.Unmarshal([]byte(read(t, file)), &config); err != nil {
		t.Fatal(err)
	}
	toolchains, ok := config["toolchains"].([]any)
	if !ok || len(toolchains) != 1 {
		t.Fatalf("%s: want one toolchain, got %v", file, config["toolchains"])
	}
	toolchain := toolchains[0].(map[string]any)
	toolchain["customizations"] = []any{
		map[string]any{"function": []string{"java"}, "argument": "source", "defaultPath": source},
	}
	toolchain["ignoreChecks"] = []string{"python", "training", "manifests", "terraform", "security", "promotion", "delivery"}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text))
}
