package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/terraform"
)

// lockProviders makes the lock files of all environments, and of all modules that have tests, anew.
func lockProviders(args []string, out io.Writer) error {
	var source, tool, mirror, into string
	flags := flag.NewFlagSet("terraform lock", flag.ContinueOnError)
	flags.StringVar(&source, "source", "", "`folder` with the configuration")
	flags.StringVar(&tool, "tool", "tofu", "`executable` of OpenTofu or Terraform")
	flags.StringVar(&mirror, "mirror", "", "`folder` of providers")
	flags.StringVar(&into, "out", "", "`folder` for the lock files, by the paths of what they are of")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" || mirror == "" || into == "" {
		return usageError{errors.New("terraform lock: name the --source, the --mirror and the --out")}
	}
	tree, err := terraform.Read(os.DirFS(source))
	if err != nil {
		return err
	}
	workshop, err := terraform.Open(context.Background(), source, tool, mirror)
	if err != nil {
		return err
	}
	defer workshop.Close()
	for _, folder := range append(tree.Roots(), tree.Tested()...) {
		lock, err := workshop.Lock(context.Background(), folder.Path)
		if err != nil {
			return err
		}
		write := func(w io.Writer) error { _, err := w.Write(lock); return err }
		if err := writeFileOf(filepath.Join(into, folder.Path, terraform.LockFile), write); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, folder.Path); err != nil {
			return err
		}
	}
	return nil
}
