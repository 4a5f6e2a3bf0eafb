package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/manifest"
)

// placeRemarks says where in the sources is what a tool said of what was rendered.
func placeRemarks(args []string, out io.Writer) error {
	var source, rendered, remarks, output string
	flags := flag.NewFlagSet("manifest place", flag.ContinueOnError)
	flags.StringVar(&source, "source", "", "`folder` that was rendered")
	flags.StringVar(&rendered, "rendered", "", "`folder` with index.json and the streams")
	flags.StringVar(&remarks, "remarks", "", "`file` with what the tool said")
	flags.StringVar(&output, "out", "", "`file` for the remarks with their places")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" || rendered == "" || remarks == "" || output == "" {
		return usageError{errors.New("manifest place: name the --source, the --rendered, the --remarks and the --out")}
	}
	index, err := readFile(filepath.Join(rendered, "index.json"), manifest.ReadIndex)
	if err != nil {
		return err
	}
	said, err := readFile(remarks, manifest.ReadSaid)
	if err != nil {
		return err
	}
	placed, err := manifest.NewSources(index, os.DirFS(rendered), os.DirFS(source)).Place(said)
	if err != nil {
		return fmt.Errorf("%s: %w", remarks, err)
	}
	return writeFileOf(output, placed.Write)
}
