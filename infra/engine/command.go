package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// lastLines is how much of a failed command's output its error shows.
const lastLines = 20

// command is a program that dies with us: neither an interrupt nor a SIGKILL
// leaves it at work behind our back.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// isolated is a command in a process namespace of its own: all of its
// descendants die with it, too.
func isolated(ctx context.Context, name string, args ...string) *exec.Cmd {
	outer := []string{"--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL", "--", name}
	return command(ctx, "unshare", append(outer, args...)...)
}

// output runs a command and returns what it printed on its standard output.
// The error of a failed one shows the end of what it complained about.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	err := run(cmd)
	return stdout.Bytes(), err
}

// run runs a command. The error of a failed one shows the end of its output.
func run(cmd *exec.Cmd) error {
	var said bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &said
	}
	cmd.Stderr = &said
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not installed: %w", cmd.Args[0], err)
	}
	return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, tail(said.String(), lastLines))
}

// tail returns the last n lines of a text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
