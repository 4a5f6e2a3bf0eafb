// Package tests calls the stages as a person does: by the dagger command line, over a real engine, on real projects. What
// it looks at is what a person sees: exit code, output, error text and files.
package tests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/report"
)

// callLimit ends a call that hangs, as dagger does for minutes on a dead engine. On an empty engine a call may build all
// tools first, an API server among them.
const callLimit = 40 * time.Minute

// lostSession is what the engine says where it looks for the session of another call that has ended meanwhile. That is its own
// fault (https://github.com/dagger/dagger/issues/9557), rare, and says nothing of what was called.
const lostSession = "failed to get requester session"

// repository is this checkout: the module under test.
var repository = mustAbs("../..")

func mustAbs(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		panic(err)
	}
	return abs
}

// TestMain makes sure that an engine answers: without one nothing here is proven, and a skipped test would look like a
// passed one.
func TestMain(m *testing.M) {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if answer := run(ctx, environment(), repository, "core", "version"); answer.code != 0 {
		fmt.Fprintf(os.Stderr, "no Dagger engine answers within %s: start one and set the environment by `make engine`\n%s", limit, answer.stderr)
		os.Exit(1)
	}
	os.Exit(withWorkspaces(m.Run))
}

// workspaces holds the folders that calls take their sources from. They stay until all tests are done: the engine takes
// two calls' equal files for one, and fails the one call when the other's folder goes in the middle of it. Their paths are
// the same in each run of a checkout: the engine keeps a copy of each path that it was ever given, for good.
var workspaces = filepath.Join(os.TempDir(), fmt.Sprintf("esteira-tests-%x", sha256.Sum256([]byte(repository)))[:len("esteira-tests-")+8])

func withWorkspaces(tests func() int) int {
	release, err := lock(workspaces + ".lock")
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v: another run of these tests is under way, wait for it\n", workspaces, err)
		return 1
	}
	defer release()
	if err := errors.Join(os.RemoveAll(workspaces), os.Mkdir(workspaces, 0o700)); err != nil {
		panic(err)
	}
	defer os.RemoveAll(workspaces)
	defer stopServers()
	return tests()
}

// lock takes a file for this process alone, or fails at once.
func lock(path string) (release func() error, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

// given counts the folders that each test was given.
var given = struct {
	sync.Mutex
	folders map[string]int
}{folders: map[string]int{}}

// workspace is an empty folder for a source.
func workspace(t *testing.T) string {
	t.Helper()
	given.Lock()
	given.folders[t.Name()]++
	dir := filepath.Join(workspaces, fmt.Sprintf("%.12x-%d", sha256.Sum256([]byte(t.Name())), given.folders[t.Name()]))
	given.Unlock()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// outcome is what a person saw of a command.
type outcome struct {
	args           []string
	stdout, stderr string
	code           int
}

// call runs `dagger call` with the module of this checkout, printing nothing but results and errors.
func call(t *testing.T, args ...string) outcome {
	t.Helper()
	return dagger(t, repository, append([]string{"-s", "call"}, args...)...)
}

// dagger runs any dagger command in a folder.
func dagger(t *testing.T, dir string, args ...string) outcome {
	t.Helper()
	return daggerIn(t, environment(), dir, args...)
}

// daggerIn does so in an environment that may name another engine.
func daggerIn(t *testing.T, env []string, dir string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callLimit)
	defer cancel()
	o := run(ctx, env, dir, args...)
	if o.code != 0 && strings.Contains(o.stderr, lostSession) {
		t.Logf("%s: the engine lost the call's session: called again", o)
		o = run(ctx, env, dir, args...)
	}
	if ctx.Err() != nil {
		t.Fatalf("%s did not end within %s\n%s", o, callLimit, o.stderr)
	}
	return o
}

func run(ctx context.Context, env []string, dir string, args ...string) outcome {
	command := exec.CommandContext(ctx, "dagger", args...)
	command.Dir, command.Env = dir, env
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	command.WaitDelay = 10 * time.Second
	return observe(command)
}

// observe runs a command, and says what a person saw of it.
func observe(command *exec.Cmd) outcome {
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(&stderr, err)
	}
	return outcome{command.Args, stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// environment is what dagger needs to find its engine, and nothing else of the caller's.
func environment() []string {
	clean := []string{"NO_COLOR=1", "DAGGER_NO_NAG=1", "DO_NOT_TRACK=1"}
	for _, name := range []string{"PATH", "HOME", "DOCKER_HOST", "_EXPERIMENTAL_DAGGER_RUNNER_HOST"} {
		if value, ok := os.LookupEnv(name); ok {
			clean = append(clean, name+"="+value)
		}
	}
	return clean
}

func (o outcome) String() string {
	return fmt.Sprintf("%s (exit code %d)", strings.Join(o.args, " "), o.code)
}

// passes ends the test unless the command succeeded, and returns its output.
func (o outcome) passes(t *testing.T) string {
	t.Helper()
	if o.code != 0 {
		t.Fatalf("%s\n%s%s", o, o.stdout, o.stderr)
	}
	return strings.TrimSpace(o.stdout)
}

// fails ends the test unless the command failed and its error says all of the words.
func (o outcome) fails(t *testing.T, words ...string) {
	t.Helper()
	if o.code == 0 {
		t.Fatalf("%s\nhas to fail\n%s", o, o.stdout)
	}
	for _, word := range words {
		if !strings.Contains(o.stderr, word) {
			t.Errorf("%s\nits error does not say %q:\n%s", o, word, o.stderr)
		}
	}
}

// reportOf is the report of a result: its calls up to the result, such as java, --source, DIR, test.
func reportOf(t *testing.T, args ...string) report.Run {
	t.Helper()
	text := call(t, append(args, "json", "contents")...).passes(t)
	parsed, err := report.ReadJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// fact is what the first stage of a report says under a name.
func fact(t *testing.T, run report.Run, name string) string {
	t.Helper()
	for _, f := range run.Stages[0].Facts {
		if f.Name == name {
			return f.Value
		}
	}
	t.Fatalf("%s: no fact %q in %v", run.Title, name, run.Stages[0].Facts)
	return ""
}

// project is a copy of testdata/maven with faults/… laid over it, in a folder of its own.
func project(t *testing.T, faults ...string) string {
	t.Helper()
	dir := workspace(t)
	overlay(t, dir, "testdata/maven")
	for _, fault := range faults {
		overlay(t, dir, filepath.Join("faults", fault))
	}
	return dir
}

// overlay copies the files of a folder over those of another, but not what a build on this machine left in it.
func overlay(t *testing.T, dir, files string) {
	t.Helper()
	err := filepath.WalkDir(files, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == "target" {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(files, path)
		if err != nil {
			return err
		}
		write(t, filepath.Join(dir, name), string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// edit replaces a text that is in a file once.
func edit(t *testing.T, file, old, new string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), old) != 1 {
		t.Fatalf("%s: %q is in it %d times, not once", file, old, strings.Count(string(text), old))
	}
	write(t, file, strings.Replace(string(text), old, new, 1))
}

// write makes a file and the folders above it.
func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	return file
}
