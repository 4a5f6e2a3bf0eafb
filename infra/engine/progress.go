package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const heartbeat = 30 * time.Second

// progress tells the person at the terminal what is being done and how long it
// took. Steps may run side by side.
type progress struct {
	mu  sync.Mutex
	out io.Writer
}

func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "engine: "+format+"\n", args...)
}

// step runs do between a line at its start and one at its end.
func (p *progress) step(name string, do func() error) error {
	start := time.Now()
	p.say("%s: started", name)
	done := make(chan error, 1)
	go func() { done <- do() }()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.say("%s: still at work after %.0f s", name, time.Since(start).Seconds())
		case err := <-done:
			if err != nil {
				p.say("%s: failed after %.1f s", name, time.Since(start).Seconds())
				return fmt.Errorf("%s: %w", name, err)
			}
			p.say("%s: done in %.1f s", name, time.Since(start).Seconds())
			return nil
		}
	}
}
