package kustomization

import (
	"strings"
	"testing"
)

// What a program prints that is no list of objects is not taken for one, whatever it exits with.
func TestObjects(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n":                      "",
		"Warning: deprecated, all is well\n":                                              "no object, at line 1",
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\nError: no room\n": "no object, at line 6",
		"all is well\n": "no object",
		"a: b: c\n":     "no YAML",
	} {
		if err := objects([]byte(text)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
