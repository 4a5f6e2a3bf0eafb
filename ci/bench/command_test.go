package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutputTellsWhyACommandFailed(t *testing.T) {
	_, err := output(command(t.Context(), "sh", "-c", "seq 50; echo the reason >&2; exit 7"))
	if err == nil {
		t.Fatal("a failed command is no error")
	}
	for _, part := range []string{"sh -c seq 50", "exit status 7", "\n50\n", "the reason"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error lacks %q:\n%v", part, err)
		}
	}
	if strings.Contains(err.Error(), "\n20\n") {
		t.Errorf("error shows more than the end:\n%v", err)
	}
}

func TestPassed(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		fails  bool
	}{
		"green":                 {"echo '✓ test passed'; echo; echo passed", false},
		"red":                   {"echo passed; exit 1", true},
		"undecided, exit 0":     {"echo passed; echo undecided", true},
		"nothing said, exit 0":  {"true", true},
		"an error, but exit 0":  {"echo 'Error: x' >&2", true},
		"passed inside a line":  {"echo passedby", true},
		"passed is a last word": {"echo 1 test passed", true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := passed(command(t.Context(), "sh", "-c", c.script)); (err != nil) != c.fails {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestCopyComponent(t *testing.T) {
	repository, target := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	write := func(name, text string) {
		path := filepath.Join(repository, component, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(".gitignore", "target/\n")
	write("pom.xml", "<project/>")
	write("gone.txt", "deleted after it was added")
	write("target/app.jar", "made by a build")
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"rm", "-q", "--cached", "-r", component + "/pom.xml"}} {
		c := command(t.Context(), "git", args...)
		c.Dir = repository
		if err := inTurn(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(repository, component, "gone.txt")); err != nil {
		t.Fatal(err)
	}
	b := &bench{repository: repository}
	if err := os.MkdirAll(filepath.Join(target, "stale"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.copyComponent(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(target)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got := strings.Join(names, " "); got != ".gitignore pom.xml" {
		t.Errorf("copied %q: want what Git tracks or would track, and nothing else", got)
	}
}
