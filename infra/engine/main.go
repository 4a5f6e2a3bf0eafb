// Command engine gives a machine without Docker a Dagger engine, and leaves one
// with Docker as it is. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: engine COMMAND [--instance NAME]

  up              make what is missing, start the engine, wait until it answers
  down [--purge]  stop the engine; --purge also removes its cache and images
  status          say whether the engine answers; exit code 3 if it does not
  env             print the lines that a shell needs: eval "$(engine env)"
  logs            print the engine's log

ESTEIRA_ENGINE_HOME  the one folder for all state (/var/lib/esteira)
ESTEIRA_ENGINE_DISK  what the cache may take, as 40GB or 25% (70GB)
ESTEIRA_APT_MIRROR   a mirror of Debian for the base images
`

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2 // also: not root
	exitDown   = 3
)

var (
	errUsage   = errors.New("wrong usage")
	errNotRoot = errors.New("root is needed: a Dagger engine without Docker makes namespaces and mounts; call with sudo, or start Docker")
	errDown    = errors.New("the engine is not running: start it with `engine up`")
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	cancel()
	if err == nil {
		return
	}
	if interrupted {
		fmt.Fprintln(os.Stderr, "engine: interrupted; call again to go on")
		os.Exit(exitFailed)
	}
	fmt.Fprintln(os.Stderr, "engine:", err)
	switch {
	case errors.Is(err, errUsage), errors.Is(err, errNotRoot):
		os.Exit(exitUsage)
	case errors.Is(err, errDown):
		os.Exit(exitDown)
	}
	os.Exit(exitFailed)
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errUsage
	}
	switch args[0] {
	case "supervise": // called by ourselves, see instance.launch
		return supervise(ctx)
	case "trust": // called by mmdebstrap, see bootstrapArgs
		if len(args) != 2 {
			return fmt.Errorf("%w: trust takes the root of a Debian system", errUsage)
		}
		return trust(args[1])
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	name := flags.String("instance", mainInstance, "")
	purge := false
	if args[0] == "down" {
		flags.BoolVar(&purge, "purge", false, "")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return errors.Join(errUsage, err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: unexpected %q", errUsage, flags.Arg(0))
	}
	home, err := findHome()
	if err != nil {
		return err
	}
	i := instance{home: home, name: *name}
	if err := i.check(); err != nil {
		return err
	}
	switch args[0] {
	case "up":
		return up(ctx, &progress{out: os.Stdout}, i)
	case "down":
		return down(ctx, &progress{out: os.Stdout}, i, purge)
	case "status":
		return status(ctx, os.Stdout, i)
	case "env":
		return env(ctx, os.Stdout, i)
	case "logs":
		return logs(os.Stdout, i)
	}
	fmt.Fprint(os.Stderr, usage)
	return fmt.Errorf("%w: no command %q", errUsage, args[0])
}
