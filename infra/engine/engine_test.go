package main

// These tests run real engines, in instances of their own beside the main one.
// They need root and take minutes: `go test -short` leaves them out.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// program is the command under test, built once.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "engine-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if err := os.Chmod(dir, 0o755); err != nil { // for the test that is nobody
			panic(err)
		}
		program = filepath.Join(dir, "engine")
		if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v\n%s", err, out))
		}
		return m.Run()
	}())
}

// bench is an instance that a test may do anything with.
type bench struct {
	t *testing.T
	instance
}

func newBench(t *testing.T, h home, name string) bench {
	t.Helper()
	if testing.Short() {
		t.Skip("runs an engine")
	}
	if os.Geteuid() != 0 {
		t.Skip("an engine without Docker needs root")
	}
	if dockerAnswers(t.Context()) {
		t.Skip("Docker answers: no engine of ours is started")
	}
	b := bench{t: t, instance: instance{home: h, name: name}}
	t.Cleanup(func() {
		if out, err := b.cmd(context.Background(), "down", "--purge").CombinedOutput(); err != nil {
			t.Errorf("down --purge: %v\n%s", err, out)
		}
	})
	return b
}

// sharedHome is where the main instance lives: what is built there is used here.
func sharedHome(t *testing.T) home {
	t.Helper()
	h, err := findHome()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (b bench) cmd(ctx context.Context, verb string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, append([]string{verb, "--instance", b.name}, args...)...)
	cmd.Env = append(os.Environ(), "ESTEIRA_ENGINE_HOME="+string(b.home))
	return cmd
}

// call runs a command of ours and returns what it printed and its exit code.
func (b bench) call(verb string, args ...string) (string, int) {
	b.t.Helper()
	cmd := b.cmd(b.t.Context(), verb, args...)
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (b bench) up() string {
	b.t.Helper()
	out, code := b.call("up")
	if code != 0 {
		b.t.Fatalf("up: exit code %d\n%s", code, out)
	}
	return out
}

func (b bench) running() running {
	b.t.Helper()
	is, err := b.load()
	if err != nil || is == nil {
		b.t.Fatalf("nothing is written down as running: %v", err)
	}
	return *is
}

// query is a call of Dagger's API by its own command.
func (b bench) query(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.home.path("bin", "dagger"), "query", "--no-mod", "--silent")
	cmd.Stdin = strings.NewReader(text)
	cmd.Env = append(os.Environ(), "_EXPERIMENTAL_DAGGER_RUNNER_HOST=unix://"+b.socket(), "DAGGER_NO_NAG=1")
	return cmd
}

// shell is a call that runs a script in a container.
func (b bench) shell(ctx context.Context, script string) *exec.Cmd {
	text, err := json.Marshal(script)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.query(ctx, `{container{from(address:"debian:trixie-slim"){withExec(args:["sh","-c",`+string(text)+`]){stdout}}}}`)
}

// answer runs a call and decodes what it printed.
func (b bench) answer(call *exec.Cmd, into any) {
	b.t.Helper()
	complaints := new(bytes.Buffer)
	call.Stderr = complaints
	out, err := call.Output()
	if err != nil {
		b.t.Fatalf("dagger query: %v\n%s", err, complaints)
	}
	if err := json.Unmarshal(out, into); err != nil {
		b.t.Fatalf("dagger query printed %q: %v", out, err)
	}
}

// stdout runs a script in a container and returns what it printed.
func (b bench) stdout(script string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 3*time.Minute)
	defer cancel()
	var got struct {
		Container struct {
			From struct {
				WithExec struct{ Stdout string }
			}
		}
	}
	b.answer(b.shell(ctx, script), &got)
	return got.Container.From.WithExec.Stdout
}

// descendants returns the processes below one, with their names.
func descendants(t *testing.T, top int) map[int]string {
	t.Helper()
	out, err := exec.Command("ps", "-e", "-o", "pid=,ppid=,comm=").Output()
	if err != nil {
		t.Fatal(err)
	}
	names, parents := map[int]string{}, map[int]int{}
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		var name string
		if _, err := fmt.Sscan(line, &pid, &parent, &name); err != nil {
			t.Fatalf("ps printed %q: %v", line, err)
		}
		names[pid], parents[pid] = name, parent
	}
	below := map[int]string{}
	for pid, name := range names {
		for up := pid; up > 0; {
			if up = parents[up]; up == top {
				below[pid] = name
			}
		}
	}
	return below
}

// child returns the process of that name which a supervisor started itself: one
// that the engine is about to start is called engine, too, for a moment.
func (b bench) child(name string) int {
	b.t.Helper()
	out, err := exec.Command("ps", "-o", "pid=,comm=", "--ppid", strconv.Itoa(b.running().Process.PID)).Output()
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[1] == name {
			pid, err := strconv.Atoi(fields[0])
			if err != nil {
				b.t.Fatal(err)
			}
			return pid
		}
	}
	b.t.Fatalf("no %s among\n%s", name, out)
	return 0
}

func TestNothingIsLeftOnTheHost(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-left")
	b.up()
	for range 2 { // rules of a killed engine must not pile up
		if err := b.running().Process.signal(unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		b.up()
	}
	device := b.running().Network.Device
	if got := rulesOf(t, device); got != 3 {
		t.Errorf("%d packet filter rules while it runs; want 3", got)
	}
	b.stdout("echo this makes a control group")
	if out, code := b.call("down"); code != 0 {
		t.Fatalf("down: exit code %d\n%s", code, out)
	}
	if got := rulesOf(t, device); got != 0 {
		t.Errorf("%d packet filter rules left", got)
	}
	for _, pattern := range []string{"/sys/class/net/", "/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		if left, err := filepath.Glob(pattern + device); err != nil || len(left) > 0 {
			t.Errorf("left over: %v, %v", left, err)
		}
	}
	if out, code := b.call("status"); code != exitDown {
		t.Errorf("status after down: exit code %d\n%s", code, out)
	}
	if out, code := b.call("down"); code != 0 {
		t.Errorf("a second down: exit code %d\n%s", code, out)
	}
}

func rulesOf(t *testing.T, device string) int {
	t.Helper()
	n := 0
	for _, table := range []string{"filter", "nat"} {
		out, err := exec.Command("iptables", "-w", "-t", table, "-S").Output()
		if err != nil {
			t.Fatal(err)
		}
		n += strings.Count(string(out), "esteira engine "+device)
	}
	return n
}

func TestTakenAddressesAndPorts(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-taken")
	b.up()
	first := b.running().Network
	if out, code := b.call("down"); code != 0 {
		t.Fatalf("down: exit code %d\n%s", code, out)
	}
	port, err := net.Listen("tcp", "0.0.0.0:"+registryPort)
	if err == nil {
		defer port.Close()
	} else if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatal(err)
	}
	const device = "est-test-taken"
	if err := ipBatch(t.Context(), "link add "+device+" type bridge", "address add "+first.Guest.String()+" dev "+device, "link set "+device+" up"); err != nil {
		t.Fatal(err)
	}
	defer ipBatch(context.Background(), "link delete "+device)
	b.up()
	if now := b.running().Network; now.Host.Overlaps(first.Host) {
		t.Errorf("took %s although the host uses it", now.Host)
	}
	if got := b.stdout("echo works"); got != "works\n" {
		t.Errorf("the engine printed %q", got)
	}
}

func TestCacheHasALimit(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-disk")
	t.Setenv("ESTEIRA_ENGINE_DISK", "7GB")
	b.up()
	var got struct {
		Engine struct {
			LocalCache struct{ MaxUsedSpace, MinFreeSpace uint64 }
		}
	}
	b.answer(b.query(t.Context(), "{engine{localCache{maxUsedSpace minFreeSpace}}}"), &got)
	var disk unix.Statfs_t
	if err := unix.Statfs(string(b.home), &disk); err != nil {
		t.Fatal(err)
	}
	unusable := (disk.Bfree - disk.Bavail) * uint64(disk.Bsize)
	if cache := got.Engine.LocalCache; cache.MaxUsedSpace != 7<<30 || cache.MinFreeSpace <= unusable {
		t.Errorf("the engine's limits are %+v; want 7 GB used at most, and some left free beside the %d bytes that nobody may take", cache, unusable)
	}
}

func TestContainersTrustWhatTheHostTrusts(t *testing.T) {
	b := newBench(t, sharedHome(t), "test-trust")
	b.up()
	host, err := hostTrust()
	if err != nil {
		t.Fatal(err)
	}
	got := split([]byte(b.stdout("cat " + trustBundle)))
	if missing := lacking(got, split(host)); len(missing) > 0 || len(got) == 0 {
		t.Errorf("a container trusts %d certificates and lacks %d of the host's", len(got), len(missing))
	}
}

func TestWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become nobody")
	}
	if dockerAnswers(t.Context()) {
		t.Skip("Docker answers: root is not needed")
	}
	dir := t.TempDir()
	cmd := exec.Command(program, "up")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "ESTEIRA_ENGINE_HOME=" + dir, "HOME=" + dir}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != exitUsage {
		t.Errorf("%v; want exit code %d", err, exitUsage)
	}
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); len(lines) != 1 || !strings.Contains(lines[0], "root is needed") {
		t.Errorf("said %q; want one line that says what is needed", out)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("began to work: %v, %v", entries, err)
	}
}

// TestWithDocker needs no Docker: what counts is that its client says that it
// answers, and no engine is started then.
func TestWithDocker(t *testing.T) {
	if testing.Short() {
		t.Skip("builds Dagger's command")
	}
	shared := sharedHome(t)
	p, err := shared.plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := home(t.TempDir())
	if err := h.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(shared.partDir(p.cli), h.partDir(p.cli)); err != nil {
		t.Fatal(err)
	}
	client := t.TempDir()
	if err := os.WriteFile(filepath.Join(client, "docker"), []byte("#!/bin/sh\necho 29.0.0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", client+":"+os.Getenv("PATH"))
	b := bench{t: t, instance: instance{home: h, name: mainInstance}}
	if out := b.up(); !strings.Contains(out, "no engine is started") {
		t.Errorf("up says\n%s", out)
	}
	if is, err := b.load(); is != nil || err != nil {
		t.Errorf("an engine was started: %v, %v", is, err)
	}
	if out, code := b.call("env"); code != 0 || strings.Contains(out, "RUNNER_HOST") || !strings.Contains(out, h.path("bin")) {
		t.Errorf("env: exit code %d\n%s", code, out)
	}
	if out, err := exec.Command(h.path("bin", "dagger"), "version").Output(); err != nil || !strings.Contains(string(out), daggerVersion) {
		t.Errorf("dagger version: %s, %v", out, err)
	}
}
