package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

func unixListener(t *testing.T) (net.Listener, string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener, socket
}

func TestEngineAnswers(t *testing.T) {
	serving, live := unixListener(t)
	go http.Serve(serving, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "failed to get client metadata", http.StatusInternalServerError)
	}))
	_, silent := unixListener(t) // the kernel accepts, nobody reads: a stopped engine
	closed, dead := unixListener(t)
	closed.(*net.UnixListener).SetUnlinkOnClose(false)
	closed.Close()
	for name, c := range map[string]struct {
		socket string
		ok     bool
	}{
		"answers":       {live, true},
		"stopped":       {silent, false},
		"dead":          {dead, false},
		"never started": {filepath.Join(t.TempDir(), "none"), false},
	} {
		err := engineAnswers(t.Context(), c.socket, 200*time.Millisecond)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v; want an answer: %v", name, err, c.ok)
		}
	}
}

func TestEventuallyStopsWhenTheProcessIsGone(t *testing.T) {
	refused := errors.New("refused")
	asked := 0
	err := eventually(t.Context(), time.Hour, func() bool { return asked < 3 }, func(context.Context) error {
		asked++
		return refused
	})
	if !errors.Is(err, refused) || asked != 3 {
		t.Errorf("asked %d times, error %v; want 3 and %v", asked, err, refused)
	}
}
