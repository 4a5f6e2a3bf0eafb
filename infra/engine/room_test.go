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

// An engine that starts on a disk which is nearly full, or with a cache near its limit, throws away what it made before it
// works for anybody, and nothing where there is room.
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
	fill := func(with string) {
		t.Helper()
		if got := b.stdout("head -c 2500M /dev/zero >/large; echo " + with); got != with+"\n" {
			t.Fatalf("the engine printed %q", got)
		}
	}

	again := func(wantRoom bool) {
		t.Helper()
		if out, code := b.call("down"); code != 0 {
			t.Fatalf("down: exit code %d\n%s", code, out)
		}
		before := b.free()
		out := b.up()
		if strings.Contains(out, "of room: throw away") != wantRoom || strings.Contains(out, "not enough room was made") {
			t.Errorf("room is made: want %v\n%s", wantRoom, out)
		}
		if freed := int64(b.free()) - int64(before); wantRoom && freed < 2000<<20 {
			t.Errorf("%d bytes more are free\n%s", freed, out)
		}
		if is := b.running(); is.Recipe.Spare != 0 {
			t.Errorf("the engine goes on leaving %d bytes free", is.Recipe.Spare)
		}
	}

	fill("first")
	again(false)

	fill("second")
	ballast := filepath.Join(b.path(), "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Fallocate(int(file.Fd()), 0, 0, 1<<30), file.Close()); err != nil {
		t.Fatal(err)
	}
	again(true)

	fill("third")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ESTEIRA_ENGINE_DISK", "4GB")
	again(true)
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
