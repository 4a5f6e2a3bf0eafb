package predictions

import (
	"fmt"
	"os"
)

// ahead is how many batches a file may be read ahead of the counting.
const ahead = 2

// stream reads a file in a goroutine of its own, batch by batch.
type stream struct {
	rows *rows // to be read by others only after the last batch
	file *os.File
	full chan *batch
	free chan *batch
	stop chan struct{}
	held *batch
}

// open reads the header of an evaluation's file and begins to read its rows. Whoever opens it closes it.
func open(e *Evaluation) (*stream, error) {
	file, err := os.Open(e.path())
	if err != nil {
		return nil, fmt.Errorf("predictions: %w", err)
	}
	rows, err := newRows(e, file)
	if err != nil {
		file.Close()
		return nil, err
	}
	s := &stream{rows: rows, file: file, full: make(chan *batch, ahead), free: make(chan *batch, ahead+1), stop: make(chan struct{})}
	for range ahead + 1 {
		s.free <- newBatch()
	}
	go s.run()
	return s, nil
}

// run reads until the last batch.
func (s *stream) run() {
	defer close(s.full)
	for {
		select {
		case <-s.stop:
			return
		case b := <-s.free:
			s.rows.read(b.reset())
			last := b.last // asked while it is still ours
			select {
			case <-s.stop:
				return
			case s.full <- b:
			}
			if last {
				return
			}
		}
	}
}

// next is the next batch; it holds until next is called again.
func (s *stream) next() *batch {
	if s.held != nil {
		s.free <- s.held
	}
	s.held = <-s.full
	return s.held
}

// close ends the reading and waits for that.
func (s *stream) close() {
	close(s.stop)
	for range s.full {
	}
	s.file.Close()
}
