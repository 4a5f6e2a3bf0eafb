package main

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/manifest"
)

// showChanges says what changed between two folders of what was rendered.
func showChanges(args []string, out io.Writer) error {
	var before, after, output string
	flags := flag.NewFlagSet("manifest changes", flag.ContinueOnError)
	flags.StringVar(&before, "before", "", "`folder` with what the base renders")
	flags.StringVar(&after, "after", "", "`folder` with what the change renders")
	flags.StringVar(&output, "out", "", "`file` for the changes, as JSON")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if before == "" || after == "" || output == "" {
		return usageError{errors.New("manifest changes: name the --before, the --after and the --out")}
	}
	old, err := readStreams(before)
	if err != nil {
		return err
	}
	now, err := readStreams(after)
	if err != nil {
		return err
	}
	changes := manifest.Changes(old, now)
	return writeFileOf(output, func(w io.Writer) error { return json.NewEncoder(w).Encode(changes) })
}

func readStreams(folder string) ([]manifest.Stream, error) {
	index, err := readFile(filepath.Join(folder, "index.json"), manifest.ReadIndex)
	if err != nil {
		return nil, err
	}
	return manifest.Streams(index, os.DirFS(folder))
}
