package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// startLimit is how long a new engine may take until it answers.
	startLimit = 90 * time.Second
	// answerLimit is how long a running engine may stay silent until it counts
	// as hung. Generous, since ending one ends everybody's calls.
	answerLimit = 10 * time.Second
	// stopLimit is how long an engine may take to write its cache to disk.
	stopLimit = 60 * time.Second
)

// mainInstance is the engine that everybody uses.
const mainInstance = "main"

var instanceName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,29}$`)

// instance is one engine of a home, with a cache, a registry and a network of
// its own.
type instance struct {
	home home
	name string
}

// running is what is written down about an instance that was started.
type running struct {
	Process process `json:"process"`
	Recipe  recipe  `json:"recipe"`
	Network network `json:"network"`
}

func (i instance) path(elem ...string) string {
	return i.home.path(append([]string{"instances", i.name}, elem...)...)
}

// socket is where clients find the engine.
func (i instance) socket() string { return i.path("run", "dagger", "engine.sock") }

// check finds out what would make the instance fail later and less clearly.
func (i instance) check() error {
	if !instanceName.MatchString(i.name) {
		return fmt.Errorf("instance %q: use small letters, digits and hyphens, at most 30", i.name)
	}
	const longest = 107 // sun_path of unix(7), without the final zero
	if n := len(i.socket()); n > longest {
		return fmt.Errorf("%s is %d characters long and a socket's path at most %d: choose a shorter ESTEIRA_ENGINE_HOME", i.socket(), n, longest)
	}
	return nil
}

// load reads what is written down about the instance, nil if nothing is.
func (i instance) load() (*running, error) {
	text, err := os.ReadFile(i.path("running.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r running
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w; remove it and call again", i.path("running.json"), err)
	}
	return &r, nil
}

func (i instance) save(r running) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	fresh := i.path("running.json.new")
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, i.path("running.json"))
}

// healthy says whether engine and registry answer within the time given.
func (i instance) healthy(ctx context.Context, r running, limit time.Duration) error {
	if err := engineAnswers(ctx, i.socket(), limit); err != nil {
		return fmt.Errorf("the engine does not answer: %w", err)
	}
	if err := registryAnswers(ctx, r.Network.registry(), limit); err != nil {
		return fmt.Errorf("the registry does not answer: %w", err)
	}
	return nil
}

// ensure leaves the instance running by the recipe. What runs already and
// answers is left alone. The caller holds the lock.
func (i instance) ensure(ctx context.Context, log *progress, want recipe) error {
	was, err := i.load()
	if err != nil {
		return err
	}
	if was != nil {
		keep, err := i.judge(ctx, log, *was, want)
		if keep || err != nil {
			return err
		}
		if err := i.clear(ctx, *was); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(i.path(unusable)); err != nil {
		return err
	}
	_, missing := os.Stat(i.path("state"))
	if missing == nil {
		if err := i.makeRoom(ctx, log, want); err != nil {
			return err
		}
	}
	err = log.step("start engine "+i.name, func() error { return i.start(ctx, want) })
	if err == nil || missing != nil || ctx.Err() != nil {
		return err
	}
	return i.startAnew(ctx, log, want, err)
}

// unusable is where a cache is put aside that no engine may be able to use.
const unusable = "state.unusable"

// startAnew starts the engine on an empty cache, because it does not start on
// the one that it has: one that ended at a bad moment can leave a cache that no
// engine takes. If it does not start then either, that was not why, and the
// cache is put back.
func (i instance) startAnew(ctx context.Context, log *progress, want recipe, why error) error {
	log.say("engine %s does not start on its cache: trying an empty one", i.name)
	if err := os.Rename(i.path("state"), i.path(unusable)); err != nil {
		return errors.Join(why, err)
	}
	if err := log.step("start engine "+i.name, func() error { return i.start(ctx, want) }); err != nil {
		return errors.Join(why, os.RemoveAll(i.path("state")), os.Rename(i.path(unusable), i.path("state")))
	}
	return log.step("remove the cache that no engine takes", func() error { return os.RemoveAll(i.path(unusable)) })
}

// judge decides whether what was started can stay, and ends it otherwise.
func (i instance) judge(ctx context.Context, log *progress, was running, want recipe) (keep bool, err error) {
	if !was.Process.alive() {
		log.say("engine %s is dead: starting it again", i.name)
		return false, nil
	}
	err = eventually(ctx, answerLimit, was.Process.alive, func(ctx context.Context) error {
		return i.healthy(ctx, was, answerLimit)
	})
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		log.say("engine %s is hung (%v): ending it", i.name, err)
		return false, was.Process.signal(unix.SIGKILL)
	case reflect.DeepEqual(was.Recipe, want):
		return true, was.Network.route(ctx)
	}
	log.say("engine %s was started from other parts or settings: starting it again", i.name)
	return false, i.stop(log, was)
}

// stop ends the engine, giving it time to write its cache.
func (i instance) stop(log *progress, was running) error {
	if err := was.Process.signal(unix.SIGTERM); err != nil {
		return err
	}
	if was.Process.gone(stopLimit) {
		return nil
	}
	log.say("engine %s does not end by itself after %s: ending it", i.name, stopLimit)
	return was.Process.signal(unix.SIGKILL)
}

// clear removes what an ended engine left on the host.
func (i instance) clear(ctx context.Context, was running) error {
	if !was.Process.gone(answerLimit) {
		return fmt.Errorf("process %d of engine %s cannot be ended: look at it with ps", was.Process.PID, i.name)
	}
	// The kernel ends an engine's containers after the engine.
	removed := eventually(ctx, answerLimit, func() bool { return true }, func(context.Context) error { return removeCgroups(was.Network.Device) })
	if err := errors.Join(was.Network.disconnect(ctx), removed); err != nil {
		return err
	}
	if err := os.Remove(i.path("running.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, dir := range []string{"run", "tmp"} {
		if err := os.RemoveAll(i.path(dir)); err != nil {
			return err
		}
	}
	return nil
}

// start starts the instance and waits until it answers.
func (i instance) start(ctx context.Context, want recipe) error {
	for _, dir := range []string{"run", "tmp", "stage", "state", "images", "log"} {
		if err := os.MkdirAll(i.path(dir), 0o700); err != nil {
			return err
		}
	}
	taken, err := takenPrefixes(ctx)
	if err != nil {
		return err
	}
	net, err := pickNetwork(i.path(), taken)
	if err != nil {
		return err
	}
	is, err := i.launch(ctx, want, net)
	if is.Process.PID == 0 {
		return err
	}
	if err == nil {
		err = i.await(ctx, is)
	}
	if err == nil {
		return nil
	}
	err = errors.Join(err, is.Process.signal(unix.SIGKILL), i.clear(context.WithoutCancel(ctx), is))
	var said bytes.Buffer
	if logErr := logs(&said, i); logErr != nil {
		return errors.Join(err, logErr)
	}
	return fmt.Errorf("%w\nthe end of %s:\n%s", err, i.path("log"), tail(said.String(), lastLines))
}

// launch starts the supervisor in namespaces of its own. Only once its number
// is written down is it told to begin: whenever this command is interrupted,
// the next one knows what runs.
func (i instance) launch(ctx context.Context, want recipe, net network) (running, error) {
	self, err := os.Executable()
	if err != nil {
		return running{}, err
	}
	log, err := os.Create(i.path("log", "supervisor.log"))
	if err != nil {
		return running{}, err
	}
	defer log.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		return running{}, err
	}
	defer writer.Close()
	cmd := exec.Command(self, "supervise")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + systemPath}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{reader}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC,
	}
	err = errors.Join(cmd.Start(), reader.Close())
	if err != nil {
		return running{}, err
	}
	go cmd.Wait() // so that it does not stay a zombie while we look whether it lives
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		return running{}, err
	}
	is := running{Process: id, Recipe: want, Network: net}
	if err := i.save(is); err != nil {
		return is, err
	}
	if err := net.connect(ctx, id.PID); err != nil {
		return is, err
	}
	return is, json.NewEncoder(writer).Encode(start{Folder: i.path(), Recipe: want, Network: net})
}

// await waits until the engine answers.
func (i instance) await(ctx context.Context, is running) error {
	return eventually(ctx, startLimit, is.Process.alive, func(ctx context.Context) error {
		return i.healthy(ctx, is, answerLimit)
	})
}

// purge removes everything that the instance keeps. The engine has ended.
func (i instance) purge() error { return os.RemoveAll(filepath.Clean(i.path())) }
