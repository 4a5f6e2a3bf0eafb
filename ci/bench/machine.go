package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine says on what and when it is measured, and warns if others are at work on it.
func machine() (string, error) {
	kilobytes, err := procField("/proc/meminfo", 1)
	if err != nil {
		return "", err
	}
	load, err := procField("/proc/loadavg", 0)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("- %s, %d cores, %.0f GiB of memory, load %.2f at the start\n",
		time.Now().Format("2006-01-02 15:04 MST"), runtime.NumCPU(), kilobytes/(1<<20), load)
	if busy(load, runtime.NumCPU()) {
		text += "- **The machine was busy when this began: the figures are worth little. Wait until it is idle.**\n"
	}
	return text, nil
}

// busy says whether others leave less than three quarters of the machine to us.
func busy(load float64, cores int) bool { return load > float64(cores)/4 }

// procField reads the first line of a file of the kernel's, and of it one field, a number.
func procField(path string, field int) (float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(first)
	if field >= len(fields) {
		return 0, fmt.Errorf("%s: its first line is %q and has no field %d", path, first, field)
	}
	value, err := strconv.ParseFloat(fields[field], 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return value, nil
}

// versions says what was measured.
func (b *bench) versions(ctx context.Context) (string, error) {
	commands := []*exec.Cmd{
		command(ctx, "git", "log", "-1", "--format=commit %h of %cs"),
		command(ctx, "dagger", "version"),
	}
	if _, err := os.Stat(b.bareRoot()); err == nil { // a row that needs none has made none
		commands = append(commands,
			chrooted(ctx, b.bareRoot(), nil, "java", "--version"),
			chrooted(ctx, b.bareRoot(), nil, "mvn", "-B", "--version"))
	}
	var text strings.Builder
	for _, c := range commands {
		said, err := output(c)
		if err != nil {
			return "", err
		}
		first, _, _ := strings.Cut(said, "\n")
		fmt.Fprintf(&text, "- %s\n", first)
	}
	return text.String(), nil
}
