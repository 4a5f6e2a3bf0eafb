package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/ci/internal/dagger"
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

// pick is the files of a folder that match, or nil where none does. Each is taken by itself, because a file is addressed by its content and a
// filtered folder by all that lay in it (docs/decisions/0003).
func pick(ctx context.Context, source *dagger.Directory, patterns []string) (*dagger.Directory, error) {
	found := make([][]string, len(patterns))
	var group errgroup.Group
	for i, pattern := range patterns {
		group.Go(func() (err error) {
			found[i], err = source.Glob(ctx, pattern)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	isFolder := func(name string) bool { return strings.HasSuffix(name, "/") }
	names := slices.DeleteFunc(slices.Concat(found...), isFolder)
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	picked := dag.Directory()
	for _, name := range slices.Compact(names) {
		picked = picked.WithFile(name, source.File(name))
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
