package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
	"gopkg.in/natefinch/lumberjack.v2"
)

// start is what a supervisor is told by the command that started it.
type start struct {
	Folder  string  `json:"folder"` // of the instance
	Recipe  recipe  `json:"recipe"`
	Network network `json:"network"`
}

// startPipe is the file descriptor on which a supervisor is told what to start.
const startPipe = 3

// distconstsGoSDK is the variable that dagger/distconsts names for the Go SDK.
const distconstsGoSDK = "DAGGER_GO_SDK_MANIFEST_DIGEST"

// logLimit is how many megabytes the log may take before it is begun anew; one
// older file is kept.
const logLimit = 20

// supervise runs one instance: a registry and an engine. It is the first
// process of a process namespace of its own, so that whatever way it ends, the
// kernel ends everything that it started, too, and takes the network away:
// nothing is left over. It ends when either of the two ends.
func supervise(ctx context.Context) error {
	var s start
	// The command that started us writes down our number before it writes here.
	// If it was killed before that, we read nothing, and nothing was started.
	if err := json.NewDecoder(os.NewFile(startPipe, "start")).Decode(&s); err != nil {
		return fmt.Errorf("the command that started this engine was interrupted: %w", err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT)
	if err := s.Network.attach(ctx); err != nil {
		return err
	}
	if err := furnish(s); err != nil {
		return err
	}
	log := &lumberjack.Logger{Filename: "/opt/log/engine.log", MaxSize: logLimit, MaxBackups: 1}
	defer log.Close()
	registry, err := startRegistry(log)
	if err != nil {
		return err
	}
	// Only now the engine: one that answers has its base image.
	if err := fillRegistry(ctx, s.Network.registry()); err != nil {
		return err
	}
	engine, err := startEngine(s, log)
	if err != nil {
		return err
	}
	go func() {
		for range stop {
			engine.Signal(unix.SIGTERM) //nolint:errcheck // it has ended: reap sees it
		}
	}()
	return reap(map[int]string{engine.Pid: "the engine", registry.Pid: "the registry"})
}

// startRegistry serves the images of this instance. First it throws out what
// no tag names any more, unless it has nothing at all yet: the first push may
// have been interrupted.
func startRegistry(log io.Writer) (*os.Process, error) {
	const program, config = "/opt/registry/usr/bin/docker-registry", "/etc/registry.yml"
	if _, err := os.Stat("/opt/images/docker/registry/v2/blobs"); err == nil {
		if err := run(exec.Command(program, "garbage-collect", "--delete-untagged", config)); err != nil {
			return nil, err
		}
	}
	return launch(exec.Command(program, "serve", config), log)
}

// fillRegistry waits for the registry and puts the base image into it.
func fillRegistry(ctx context.Context, address string) error {
	always := func() bool { return true }
	err := eventually(ctx, answerLimit, always, func(ctx context.Context) error {
		return registryAnswers(ctx, address, answerLimit)
	})
	if err != nil {
		return fmt.Errorf("the registry does not answer: %w", err)
	}
	return pushBase(ctx, address, "/opt/base")
}

// collecting makes the engine collect garbage less often than Go would by itself: a call that has nothing to do takes an eighth
// less. What it may take so is half of the machine's memory; with less than it needs it would do nothing else but collect.
func collecting() ([]string, error) {
	var machine unix.Sysinfo_t
	if err := unix.Sysinfo(&machine); err != nil {
		return nil, fmt.Errorf("nobody says how much memory this machine has: %w", err)
	}
	return []string{"GOGC=400", fmt.Sprintf("GOMEMLIMIT=%d", uint64(machine.Totalram)*uint64(machine.Unit)/2)}, nil
}

func startEngine(s start, log io.Writer) (*os.Process, error) {
	cmd := exec.Command("/opt/engine/engine",
		"--config", "/etc/buildkitd.toml", "--root", "/opt/state", "--network-cidr", s.Network.Containers.String())
	memory, err := collecting()
	if err != nil {
		return nil, err
	}
	cmd.Env = append(append(pastProxy(s.Recipe.Env, s.Network.Guest.Addr().String()), memory...),
		"PATH="+systemPath, "HOME=/opt/state", distconstsGoSDK+"="+s.Recipe.GoSDKDigest)
	return launch(cmd, log)
}

func launch(cmd *exec.Cmd, log io.Writer) (*os.Process, error) {
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return cmd.Process, nil
}

// reap waits for children, ours and the orphans that a first process inherits,
// until one of those named has ended.
func reap(named map[int]string) error {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot wait for children: %w", err)
		}
		if name, ok := named[pid]; ok {
			return fmt.Errorf("%s ended (exit code %d, signal %d)", name, status.ExitStatus(), status.Signal())
		}
	}
}
