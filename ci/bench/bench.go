package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// component is what is measured, a folder of the repository.
const component = "apps/api-gateway"

// bench is where things lie.
type bench struct {
	repository string // this checkout: the module is loaded from it, and nothing in it is changed
	home       string // kept from run to run: the bare system
	work       string // removed at the end
	coldRuns   int
	lock       *os.File // held until the process ends
}

func newBench(coldRuns int) (*bench, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("root is needed: the bare tools run in a chroot; call with sudo")
	}
	b := &bench{coldRuns: coldRuns, home: filepath.Join(cmp.Or(os.Getenv("ESTEIRA_ENGINE_HOME"), "/var/lib/esteira"), "bench")}
	root, err := output(command(context.Background(), "git", "rev-parse", "--show-toplevel"))
	if err != nil {
		return nil, err
	}
	b.repository = strings.TrimSpace(root)
	b.work = filepath.Join(b.home, "work")
	if err := os.MkdirAll(b.home, 0o755); err != nil {
		return nil, err
	}
	if b.lock, err = os.Open(b.home); err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(b.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another bench is at work in %s, and two would measure each other: %w", b.home, err)
	}
	return b, errors.Join(os.RemoveAll(b.work), os.MkdirAll(b.work, 0o755)) // a killed run leaves its work
}

// dagger is a call of this checkout's module.
func (b *bench) dagger(ctx context.Context, args ...string) *exec.Cmd {
	c := command(ctx, "dagger", args...)
	c.Dir = b.repository
	return c
}

// check is the call that is measured, on the component or on a copy of it.
func (b *bench) check(ctx context.Context, source ...string) *exec.Cmd {
	args := []string{"call", "java"}
	for _, folder := range source {
		args = append(args, "--source", folder)
	}
	return b.dagger(ctx, append(args, "test", "check")...)
}

// passed runs a check. A green one says so on its last line; the exit code alone does not prove it.
func passed(check *exec.Cmd) error {
	text, err := output(check)
	if err != nil {
		return err
	}
	if !strings.HasSuffix("\n"+strings.TrimSpace(text), "\npassed") {
		return fmt.Errorf("%s: its last line is not `passed`:\n%s", strings.Join(check.Args, " "), tail(text))
	}
	return nil
}

// copyComponent makes a folder of what Git would take of the component.
func (b *bench) copyComponent(ctx context.Context, target string) error {
	return b.copyTree(ctx, component, target)
}

// copyTree makes a folder of what Git would take of a folder here. A file that is deleted and not committed yet is none of
// it.
func (b *bench) copyTree(ctx context.Context, folder, target string) error {
	const copyFiles = `git ls-files -z --cached --others --exclude-standard |
	  tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory="$0"`
	copied := command(ctx, "bash", "-euo", "pipefail", "-c", copyFiles, target)
	copied.Dir = filepath.Join(b.repository, folder)
	return errors.Join(os.RemoveAll(target), os.MkdirAll(target, 0o755), inTurn(copied))
}

// rootFS makes a root file system of the container that the calls return, with what a container runtime adds to it: a
// machine that knows its own name, and that of its name server.
func (b *bench) rootFS(ctx context.Context, root string, container ...string) error {
	if err := inTurn(b.dagger(ctx, append(container, "rootfs", "export", "--path="+root)...)); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	return errors.Join(
		os.Chmod(root, 0o755), // an export is the caller's alone; apt has a user of its own
		inTurn(command(ctx, "mkdir", "-p", root+"/dev", root+"/proc", root+"/etc"),
			command(ctx, "cp", "/etc/resolv.conf", root+"/etc/")),
		os.WriteFile(root+"/etc/hosts", []byte("127.0.0.1 localhost "+name+"\n"), 0o644))
}
