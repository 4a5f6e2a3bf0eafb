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

// step is how much is thrown away at once. The engine weighs less than what the
// disk gets back, so it is asked for little, and the disk is looked at again.
const step = 2 << 30

// makeRoom throws away what was used longest ago, until disk and limit have room
// for a whole run of the tests. That is done by the engine, started for nobody:
// while it works for somebody, throwing away can take a running container's file
// system with it (docs/decisions/0038-room-is-made-before-the-work.md).
func (i instance) makeRoom(ctx context.Context, log *progress, want recipe) error {
	free, lack, err := i.room(ctx, want.Disk)
	if lack == 0 || err != nil {
		return err
	}
	err = log.step(fmt.Sprintf("make %.1f GiB of room: throw away what was used longest ago, which can take minutes", float64(lack)/(1<<30)), func() error {
		for before := lack + 1; lack > 0 && lack < before; {
			want.Spare = uint64(free + min(lack, step))
			if err := i.throwAway(ctx, log, want); err != nil {
				return err
			}
			before = lack
			if free, lack, err = i.room(ctx, want.Disk); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		log.say("not enough room was made, and the engine is started as it is: %v", err)
		return nil
	}
	return err
}

// throwAway runs the engine only for it to leave as much of the disk free as the
// recipe says.
func (i instance) throwAway(ctx context.Context, log *progress, want recipe) error {
	if err := i.start(ctx, want); err != nil {
		return err
	}
	is, err := i.load()
	if err != nil {
		return err
	}
	return errors.Join(i.prune(ctx), i.stop(log, *is), i.clear(context.WithoutCancel(ctx), *is))
}

// room is how many bytes may be written before the engine throws away what it
// made, and how many it lacks so that a run fits, or half of the cache's limit
// where that is less. What the cache takes is asked of the disk: the engine
// weighs a volume once, however it grows, and does not weigh its copy of the
// host's files at all.
func (i instance) room(ctx context.Context, limit string) (free, lack int64, err error) {
	disk, err := diskOf(i.path())
	if err != nil {
		return 0, 0, err
	}
	allowed, err := bytesOf(limit, disk)
	if err != nil {
		return 0, 0, err
	}
	taken, err := sizeOf(ctx, i.path("state"))
	if err != nil {
		return 0, 0, err
	}
	free = roomOf(disk)
	return free, max(0, roomy-free, min(roomy, allowed/2)-(allowed-taken)), nil
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
