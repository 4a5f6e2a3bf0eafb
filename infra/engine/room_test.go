package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// An engine that starts on a disk which is nearly full throws away what it made before it works for anybody, keeps what it
// is to keep by its settings, and throws nothing away where there is room.
func TestRoomIsMadeBeforeTheWork(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-room")
	if err := os.MkdirAll(b.path(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", b.path(), "tmpfs", 0, "size=19G"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if out, err := b.cmd(context.Background(), "down").CombinedOutput(); err != nil {
			t.Errorf("down: %v\n%s", err, out)
		}
		if err := unix.Unmount(b.path(), 0); err != nil {
			t.Error(err)
		}
	})
	b.up()
	const large, made = "head -c 2500M /dev/zero >/large; echo made", "made\n"
	if got := b.stdout(large); got != made {
		t.Fatalf("the engine printed %q", got)
	}

	again := func(wantRoom bool) {
		t.Helper()
		if out, code := b.call("down"); code != 0 {
			t.Fatalf("down: exit code %d\n%s", code, out)
		}
		before := b.free()
		out := b.up()
		if strings.Contains(out, "make room") != wantRoom || strings.Contains(out, "no room was made") {
			t.Errorf("room is made: want %v\n%s", wantRoom, out)
		}
		if freed := int64(b.free()) - int64(before); (freed > 2000<<20) != wantRoom {
			t.Errorf("%d bytes more are free: want room %v\n%s", freed, wantRoom, out)
		}
		if is := b.running(); is.Recipe.Spare != 0 {
			t.Errorf("the engine goes on leaving %d bytes free", is.Recipe.Spare)
		}
	}
	again(false)
	ballast := filepath.Join(b.path(), "ballast")
	if err := errors.Join(os.WriteFile(ballast, nil, 0o600), os.Truncate(ballast, 1<<30)); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(ballast, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Fallocate(int(file.Fd()), 0, 0, 1<<30), file.Close()); err != nil {
		t.Fatal(err)
	}
	again(true)
	if got := b.stdout(large); got != made {
		t.Errorf("the engine printed %q", got)
	}
}

// free is how many bytes of the instance's disk are free.
func (b bench) free() uint64 {
	b.t.Helper()
	disk, err := diskOf(b.path())
	if err != nil {
		b.t.Fatal(err)
	}
	return disk.Bfree * uint64(disk.Bsize)
}
