package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// The exit codes of coreutils' timeout: of a command that it ended, and of one that had to be killed.
const (
	exitTimeout = 124
	exitKilled  = 137
)

// withTimeout ends a command that runs longer than limit.
func withTimeout(limit time.Duration, args ...string) []string {
	return append([]string{"timeout", "--kill-after=10", fmt.Sprint(limit.Seconds())}, args...)
}

// broken is the stage of a command that failed: it ran out of time, or diagnose says why, and whether that is the work's
// fault.
func broken(failed *dagger.ExecError, limit time.Duration, diagnose func(output string) (report.Stage, bool)) report.Stage {
	output := failed.Stdout + "\n" + failed.Stderr
	if failed.ExitCode == exitTimeout || failed.ExitCode == exitKilled {
		return report.Stage{
			Status:  report.Undecided,
			Summary: fmt.Sprintf("it ran past its time-out of %s and was stopped", limit),
			Remedy:  "look for what hangs, or give it more by --timeout", Log: tail(output),
		}
	}
	stage, decided := diagnose(output)
	stage.Status, stage.Log = report.Undecided, tail(output)
	if decided {
		stage.Status = report.Failed
	}
	return stage
}

// pick is the files of a folder that match, or nil where none does, keyed by their content alone: a filtered folder is
// keyed by all that lay in it (docs/decisions/0003). Text is read and written anew, because a file that is handed on is
// remembered with the call that it came from, and another call with an equal file fails once that one has ended.
func pick(ctx context.Context, source *dagger.Directory, patterns []string) (*dagger.Directory, error) {
	var names []string
	for _, pattern := range patterns {
		found, err := source.Glob(ctx, pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, slices.DeleteFunc(found, func(name string) bool { return strings.HasSuffix(name, "/") })...)
	}
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	picked := dag.Directory()
	for _, name := range slices.Compact(names) {
		if strings.HasSuffix(name, ".jar") {
			picked = picked.WithFile(name, source.File(name))
			continue
		}
		text, err := source.File(name).Contents(ctx)
		if err != nil {
			return nil, err
		}
		picked = picked.WithNewFile(name, text)
	}
	return picked, nil
}

// tail is the end of a tool's output: what a person reads first.
func tail(output string) string {
	const lines = 60
	all := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// plain is the error that a command printed: its own words, without the engine's.
func plain(err error) error {
	var failed *dagger.ExecError
	if !errors.As(err, &failed) {
		return err
	}
	return errors.New(tail(failed.Stderr + "\n" + failed.Stdout))
}
