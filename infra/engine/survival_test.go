package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const draw = "head -c 16 /dev/urandom | sha256sum"

func TestEngineKilledInTheMiddleOfACall(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-kill")
	b.up()
	drawn := b.stdout(draw)
	for _, victim := range []string{"engine", "docker-registry", "supervisor"} {
		t.Run(victim, func(t *testing.T) {
			b.t = t
			was := b.running()
			pid := was.Process.PID
			call := b.startCall()
			below := descendants(t, was.Process.PID)
			if victim != "supervisor" {
				pid = b.child(victim)
			}
			if err := unix.Kill(pid, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if !was.Process.gone(answerLimit) {
				t.Fatal("the supervisor outlives what it supervises")
			}
			call.Process.Kill() // Dagger's command would wait for more than a minute
			call.Wait()
			if out, code := b.call("status"); code != exitDown || !strings.Contains(out, "dead") {
				t.Errorf("status: exit code %d; want %d and that it is dead\n%s", code, exitDown, out)
			}
			if out := b.up(); !strings.Contains(out, "dead: starting it again") {
				t.Errorf("up does not say what it found:\n%s", out)
			}
			for pid, name := range below {
				if now := descendants(t, was.Process.PID); len(now) > 0 || commandOf(pid) == name {
					t.Errorf("%s (%d) of the killed engine is left over", name, pid)
				}
			}
			if again := b.stdout(draw); again != drawn {
				t.Errorf("the cache is lost: drew %q, then %q", drawn, again)
			}
		})
	}
}

func commandOf(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}

// startCall starts a call that does not end and waits until its container runs.
func (b bench) startCall() *exec.Cmd {
	b.t.Helper()
	marker := fmt.Sprint(time.Now().UnixNano())
	call := b.shell(context.Background(), "sleep 600 # "+marker)
	if err := call.Start(); err != nil {
		b.t.Fatal(err)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		for _, name := range descendants(b.t, b.running().Process.PID) {
			if name == "sleep" {
				return call
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.t.Fatal("the container of the call does not start")
	return nil
}

func TestHungEngineIsReplaced(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-hung")
	b.up()
	was := b.running().Process
	if err := unix.Kill(b.child("engine"), unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if out, code := b.call("status"); code != exitDown || !strings.Contains(out, "hung") {
		t.Errorf("status: exit code %d; want %d and that it is hung\n%s", code, exitDown, out)
	}
	if out := b.up(); !strings.Contains(out, "hung") {
		t.Errorf("up does not say what it found:\n%s", out)
	}
	if was.alive() || b.running().Process == was {
		t.Error("the hung engine was not replaced")
	}
	if got := b.stdout("echo works"); got != "works\n" {
		t.Errorf("the new engine printed %q", got)
	}
}

func TestStaleStateNamesAnotherProcess(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-stale")
	b.up()
	is := b.running()
	if out, code := b.call("down"); code != 0 {
		t.Fatalf("down: exit code %d\n%s", code, out)
	}
	_, bystander := sleeper(t)
	is.Process.PID = bystander.PID // its number was given out again
	if err := b.save(is); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(b.socket()), 0o700); err != nil {
		t.Fatal(err)
	}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: b.socket()})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close() // a socket file that nobody listens on
	b.up()
	if !bystander.alive() {
		t.Error("up killed a process that is not ours")
	}
	if got := b.stdout("echo works"); got != "works\n" {
		t.Errorf("the engine printed %q", got)
	}
}

// What a killed engine left may be a cache that no engine takes, seen with snapshots that were being removed: "requested
// snapshot … not active".
func TestUnusableCacheIsLeft(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-unusable")
	b.up()
	if out, code := b.call("down"); code != 0 {
		t.Fatalf("down: exit code %d\n%s", code, out)
	}
	worker := b.path("state", "worker")
	if err := errors.Join(os.RemoveAll(worker), os.WriteFile(worker, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if out := b.up(); !strings.Contains(out, "does not start on its cache") {
		t.Errorf("up does not say what it found:\n%s", out)
	}
	if got := b.stdout("echo works"); got != "works\n" {
		t.Errorf("the engine printed %q", got)
	}
	if _, err := os.Stat(b.path(unusable)); !os.IsNotExist(err) {
		t.Errorf("the old cache takes up room still: %v", err)
	}
}

func TestUpsAtOnceStartOneEngine(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-two")
	const callers = 3
	results := make(chan string, callers)
	for range callers {
		go func() {
			out, err := b.cmd(context.Background(), "up").CombinedOutput()
			if err != nil {
				out = fmt.Appendf(out, "failed: %v", err)
			}
			results <- string(out)
		}()
	}
	starts := 0
	for range callers {
		out := <-results
		if strings.Contains(out, "failed") {
			t.Error(out)
		}
		starts += strings.Count(out, "start engine test-two: started")
	}
	if starts != 1 {
		t.Errorf("%d engines were started; want 1", starts)
	}
}

func TestStartInterrupted(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-int")
	for _, after := range []time.Duration{0, 20, 150, 400, 60} {
		b.interrupt(unix.SIGKILL, "start engine test-int: started", after*time.Millisecond)
		if after == 60 {
			continue // the next up finds what this one left
		}
		if out, code := b.call("down"); code != 0 {
			t.Fatalf("down: exit code %d\n%s", code, out)
		}
	}
	b.up()
	if n := len(b.supervisors()); n != 1 {
		t.Errorf("%d engines run in one instance; want 1", n)
	}
	if got := b.stdout("echo works"); got != "works\n" {
		t.Errorf("the engine printed %q", got)
	}
}

// supervisors are the processes that live in a house made of this instance's folder.
func (b bench) supervisors() []int {
	b.t.Helper()
	var found []int
	for pid, name := range descendants(b.t, 0) {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
		if err == nil && name == filepath.Base(program) && bytes.Contains(mounts, []byte("/instances/"+b.name+"/")) {
			command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if err == nil && bytes.Contains(command, []byte("supervise")) {
				found = append(found, pid)
			}
		}
	}
	return found
}

// interrupt starts `up`, waits for a line of its progress and a while more, and
// sends it a signal.
func (b bench) interrupt(sig unix.Signal, line string, after time.Duration) string {
	b.t.Helper()
	cmd := b.cmd(context.Background(), "up")
	out, in, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = in, in
	if err := errors.Join(cmd.Start(), in.Close()); err != nil {
		b.t.Fatal(err)
	}
	var said bytes.Buffer
	chunk := make([]byte, 512)
	for !strings.Contains(said.String(), line) {
		n, err := out.Read(chunk)
		said.Write(chunk[:n])
		if err != nil {
			b.t.Fatalf("up ended before %q:\n%s", line, &said)
		}
	}
	time.Sleep(after)
	if err := cmd.Process.Signal(sig); err != nil {
		b.t.Fatal(err)
	}
	if _, err := said.ReadFrom(out); err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		b.t.Logf("up was done before it was interrupted, %s after %q", after, line)
	}
	return said.String()
}

// TestMakingInterrupted makes the base image in a home of its own, whose other
// parts are links to the shared ones.
func TestMakingInterrupted(t *testing.T) {
	shared := sharedHome(t)
	h := home(t.TempDir())
	b := newBench(t, h, "test-make")
	if err := h.prepare(); err != nil {
		t.Fatal(err)
	}
	p, err := shared.plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []part{p.cli, p.engine, p.registry, p.goSDK} {
		if err := os.Symlink(shared.partDir(one), h.partDir(one)); err != nil {
			t.Fatal(err)
		}
	}
	said := b.interrupt(unix.SIGINT, "base-debian: started", 2*time.Second)
	if !strings.Contains(said, "interrupted; call again") {
		t.Errorf("an interrupted up says\n%s", said)
	}
	for _, after := range []time.Duration{0, 5 * time.Second} {
		b.interrupt(unix.SIGKILL, "base-debian: started", after)
		if h.has(p.baseDebian) || h.has(p.baseImage) {
			t.Fatal("half an image counts as made")
		}
	}
	b.up()
	if got := b.stdout("echo works"); got != "works\n" {
		t.Errorf("the engine printed %q", got)
	}
	if out, err := exec.Command("pgrep", "--full", "mmdebstrap.*"+string(h)).Output(); err == nil {
		t.Errorf("work of an interrupted command is still going on: %s", out)
	}
}
