package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/esteira/esteira/pipelines/release"
)

// showRelease prints what an environment runs as JSON, and fails unless that can be meant.
func showRelease(args []string, out io.Writer) error {
	var file string
	if done, err := parse(flag.NewFlagSet("release", flag.ContinueOnError), args, &file, out); done || err != nil {
		return err
	}
	opened, err := os.Open(file)
	if err != nil {
		return err
	}
	defer opened.Close()
	set, err := release.Read(opened)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return writeJSON(out, set)
}
