package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// makeRoom throws away what was used longest ago, until the disk has room for a
// whole run of the tests. That is done by the engine, started for nobody: while
// it works for somebody, throwing away can take a running container's file
// system with it (docs/decisions/0038-room-is-made-before-the-work.md).
func (i instance) makeRoom(ctx context.Context, log *progress, want recipe) error {
	note, err := tight(i.path())
	if note == "" || err != nil {
		return err
	}
	want.Spare = roomy
	err = log.step("make room: throw away what was used longest ago", func() error {
		if err := i.start(ctx, want); err != nil {
			return err
		}
		is, err := i.load()
		if err != nil {
			return err
		}
		return errors.Join(i.prune(ctx), i.stop(log, *is), i.clear(context.WithoutCancel(ctx), *is))
	})
	if err != nil && ctx.Err() == nil {
		log.say("no room was made, and the engine is started as it is: %v", err)
		return nil
	}
	return err
}

// prune has the engine do at once what it does now and then by itself.
func (i instance) prune(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, i.home.path("bin", "dagger"), "query", "--no-mod", "--silent")
	cmd.Stdin = strings.NewReader(`{engine{localCache{prune(useDefaultPolicy:true)}}}`)
	cmd.Env = append(os.Environ(), "_EXPERIMENTAL_DAGGER_RUNNER_HOST=unix://"+i.socket(), "DAGGER_NO_NAG=1")
	complaints := new(bytes.Buffer)
	cmd.Stderr = complaints
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("prune the engine's cache: %w\n%s", err, complaints)
	}
	return nil
}
