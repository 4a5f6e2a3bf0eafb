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
	var tell bool
	flags := flag.NewFlagSet("parts local", flag.ContinueOnError)
	flags.StringVar(&file, "parts", "", "`file` with the parts' pins")
	flags.StringVar(&into, "out", "", "`folder` for the manifests and parts.json, which says what each stands for")
	flags.BoolVar(&tell, "tell", false, "say in parts.json what is wrong with the pins, and succeed")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if file == "" || into == "" {
		return usageError{errors.New("parts local: name the --parts and the --out")}
	}
	folder, err := localParts(file, into)
	if tell {
		folder.Wrong, err = parts.Findings(err)
	}
	if err != nil {
		return err
	}
	for _, note := range folder.Notes {
		fmt.Fprintln(out, "note:", note)
	}
	fmt.Fprintf(out, "%d addresses are stood in for, %d findings\n", len(folder.Files), len(folder.Wrong))
	return folder.Write(into)
}

func localParts(file, into string) (parts.Folder, error) {
	pins, err := readPins(file)
	if err != nil {
		return parts.Folder{}, err
	}
	modules, err := parts.Download(context.Background(), pins.Modules())
	if err != nil {
		return parts.Folder{}, err
	}
	return pins.Local(modules, into)
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
