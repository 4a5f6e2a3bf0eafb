package main

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"

	"github.com/esteira/esteira/pipelines/component"
)

// planChange says what components of a repository a change touches, as JSON.
func planChange(args []string, out io.Writer) error {
	var base, source string
	flags := flag.NewFlagSet("plan", flag.ContinueOnError)
	flags.StringVar(&base, "base", "", "`folder` with the repository before the change; without one everything is touched")
	flags.StringVar(&source, "source", "", "`folder` with the repository")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" {
		return usageError{errors.New("plan: name the --source")}
	}
	var before fs.FS
	if base != "" {
		before = os.DirFS(base)
	}
	plan, err := component.Make(before, os.DirFS(source))
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(plan)
}
