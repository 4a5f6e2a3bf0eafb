package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process names one process for ever: numbers are given out again, but not
// together with the same start time in the same boot.
type process struct {
	PID     int    `json:"pid"`
	Started string `json:"started"` // clock ticks after boot, from /proc/PID/stat
	Boot    string `json:"boot"`
}

func identify(pid int) (process, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	started, state, err := parseStat(stat)
	if err != nil {
		return process{}, fmt.Errorf("process %d: %w", pid, err)
	}
	if state == "Z" {
		return process{}, fmt.Errorf("process %d has ended: %w", pid, os.ErrNotExist)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return process{}, err
	}
	return process{PID: pid, Started: started, Boot: strings.TrimSpace(string(boot))}, nil
}

// parseStat reads a process's start time and state from its stat line. The
// second field is the program's name in brackets and may hold anything.
func parseStat(stat []byte) (started, state string, err error) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return "", "", fmt.Errorf("its stat line %q has no name in brackets", stat)
	}
	fields := strings.Fields(string(stat[end+1:]))
	const stateField, startField = 0, 19 // counted from the one after the name
	if len(fields) <= startField {
		return "", "", fmt.Errorf("its stat line %q is too short", stat)
	}
	return fields[startField], fields[stateField], nil
}

// alive says whether this very process still runs.
func (p process) alive() bool {
	if p.PID <= 1 {
		return false
	}
	now, err := identify(p.PID)
	return err == nil && now == p
}

// signal sends a signal to this very process, never to another one that was
// given its number.
func (p process) signal(sig unix.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if !p.alive() { // looked at after the process was pinned down
		return nil
	}
	if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("process %d: %w", p.PID, err)
	}
	return nil
}

// gone waits until the process has ended, at most as long as given.
func (p process) gone(limit time.Duration) bool {
	deadline := time.Now().Add(limit)
	for p.alive() {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}
