package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// makeRoom throws away what was used longest ago, until disk and limit have room
// for a whole run of the tests. That is done by the engine, started for nobody:
// while it works for somebody, throwing away can take a running container's file
// system with it (docs/decisions/0038-room-is-made-before-the-work.md).
func (i instance) makeRoom(ctx context.Context, log *progress, want recipe) error {
	var err error
	if want.Spare, err = i.spare(ctx, want.Disk); want.Spare == 0 || err != nil {
		return err
	}
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

// spare is how many bytes of the disk have to be free, beyond the twentieth that
// always has to, so that the cache can grow by what a run writes, or by half of
// its limit where that is less. It is 0 where it can. What the cache takes is
// asked of the disk: the engine weighs a volume once, however it grows, and does
// not weigh its copy of the host's files at all.
func (i instance) spare(ctx context.Context, limit string) (uint64, error) {
	disk, err := diskOf(i.path())
	if err != nil {
		return 0, err
	}
	allowed, err := bytesOf(limit, disk)
	if err != nil {
		return 0, err
	}
	taken, err := sizeOf(ctx, i.path("state"))
	if err != nil {
		return 0, err
	}
	free := roomOf(disk)
	lack := max(roomy-free, min(roomy, allowed/2)-(allowed-taken))
	if lack <= 0 {
		return 0, nil
	}
	return uint64(free + lack), nil
}

// sizeOf is how many bytes of its disk a folder takes.
func sizeOf(ctx context.Context, folder string) (int64, error) {
	out, err := exec.CommandContext(ctx, "du", "--summarize", "--one-file-system", "--block-size=1", folder).Output()
	if err != nil {
		return 0, fmt.Errorf("look how much %s takes: %w", folder, err)
	}
	size, _, _ := strings.Cut(string(out), "\t")
	return strconv.ParseInt(size, 10, 64)
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
