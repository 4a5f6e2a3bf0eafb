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

	"golang.org/x/sys/unix"
)

// home is the one folder that holds everything this program makes:
//
//	bin/            dagger, a link into the store
//	store/          what was built, one folder per part and key
//	instances/NAME  an engine's cache, registry, sockets, log and state
//	tmp/            work in progress, emptied by the next `up`
//	lock            held by the one process that changes any of this
type home string

// findHome returns the folder that ESTEIRA_ENGINE_HOME names, by default
// /var/lib/esteira for root and esteira in the user's data folder for others.
func findHome() (home, error) {
	if dir := os.Getenv("ESTEIRA_ENGINE_HOME"); dir != "" {
		if !filepath.IsAbs(dir) {
			return "", fmt.Errorf("ESTEIRA_ENGINE_HOME is %q: give an absolute path", dir)
		}
		return home(filepath.Clean(dir)), nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/esteira", nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return home(filepath.Join(dir, "esteira")), nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the engine's state: %w; set ESTEIRA_ENGINE_HOME", err)
	}
	return home(filepath.Join(user, ".local/share/esteira")), nil
}

func (h home) path(elem ...string) string {
	return filepath.Join(append([]string{string(h)}, elem...)...)
}

// lock makes the caller the only one that changes this home until the returned
// function is called or the process ends, however it ends.
func (h home) lock(log *progress) (unlock func(), err error) {
	if err := os.MkdirAll(string(h), 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the engine's folder: %w", err)
	}
	file, err := os.OpenFile(h.path("lock"), os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		log.say("another engine command is at work in %s: waiting for it", h)
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot lock %s: %w", file.Name(), err), file.Close())
	}
	return func() { file.Close() }, nil
}

// part is something that is made once and kept for as long as its key is the same.
type part struct {
	name string
	key  string
	make func(ctx context.Context, dir string) error
}

func (h home) partDir(p part) string { return h.path("store", p.name+"-"+p.key) }

func (h home) has(p part) bool {
	_, err := os.Stat(h.partDir(p))
	return err == nil
}

// provide makes a part unless it is there. The folder appears in the store
// complete or not at all, whenever the work on it is interrupted.
func (h home) provide(ctx context.Context, log *progress, p part) error {
	if h.has(p) {
		log.say("%s: reused", p.name)
		return nil
	}
	return log.step(p.name, func() error {
		work, err := os.MkdirTemp(h.path("tmp"), p.name+"-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(work) // what is left after a failure; the next `up` tries, too
		if err := p.make(ctx, work); err != nil {
			return err
		}
		if err := os.Chmod(work, 0o755); err != nil {
			return err
		}
		unix.Sync() // a power cut must not leave an empty file under a good name
		return os.Rename(work, h.partDir(p))
	})
}

// prepare makes the folders and removes what an interrupted command left. The
// caller holds the lock.
func (h home) prepare() error {
	if err := os.RemoveAll(h.path("tmp")); err != nil {
		return err
	}
	for _, dir := range []string{"bin", "store", "tmp", "instances"} {
		if err := os.MkdirAll(h.path(dir), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// prune removes the parts that nothing uses any more. The caller holds the lock.
func (h home) prune(used []string) error {
	entries, err := os.ReadDir(h.path("store"))
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, dir := range used {
		keep[dir] = true
	}
	for _, entry := range entries {
		if dir := h.path("store", entry.Name()); !keep[dir] {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaceLink points a symbolic link somewhere else in one step.
func replaceLink(target, link string) error {
	if have, err := os.Readlink(link); err == nil && have == target {
		return nil
	}
	fresh := link + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, link)
}

// digest is a short key of everything that it is given.
func digest(inputs ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(inputs, "\x00")))
	return hex.EncodeToString(sum[:8])
}
