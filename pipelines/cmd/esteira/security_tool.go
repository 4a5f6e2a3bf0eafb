package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// scanningTool is a program that finds something or nothing, and that nobody believes who only looks at its exit code.
type scanningTool struct {
	executable string
	// usual matches lines on standard error that are no complaint; nil where there are none.
	usual *regexp.Regexp
}

// run is what the tool printed. A tool that complains, whatever it exits with, is an error, and so is one that prints
// nothing, and one that exits with anything but 0, or 1 where it printed something too.
func (t scanningTool) run(args ...string) ([]byte, error) {
	name := filepath.Base(t.executable)
	executable, err := exec.LookPath(t.executable)
	if err != nil {
		return nil, err
	}
	if executable, err = filepath.Abs(executable); err != nil {
		return nil, err
	}
	// An empty folder: settings that lie where somebody called are none of ours.
	empty, err := os.MkdirTemp("", "empty")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(empty)
	var stdout, stderr bytes.Buffer
	command := exec.Command(executable, args...)
	command.Stdout, command.Stderr, command.Dir = &stdout, &stderr, empty
	err = command.Run()
	complaint := t.complaint(stderr.String())
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		return nil, fmt.Errorf("%s: %w", name, err)
	case complaint != "":
		return nil, fmt.Errorf("%s complains: %s", name, complaint)
	case err != nil && (exit.ExitCode() != 1 || stdout.Len() == 0):
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(bytes.TrimSpace(stdout.Bytes())) == 0:
		return nil, fmt.Errorf("%s printed nothing", name)
	}
	return stdout.Bytes(), nil
}

func (t scanningTool) complaint(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" && (t.usual == nil || !t.usual.MatchString(line)) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
