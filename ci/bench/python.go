package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// pythonPackages are those that Python packages are installed with, and what loads a server.
var pythonPackages = []string{"ca-certificates", "python3", "python3-venv", "wrk"}

// environment is a virtual environment of Python, and the lock that says what is in it.
type environment struct{ path, lock string }

// python makes sure that there is a bare system with these environments, and keeps it for as long as their locks stay the
// same.
func (b *bench) python(ctx context.Context, environments ...environment) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, pythonPackages)
	locks := make([][]byte, len(environments))
	var paths []string
	for i, e := range environments {
		var err error
		if locks[i], err = os.ReadFile(filepath.Join(b.repository, e.lock)); err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", e.path, len(locks[i]), locks[i])
		paths = append(paths, e.lock)
	}
	kept := filepath.Join(b.home, "python-"+hex.EncodeToString(sum.Sum(nil)[:6]))
	if _, err := os.Stat(kept); !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	say("make the bare system: Debian, Python, %s", strings.Join(paths, ", "))
	root := filepath.Join(b.work, "python")
	if err := b.rootFS(ctx, root, "core", "container", "from", "--address=debian:trixie-slim"); err != nil {
		return "", err
	}
	install := append([]string{"apt-get", "install", "-qq", "-y", "--no-install-recommends"}, pythonPackages...)
	err := inTurn(
		chrooted(ctx, root, nil, "apt-get", "update", "-qq"),
		chrooted(ctx, root, []string{"DEBIAN_FRONTEND=noninteractive"}, install...))
	for i, e := range environments {
		err = errors.Join(err, installPython(ctx, root, e.path, locks[i]))
	}
	if err != nil {
		return "", err
	}
	return kept, os.Rename(root, kept)
}

// installPython makes one environment of what a lock names, by hash.
func installPython(ctx context.Context, root, path string, lock []byte) error {
	if err := os.WriteFile(filepath.Join(root, "requirements.txt"), lock, 0o644); err != nil {
		return err
	}
	pip := []string{path + "/bin/pip", "install", "-q", "--only-binary=:all:", "--require-hashes", "-r", "/requirements.txt"}
	return inTurn(
		chrooted(ctx, root, nil, "python3", "-m", "venv", path),
		chrooted(ctx, root, nil, pip...))
}
