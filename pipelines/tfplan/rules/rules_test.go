package rules

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// All rules travel with the command, and nothing else does. Their cases (*_test.rego) are tried by conftest in ci/tests.
func TestFiles(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.rego")
	if err != nil {
		t.Fatal(err)
	}
	var want int
	for _, name := range names {
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		want++
		if _, err := fs.Stat(Files, name); err != nil {
			t.Error(err)
		}
	}
	if entries, err := Files.ReadDir("."); err != nil || len(entries) != want {
		t.Errorf("%d files travel, want %d: %v", len(entries), want, err)
	}
}
