package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// requirements are the versions that a go.mod names.
func requirements(t *testing.T, path ...string) map[string]string {
	t.Helper()
	file := filepath.Join(path...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := modfile.Parse(file, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, r := range parsed.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions
}

// What is compiled ahead in another version is compiled again by every empty engine.
func TestGoCacheHasTheVersionsOfTheModule(t *testing.T) {
	module := requirements(t, "..", "..", "ci", "go.mod")
	for path, version := range requirements(t, "sdk", "go.mod") {
		if module[path] != version {
			t.Errorf("infra/engine/sdk/go.mod has %s %s, ci/go.mod %q: let the former follow", path, version, module[path])
		}
	}
}

func TestWithoutGo(t *testing.T) {
	got := strings.Join(withoutGo([]string{"HOME=/root", "GOFLAGS=-x", "GOPROXY=off", "https_proxy=http://proxy"}), " ")
	if want := "HOME=/root https_proxy=http://proxy"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
