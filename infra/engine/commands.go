package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"reflect"
	"time"
)

// up leaves a machine on which `dagger` works.
func up(ctx context.Context, log *progress, i instance) error {
	begin := time.Now()
	if dockerAnswers(ctx) {
		return upWithDocker(ctx, log, i.home)
	}
	if os.Geteuid() != 0 {
		return errNotRoot
	}
	if missing := missingPackages(exec.LookPath); len(missing) > 0 {
		err := log.step(fmt.Sprintf("install Debian packages %v", missing), func() error {
			return installPackages(ctx, missing)
		})
		if err != nil {
			return err
		}
	}
	if err := i.upToDate(ctx); err != nil {
		if err := i.bringUp(ctx, log); err != nil {
			return err
		}
	}
	log.say("engine %s is ready after %.1f s; use it with: eval \"$(%s)\"", i.name, time.Since(begin).Seconds(), envCommand(i))
	note, err := tight(i.path())
	if note != "" {
		log.say("%s", note)
	}
	return err
}

// errStale says that something has to be made or started.
var errStale = errors.New("not up to date")

// upToDate looks, without locking anything out, whether there is nothing to do.
func (i instance) upToDate(ctx context.Context) error {
	p, err := i.home.plan(ctx)
	if err != nil {
		return err
	}
	if !i.home.complete(p) {
		return errStale
	}
	want, err := i.home.recipe(p, os.LookupEnv)
	if err != nil {
		return err
	}
	is, err := i.load()
	if err != nil {
		return err
	}
	if is == nil || !is.Process.alive() || !reflect.DeepEqual(is.Recipe, want) {
		return errStale
	}
	if err := i.healthy(ctx, *is, time.Second); err != nil {
		return err
	}
	return is.Network.route(ctx)
}

// bringUp makes what is missing and starts the engine.
func (i instance) bringUp(ctx context.Context, log *progress) error {
	unlock, err := i.home.lock(log)
	if err != nil {
		return err
	}
	defer unlock()
	if err := i.home.prepare(); err != nil {
		return err
	}
	p, err := i.home.plan(ctx)
	if err != nil {
		return err
	}
	if err := i.home.provideEngine(ctx, log, p); err != nil {
		return err
	}
	want, err := i.home.recipe(p, os.LookupEnv)
	if err != nil {
		return err
	}
	if err := i.ensure(ctx, log, want); err != nil {
		return err
	}
	return i.home.pruneUnused(p)
}

// upWithDocker provides the command alone: with Docker, Dagger starts its
// published engine by itself.
func upWithDocker(ctx context.Context, log *progress, h home) error {
	unlock, err := h.lock(log)
	if err != nil {
		return err
	}
	defer unlock()
	if err := h.prepare(); err != nil {
		return err
	}
	p, err := h.plan(ctx)
	if err != nil {
		return err
	}
	log.say("Docker answers: Dagger uses it, no engine is started")
	return h.provideCLI(ctx, log, p)
}

// down stops an engine.
func down(ctx context.Context, log *progress, i instance, purge bool) error {
	was, err := i.load()
	if err != nil {
		return err
	}
	if was == nil && !purge {
		log.say("engine %s is not running", i.name)
		return nil
	}
	if os.Geteuid() != 0 {
		return errNotRoot
	}
	unlock, err := i.home.lock(log)
	if err != nil {
		return err
	}
	defer unlock()
	if was, err = i.load(); err != nil {
		return err
	}
	if was != nil {
		err := log.step("stop engine "+i.name, func() error {
			return errors.Join(i.stop(log, *was), i.clear(ctx, *was))
		})
		if err != nil {
			return err
		}
	}
	if purge {
		return log.step("remove engine "+i.name, i.purge)
	}
	return nil
}

// status prints whether and where the engine answers.
func status(ctx context.Context, out io.Writer, i instance) error {
	if dockerAnswers(ctx) {
		fmt.Fprintln(out, "Docker answers: Dagger uses it")
		return nil
	}
	is, err := i.find(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "engine %s answers\nprocess   %d\nsocket    unix://%s\nregistry  %s\nlog       %s\nuse it    eval \"$(%s)\"\n",
		i.name, is.Process.PID, i.socket(), is.Network.registry(), i.path("log", "engine.log"), envCommand(i))
	return nil
}

// env prints the variables that lead `dagger` to the engine.
func env(ctx context.Context, out io.Writer, i instance) error {
	if !dockerAnswers(ctx) {
		is, err := i.find(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "export _EXPERIMENTAL_DAGGER_RUNNER_HOST='unix://%s'\nexport ESTEIRA_REGISTRY='%s'\n", i.socket(), is.Network.registry())
	}
	fmt.Fprintf(out, "export PATH='%s':\"$PATH\"\n", i.home.path("bin"))
	return nil
}

// find returns the instance that runs and answers, or an error that says which
// of the two it does not.
func (i instance) find(ctx context.Context) (running, error) {
	is, err := i.load()
	if err != nil {
		return running{}, err
	}
	if is == nil {
		return running{}, errDown
	}
	if !is.Process.alive() {
		return running{}, fmt.Errorf("engine %s is dead (process %d is gone): %w", i.name, is.Process.PID, errDown)
	}
	if err := i.healthy(ctx, *is, answerLimit); err != nil {
		return running{}, fmt.Errorf("engine %s is hung: %w: %w", i.name, err, errDown)
	}
	return *is, nil
}

// logs prints the engine's log, and then why it ended if it did.
func logs(out io.Writer, i instance) error {
	found := false
	for _, name := range []string{"engine.log", "supervisor.log"} {
		file, err := os.Open(i.path("log", name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		found = true
		_, err = io.Copy(out, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("engine %s has no log yet: %w", i.name, errDown)
	}
	return nil
}

func envCommand(i instance) string {
	if i.name == mainInstance {
		return "go run . env"
	}
	return "go run . env --instance " + i.name
}

// pruneUnused removes the parts that neither the plan nor an instance uses.
func (h home) pruneUnused(p parts) error {
	var used []string
	for _, one := range p.kept() {
		used = append(used, h.partDir(one))
	}
	entries, err := os.ReadDir(h.path("instances"))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		is, err := instance{home: h, name: entry.Name()}.load()
		if err != nil {
			return err
		}
		if is != nil {
			used = append(used, is.Recipe.folders()...)
		}
	}
	return h.prune(used)
}
