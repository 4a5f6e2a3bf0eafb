// Package pipelines_test guards the one rule of dependency: ci builds on pipelines,
// never the other way round, and pipelines knows nothing of Dagger.
package pipelines_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoPackageKnowsDagger(t *testing.T) {
	missing := folders(t)
	for _, pkg := range dependencies(t) {
		delete(missing, strings.TrimPrefix(pkg.ImportPath, "github.com/esteira/esteira/pipelines/"))
		for _, imported := range append([]string{pkg.ImportPath}, pkg.Imports...) {
			if forbidden(imported) {
				t.Errorf("%s depends on %s: what needs Dagger belongs into ci/", pkg.ImportPath, imported)
			}
		}
	}
	for folder := range missing {
		t.Errorf("go list did not look into %s", folder)
	}
}

func TestForbidden(t *testing.T) {
	for path, want := range map[string]bool{
		"dagger.io/dagger":                              true,
		"dagger.io/dagger/dag":                          true,
		"github.com/dagger/dagger/engine":               true,
		"github.com/esteira/esteira/ci":                 true,
		"github.com/esteira/esteira/ci/internal/dagger": true,
		"example.com/x/internal/dagger":                 true,
		"github.com/esteira/esteira/pipelines/finding":  false,
		"github.com/esteira/esteira/circus":             false,
		"example.com/daggers":                           false,
	} {
		if got := forbidden(path); got != want {
			t.Errorf("forbidden(%q) = %v", path, got)
		}
	}
}

func forbidden(path string) bool {
	for _, root := range []string{"dagger.io", "github.com/dagger/dagger", "github.com/esteira/esteira/ci"} {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return strings.Contains(path+"/", "/internal/dagger/")
}

// folders are those that hold Go files, from here. To look at each of them also tells
// go test's cache, which doesn't see what go list reads, when this test is out of date.
func folders(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".go" && path.Dir(name) != "." && !strings.Contains(name, "testdata/") {
			found[path.Dir(name)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// dependencies are our packages, their tests, and everything that they need.
func dependencies(t *testing.T) []goPackage {
	t.Helper()
	var stderr bytes.Buffer
	list := exec.Command("go", "list", "-deps", "-test", "-e", "-json=ImportPath,Imports", "./...")
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []goPackage
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var pkg goPackage
		err := decoder.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, pkg)
	}
}
