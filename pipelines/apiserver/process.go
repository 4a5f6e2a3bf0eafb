package apiserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// process is a program that runs, and the file that it logs to.
type process struct {
	name, log string
	command   *exec.Cmd
	ended     chan struct{}
	err       error
}

func startProcess(name, log, file string, args ...string) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	command := exec.Command(file, args...)
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%s did not start: %w", name, err)
	}
	started := &process{name: name, log: log, command: command, ended: make(chan struct{})}
	go func() {
		started.err = command.Wait()
		close(started.ended)
	}()
	return started, nil
}

// alive is an error if the process has ended.
func (p *process) alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended: %w\n%s", p.name, errors.Join(p.err, errors.New("it has to run until it is stopped")), p.tail())
	default:
		return nil
	}
}

// tail is the end of the log: what a person reads first.
func (p *process) tail() string {
	const lines = 20
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// stop ends the process at once: there is nothing that it would have to save.
func (p *process) stop() {
	p.command.Process.Kill()
	<-p.ended
}
