package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module is one that this repository needs too, so that the go command has it already, and that never changes.
const (
	modulePins = `version: 1
parts:
  - name: mod
    version: 0.38.0
    module: {path: golang.org/x/mod, version: v0.38.0}
    manifests:
      - address: https://127.0.0.1:9/PATENTS
        sha256: 96f408bfae65bf137fc2525d3ecb030271c50c1e90799f87abf8846d8dd505cc
        file: PATENTS
`
	moduleSum = `h1:MECBjubtXD7yj4HrhIUcywNaGeNVUdfVnxmPajOk4yk=`
)

// The go command gives the file, and says why where it cannot.
func TestPartsLocal(t *testing.T) {
	cases := []struct {
		name, from, to string
		code           int
		says           string
	}{
		{"as pinned", "", "", 0, "1 addresses are stood in for, 0 findings"},
		{"by its own sum", "v0.38.0}", "v0.38.0, sum: \"" + moduleSum + "\"}", 0, "1 addresses"},
		{"by another sum", "v0.38.0}", "v0.38.0, sum: \"h1:" + strings.Repeat("A", 43) + "=\"}", 1, "golang.org/x/mod@v0.38.0 has the sum " + moduleSum},
		{"changed", "sha256: 96f4", "sha256: 86f4", 1, "esteira: parts.yaml:8: mod: PATENTS of golang.org/x/mod@v0.38.0 has the SHA-256 96f408"},
		{"no such file", "file: PATENTS", "file: PATENT", 1, "parts.yaml:9: mod: golang.org/x/mod@v0.38.0 has no PATENT"},
		{"no such version", "v0.38.0}", "v0.38.99}", 1, "go mod download: golang.org/x/mod@v0.38.99:"},
		{"not readable", "version: 1\n", "version: one\n", 1, "parts.yaml:1: cannot unmarshal"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file, into := filepath.Join(dir, "parts.yaml"), filepath.Join(dir, "out")
			if err := os.WriteFile(file, []byte(strings.Replace(modulePins, test.from, test.to, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			code := run([]string{"parts", "local", "--parts", file, "--out", into}, &stdout, &stderr)
			if said := stdout.String() + stderr.String(); code != test.code || !strings.Contains(said, test.says) {
				t.Errorf("exit code %d: %s, want %q", code, said, test.says)
			}
			if _, err := os.Stat(filepath.Join(into, "parts.json")); (err == nil) != (code == 0) {
				t.Errorf("exit code %d, and parts.json: %v", code, err)
			}
		})
	}
}

// Port 9 answers nobody.
func TestPartsVerifyWithoutInternet(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "parts.yaml")
	if err := os.WriteFile(file, []byte(modulePins), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run([]string{"parts", "verify", file}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stdout.String(), "unknown   mod: line 7:") || !strings.Contains(stderr.String(), "1 of 1 addresses") {
		t.Errorf("exit code %d: %s%s", code, &stdout, &stderr)
	}
}

// A stage goes on where pins are wrong, and shows what is.
func TestPartsLocalTells(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "parts.yaml")
	for pins, want := range map[string]string{
		strings.Replace(modulePins, "sha256: 96", "sha256: 86", 1): `"line": 8`,
		"version: 2\n": "version is 2: this reads version 1",
	} {
		if err := os.WriteFile(file, []byte(pins), 0o644); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code := run([]string{"parts", "local", "--tell", "--parts", file, "--out", dir}, &stdout, &stderr)
		text, err := os.ReadFile(filepath.Join(dir, "parts.json"))
		if code != 0 || err != nil || !strings.Contains(string(text), want) {
			t.Errorf("exit code %d: %s%s%s, %v", code, &stdout, &stderr, text, err)
		}
	}
}
