package apiserver

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program is a shell script that stands in for one of the server's programs: one that fails as real ones do.
func program(t *testing.T, script string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// A server that does not start, dies or hangs is an error with the end of its log.
func TestStartFails(t *testing.T) {
	t.Parallel()
	hangs := "echo waiting for storage; exec sleep 60"
	cases := []struct {
		name, etcd, apiserver string
		limit                 time.Duration
		says                  []string
	}{
		{"no etcd", "/nowhere/etcd", hangs, time.Minute, []string{"etcd did not start", "/nowhere/etcd"}},
		{"no kube-apiserver", hangs, "/nowhere/kube-apiserver", time.Minute, []string{"kube-apiserver did not start"}},
		{"etcd dies", "echo no space left >&2; exit 3", hangs, time.Minute, []string{"etcd ended", "exit status 3", "no space left"}},
		{"kube-apiserver dies", hangs, "echo unknown flag; exit 1", time.Minute, []string{"kube-apiserver ended", "unknown flag"}},
		{"kube-apiserver ends well", hangs, "exit 0", time.Minute, []string{"kube-apiserver ended", "has to run"}},
		{"kube-apiserver hangs", hangs, hangs, 300 * time.Millisecond, []string{"not ready within 300ms", "waiting for storage"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			programs := Programs{Etcd: test.etcd, APIServer: test.apiserver}
			if !strings.HasPrefix(test.etcd, "/") {
				programs.Etcd = program(t, test.etcd)
			}
			if !strings.HasPrefix(test.apiserver, "/") {
				programs.APIServer = program(t, test.apiserver)
			}
			_, err := Start(context.Background(), programs, test.limit)
			for _, word := range test.says {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("error %v, want %q in it", err, word)
				}
			}
		})
	}
}

// The end of a long log is what is shown of it.
func TestTail(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte(strings.Repeat("early\n", 100)+strings.Repeat("late\n", 20)), 0o644); err != nil {
		t.Fatal(err)
	}
	if tail := (&process{log: log}).tail(); strings.Contains(tail, "early") || strings.Count(tail, "late") != 20 {
		t.Errorf("tail %q", tail)
	}
}
