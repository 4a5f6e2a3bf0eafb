package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The predictions that gates are measured on.
const (
	gateRows = 10_000_000
	gateSeed = 7
)

// pythonPackages are those that the script's packages are installed with.
var pythonPackages = []string{"ca-certificates", "python3", "python3-venv"}

// gateResult is what both gates find, so that they are known to have done the same.
type gateResult struct {
	Won  int `json:"won"`
	Lost int `json:"lost"`
}

// gate is the verdict on ten million rows of candidate and champion with twenty slices, reading and checking included:
// the command against a script with pandas, scikit-learn and statsmodels. It is measured without Dagger on both sides.
func gate(ctx context.Context, b *bench) ([]line, error) {
	data, err := b.gateData()
	if err != nil {
		return nil, err
	}
	python, err := b.python(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := b.gateCommand(ctx, data)
	if err != nil {
		return nil, err
	}
	theirs, err := b.gateScript(python, data)
	if err != nil {
		return nil, err
	}
	esteira, bare, err := sideBySide(ctx, 3, side{"esteira gate", ours.once}, side{"gate with pandas", theirs.once})
	if err != nil {
		return nil, err
	}
	if ours.found != theirs.found {
		return nil, fmt.Errorf("the gates disagree: esteira found %+v, pandas %+v", ours.found, theirs.found)
	}
	return []line{
		{what: "gate, 10 million rows", unit: "s", esteira: esteira, bare: bare, target: []limit{{0, 5}, {1.0 / 6, 0}}},
		{what: "gate, peak memory", unit: "MB", esteira: ours.peak, bare: theirs.peak, target: []limit{{0, 300}}},
	}, nil
}

// measuredGate is a gate that is called again and again.
type measuredGate struct {
	call  func(context.Context) *exec.Cmd
	read  func(stdout string) (gateResult, error)
	found gateResult
	peak  float64 // megabytes, the most of all calls
}

func (g *measuredGate) once(ctx context.Context) (time.Duration, error) {
	c := g.call(ctx)
	var said string
	taken, err := timed(func() (err error) {
		said, err = output(c)
		return err
	})
	if err != nil {
		return 0, err
	}
	g.peak = max(g.peak, peakMemory(c.ProcessState))
	g.found, err = g.read(said)
	return taken, err
}

// peakMemory is the most resident memory, in megabytes, of a process that has ended, or of one that it waited for.
func peakMemory(ended *os.ProcessState) float64 {
	return float64(ended.SysUsage().(*syscall.Rusage).Maxrss) * 1024 / 1e6
}

// gateCommand is our own command.
func (b *bench) gateCommand(ctx context.Context, data string) (*measuredGate, error) {
	program := filepath.Join(b.work, "esteira")
	build := command(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./pipelines/cmd/esteira")
	build.Dir = b.repository
	if err := inTurn(build); err != nil {
		return nil, err
	}
	policy, out := filepath.Join(b.work, "esteira.yaml"), filepath.Join(b.work, "gate")
	if err := os.WriteFile(policy, []byte(gatePolicy()), 0o644); err != nil {
		return nil, err
	}
	return &measuredGate{
		call: func(ctx context.Context) *exec.Cmd {
			return command(ctx, program, "gate", "--policy", policy, "--output", out,
				"--candidate", filepath.Join(data, "candidate"), "--champion", filepath.Join(data, "champion"))
		},
		read: func(string) (gateResult, error) {
			text, err := os.ReadFile(filepath.Join(out, "record.json"))
			if err != nil {
				return gateResult{}, err
			}
			var record struct{ Comparisons []gateResult }
			if err := json.Unmarshal(text, &record); err != nil || len(record.Comparisons) != 1 {
				return gateResult{}, fmt.Errorf("record.json: %d comparisons, not one: %w", len(record.Comparisons), err)
			}
			return record.Comparisons[0], nil
		},
	}, nil
}

// gatePolicy asks for all twenty slices.
func gatePolicy() string {
	var policy strings.Builder
	policy.WriteString("version: 1\ngate:\n  accuracy: 0.9\n  margin: 0.01\n  slices:\n    noHarm:\n")
	for _, column := range gateSlices {
		for _, value := range gateValues {
			fmt.Fprintf(&policy, "      - {column: %s, value: %s}\n", column, value)
		}
	}
	return policy.String()
}

// gateScript is the Python script, in its own system.
func (b *bench) gateScript(root, data string) (*measuredGate, error) {
	script, err := os.ReadFile(filepath.Join(b.repository, "ci/bench/gate/gate.py"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(root, "gate.py"), script, 0o644); err != nil {
		return nil, err
	}
	if err := linkTree(data, filepath.Join(root, "data")); err != nil {
		return nil, err
	}
	return &measuredGate{
		call: func(ctx context.Context) *exec.Cmd {
			return chrooted(ctx, root, nil, "/venv/bin/python", "/gate.py", "/data")
		},
		read: func(said string) (found gateResult, err error) {
			return found, json.Unmarshal([]byte(said), &found)
		},
	}, nil
}

// linkTree makes the files of a folder appear in another one, without copying them.
func linkTree(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return os.Link(path, target)
	})
}

// gateData makes the predictions once, and keeps them.
func (b *bench) gateData() (string, error) {
	data := filepath.Join(b.home, fmt.Sprintf("predictions-%d-%d", gateRows, gateSeed))
	if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	say("make predictions: %d rows, twice", gateRows)
	unfinished := filepath.Join(b.work, "predictions")
	if err := generate(unfinished, gateRows, gateSeed); err != nil {
		return "", err
	}
	return data, os.Rename(unfinished, data)
}

// python makes sure that there is a bare system with the script's packages, those of its lock.
func (b *bench) python(ctx context.Context) (string, error) {
	lock, err := os.ReadFile(filepath.Join(b.repository, "ci/bench/gate/requirements.txt"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	kept := filepath.Join(b.home, "python-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(kept); !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	say("make the bare system: Debian, Python, pandas, scikit-learn, statsmodels")
	root := filepath.Join(b.work, "python")
	if err := b.rootFS(ctx, root, "core", "container", "from", "--address=debian:trixie-slim"); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(root, "requirements.txt"), lock, 0o644); err != nil {
		return "", err
	}
	install := append([]string{"apt-get", "install", "-qq", "-y", "--no-install-recommends"}, pythonPackages...)
	err = inTurn(
		chrooted(ctx, root, nil, "apt-get", "update", "-qq"),
		chrooted(ctx, root, []string{"DEBIAN_FRONTEND=noninteractive"}, install...),
		chrooted(ctx, root, nil, "python3", "-m", "venv", "/venv"),
		chrooted(ctx, root, nil, "/venv/bin/pip", "install", "-q", "--only-binary=:all:", "--require-hashes", "-r", "/requirements.txt"))
	if err != nil {
		return "", err
	}
	return kept, os.Rename(root, kept)
}
