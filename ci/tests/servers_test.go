package tests

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/apiserver"
)

// started is a server that runs in the engine and is reached through a port of this machine.
type started struct {
	listener net.Listener
	process  *os.Process
	ended    chan struct{}
}

// running are the servers to stop when all tests are done.
var running struct {
	sync.Mutex
	servers  []*started
	clusters []*apiserver.Server
}

func stopServers() {
	running.Lock()
	defer running.Unlock()
	for _, s := range running.servers {
		s.stop()
	}
	for _, c := range running.clusters {
		_ = c.Stop() // all that it has is in a temporary folder
	}
}

// start runs a function of the module that returns a service, and waits until its port answers.
func start(function string, port int) (*started, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp(workspaces, function+"-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command("dagger", "--progress=plain", "call", function, "up", fmt.Sprintf("--ports=%d:%d", port, port))
	command.Dir, command.Env, command.Stdout, command.Stderr = repository, environment(), log, log
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &started{listener, command.Process, make(chan struct{})}
	go func() {
		defer close(s.ended)
		_ = command.Wait() // how it ended is in its log
		listener.Close()
	}()
	running.Lock()
	running.servers = append(running.servers, s)
	running.Unlock()
	network := private{command.Process.Pid}
	if err := network.up(); err != nil {
		return nil, err
	}
	if err := s.ready(network, port, log.Name()); err != nil {
		return nil, err
	}
	go network.forward(listener, port)
	return s, nil
}

// ready waits until the server takes connections.
func (s *started) ready(network private, port int, log string) error {
	deadline := time.After(callLimit)
	for {
		if connection, err := network.dial(port); err == nil {
			return connection.Close()
		}
		select {
		case <-time.After(200 * time.Millisecond):
			continue
		case <-s.ended:
		case <-deadline:
		}
		said, err := os.ReadFile(log)
		return errors.Join(fmt.Errorf("%s does not answer:\n%s", filepath.Base(log), said), err)
	}
}

// address is where this machine reaches the server.
func (s *started) address() string { return s.listener.Addr().String() }

// stop ends the server and all that it remembers.
func (s *started) stop() {
	_ = s.process.Signal(os.Interrupt) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = s.process.Kill()
	}
}

// shared are the servers that many tests use, each with names of its own in them. They stop when all tests are done.
var shared = map[string]func() (*started, error){
	"azurite":     sync.OnceValues(func() (*started, error) { return start("azurite", 10000) }),
	"mlflow":      sync.OnceValues(func() (*started, error) { return start("mlflow", 5000) }),
	"github-mock": sync.OnceValues(func() (*started, error) { return start("github-mock", 4010) }),
	"serving":     sync.OnceValues(func() (*started, error) { return start("serving", 8080) }),
}

// server is the address of a shared server.
func server(t *testing.T, function string) string {
	t.Helper()
	s, err := shared[function]()
	if err != nil {
		t.Fatal(err)
	}
	return s.address()
}

// mute is the address of a server that takes connections and never says a word.
func mute(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

// program is the command line of pipelines/, compiled once.
var program = sync.OnceValues(func() (string, error) {
	file := workspaces + "/esteira"
	build := exec.Command("go", "build", "-o", file, "./pipelines/cmd/esteira")
	build.Dir = repository
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return file, nil
})

// esteira runs the command line of pipelines/ with variables of its environment.
func esteira(ctx context.Context, t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, file, args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	return observe(command)
}
