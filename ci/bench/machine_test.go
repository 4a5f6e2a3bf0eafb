package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBusy(t *testing.T) {
	for _, c := range []struct {
		load  float64
		cores int
		want  bool
	}{
		{0, 2, false}, {0.5, 2, false}, {0.51, 2, true}, {1, 8, false}, {25, 2, true},
	} {
		if got := busy(c.load, c.cores); got != c.want {
			t.Errorf("load %g on %d cores: busy is %v", c.load, c.cores, got)
		}
	}
}

func TestProcField(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		field int
		want  float64
		fails bool
	}{
		"load":         {"0.52 1.10 0.9 1/200 77\n", 0, 0.52, false},
		"memory":       {"MemTotal:       24643908 kB\nMemFree: 1 kB\n", 1, 24643908, false},
		"not a number": {"MemTotal: much\n", 1, 0, true},
		"too short":    {"MemTotal:\n7\n", 1, 0, true},
		"empty":        {"", 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "proc")
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := procField(path, c.field)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %g and error %v, want %g", got, err, c.want)
			}
		})
	}
}
