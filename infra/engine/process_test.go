package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 7 7 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 4711 1000 20"
	for _, c := range []struct{ stat, started, state, err string }{
		{stat: "7 (engine)" + rest, started: "4711", state: "S"},
		{stat: "7 (a) S 1 (b)" + rest, started: "4711", state: "S"},
		{stat: "7 engine S", err: "brackets"},
		{stat: "7 (engine) S 1 7", err: "short"},
		{stat: "", err: "brackets"},
	} {
		started, state, err := parseStat([]byte(c.stat))
		if started != c.started || state != c.state || !mentions(err, c.err) {
			t.Errorf("%q: %q, %q, %v", c.stat, started, state, err)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own)
	f.Fuzz(func(t *testing.T, stat []byte) {
		started, state, err := parseStat(stat)
		if err == nil && (started == "" || state == "" || !bytes.Contains(stat, []byte(started))) {
			t.Errorf("%q: %q, %q and no error", stat, started, state)
		}
	})
}

func sleeper(t *testing.T) (*exec.Cmd, process) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return cmd, id
}

func TestSignalEndsTheProcess(t *testing.T) {
	cmd, id := sleeper(t)
	if !id.alive() {
		t.Fatal("a running process counts as dead")
	}
	if err := id.signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !id.gone(10 * time.Second) {
		t.Error("a killed process, not yet waited for, counts as alive")
	}
	cmd.Wait()
	if id.alive() {
		t.Error("a process that is gone counts as alive")
	}
	if err := id.signal(unix.SIGKILL); err != nil {
		t.Errorf("signal to a process that is gone: %v", err)
	}
}

func TestSignalSparesWhoGotTheNumber(t *testing.T) {
	_, id := sleeper(t)
	for name, other := range map[string]process{
		"another start": {PID: id.PID, Started: "1", Boot: id.Boot},
		"another boot":  {PID: id.PID, Started: id.Started, Boot: strings.Repeat("0", 36)},
		"no process":    {},
	} {
		if other.alive() {
			t.Errorf("%s: counts as alive", name)
		}
		if other.PID == 0 {
			continue
		}
		if err := other.signal(unix.SIGKILL); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !id.alive() {
			t.Fatalf("%s: a process that is not ours was killed", name)
		}
	}
}
