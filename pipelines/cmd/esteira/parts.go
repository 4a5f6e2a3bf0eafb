package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/parts"
)

// takeParts puts the manifests of third-party parts into a folder, out of their Go modules.
func takeParts(args []string, out io.Writer) error {
	var file, into string
	flags := flag.NewFlagSet("parts local", flag.ContinueOnError)
	flags.StringVar(&file, "parts", "", "`file` with the parts' pins")
	flags.StringVar(&into, "out", "", "`folder` for the manifests and parts.json, which says what each stands for")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if file == "" || into == "" {
		return usageError{errors.New("parts local: name the --parts and the --out")}
	}
	pins, err := readPins(file)
	if err != nil {
		return err
	}
	modules, err := parts.Download(context.Background(), pins.Modules())
	if err != nil {
		return err
	}
	if err := pins.Local(modules, into); err != nil {
		return err
	}
	for _, note := range pins.Notes() {
		fmt.Fprintln(out, "note:", note)
	}
	_, err = fmt.Fprintf(out, "%d parts are what %s says\n", len(pins.Parts), filepath.Base(file))
	return err
}

// verifyParts asks the addresses of third-party parts, and prints what they give.
func verifyParts(args []string, out io.Writer) error {
	var file string
	flags := flag.NewFlagSet("parts verify", flag.ContinueOnError)
	if done, err := parse(flags, args, &file, out); done || err != nil {
		return err
	}
	pins, err := readPins(file)
	if err != nil {
		return err
	}
	answers, bad := pins.Verify(context.Background(), parts.Client()), 0
	for _, answer := range answers {
		fmt.Fprintln(out, answer)
		if !answer.Good() {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s: %d of %d addresses do not give what is pinned, or nobody knows: see the lines above", file, bad, len(answers))
	}
	return nil
}

// readPins reads a file of pins, which errors call by its name alone.
func readPins(file string) (parts.Pins, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return parts.Pins{}, err
	}
	return parts.Read(filepath.Base(file), text)
}
