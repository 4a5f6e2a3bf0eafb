// Package git reads and writes commits by the git command, run with arguments and never by a shell. What it writes is made
// beside the work tree: objects first, then one reference by compare-and-swap, so that whoever is killed leaves a branch as
// it was before or as it is after.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Repository is a clone.
type Repository struct {
	// Dir is its work tree, or a bare repository.
	Dir string
}

// Open is the repository whose work tree a folder is.
func Open(ctx context.Context, dir string) (Repository, error) {
	repository := Repository{Dir: dir}
	top, err := repository.line(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return Repository{}, err
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return Repository{}, err
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err != nil || resolved != top {
		return Repository{}, fmt.Errorf("%s is not the root of a Git work tree: name the folder that has .git", dir)
	}
	return repository, nil
}

// Error is a git command that failed.
type Error struct {
	// Command is its first argument, Said what it printed to its standard error.
	Command, Said string
	// Code is its exit code.
	Code int
}

func (e *Error) Error() string {
	return fmt.Sprintf("git %s exited with %d: %s", e.Command, e.Code, e.Said)
}

// call is one run of git.
type call struct {
	args  []string
	input []byte
	env   []string
}

// run is what a call printed.
func (r Repository) run(ctx context.Context, c call) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, "git", append([]string{"-C", r.Dir, "-c", "core.quotePath=false"}, c.args...)...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(c.input), &stdout, &stderr
	command.Env = append(append(environment(), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"), c.env...)
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, &Error{Command: c.args[0], Code: exit.ExitCode(), Said: strings.TrimSpace(stderr.String())}
	}
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", c.args[0], err)
	}
	return stdout.Bytes(), nil
}

// elsewhere are the variables that name another repository than the folder does: a hook has them.
var elsewhere = []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX"}

func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(elsewhere, name)
	})
}

// line is the one line that a command prints.
func (r Repository) line(ctx context.Context, args ...string) (string, error) {
	output, err := r.run(ctx, call{args: args})
	return strings.TrimSuffix(string(output), "\n"), err
}
