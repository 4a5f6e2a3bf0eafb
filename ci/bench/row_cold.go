package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// runnerHost tells dagger which engine to use.
const runnerHost = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"

// cold is the first check on an empty engine, which loads the module, too, against a fresh Debian. Both download
// packages and dependencies. Starting the engine is not counted, since the one start serves all calls.
func cold(ctx context.Context, b *bench) ([]line, error) {
	var ours, theirs []time.Duration
	for turn := range b.coldRuns {
		esteira, err := b.coldEsteira(ctx)
		if err != nil {
			return nil, err
		}
		say("check on an empty engine: %.1f s, %d of %d", esteira.Seconds(), turn+1, b.coldRuns)
		bare, err := b.installBare(ctx)
		if err != nil {
			return nil, err
		}
		say("mvn verify on a fresh Debian: %.1f s, %d of %d", bare.Seconds(), turn+1, b.coldRuns)
		ours, theirs = append(ours, esteira), append(theirs, bare)
	}
	return []line{{
		what: "test, cold", unit: "s", esteira: median(ours).Seconds(), bare: median(theirs).Seconds(),
		target: []limit{{1, 60}},
	}}, nil
}

// coldEsteira checks the component on an engine that knows nothing yet, and removes that engine.
func (b *bench) coldEsteira(ctx context.Context) (taken time.Duration, err error) {
	purge := func() error { // also after an interrupt
		return inTurn(b.engine(context.WithoutCancel(ctx), "down", "--purge"))
	}
	if err := purge(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, purge()) }()
	if err := inTurn(b.engine(ctx, "up")); err != nil {
		return 0, err
	}
	host, err := b.emptyEngine(ctx)
	if err != nil {
		return 0, err
	}
	check := b.check(ctx)
	check.Env = append(os.Environ(), runnerHost+"="+host)
	return timed(func() error { return passed(check) })
}

// engine is a command of infra/engine for the instance of the bench.
func (b *bench) engine(ctx context.Context, name string, flags ...string) *exec.Cmd {
	return command(ctx, filepath.Join(b.repository, "out/bin/engine"), append([]string{name, "--instance", "bench"}, flags...)...)
}

// emptyEngine is the address of the bench's own engine.
func (b *bench) emptyEngine(ctx context.Context) (string, error) { return b.setting(ctx, runnerHost) }

// setting is a variable that `engine env` sets for the bench's own engine.
func (b *bench) setting(ctx context.Context, variable string) (string, error) {
	lines, err := output(b.engine(ctx, "env"))
	if err != nil {
		return "", err
	}
	value, err := output(command(ctx, "sh", "-c", `unset "$2"; eval "$1"; eval "printf %s \"\$$2\""`, "sh", lines, variable))
	if err == nil && value == "" {
		err = fmt.Errorf("`engine env` names no %s: with Docker there is no empty engine to measure; leave the row out by -cold 0", variable)
	}
	return value, err
}
