package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// command is a program that ends with us: on an interrupt it may clean up, and it does not outlive us.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGINT) }
	c.WaitDelay = 10 * time.Second
	return c
}

// enter gives the program in its arguments a root file system of its own. What it mounts is seen by nobody else and goes
// with it.
const enter = `mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"`

// chrooted is a program in another root file system, on the host's network, with an environment of its own. All of its
// descendants end with it. It runs as root: a change of user would clear the signal that ends it with us.
func chrooted(ctx context.Context, root string, env []string, args ...string) *exec.Cmd {
	outer := []string{"--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc=" + root + "/proc", "--", "sh", "-c", enter, root}
	c := command(ctx, "unshare", append(outer, args...)...)
	c.Cancel = func() error { return c.Process.Kill() }
	c.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}, env...)
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(strings.ToUpper(entry), "="); strings.HasSuffix(name, "_PROXY") {
			c.Env = append(c.Env, entry)
		}
	}
	return c
}

// output runs a command and returns what it printed on its standard output. The error of a failed one shows the end of
// all that it printed.
func output(c *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, tail(stdout.String()+stderr.String()))
	}
	return stdout.String(), nil
}

// inTurn runs commands one after another until one fails.
func inTurn(commands ...*exec.Cmd) error {
	for _, c := range commands {
		if _, err := output(c); err != nil {
			return err
		}
	}
	return nil
}

// tail is the last lines of a text.
func tail(text string) string {
	const most = 20
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
