package main

import (
	"errors"
	"flag"
	"io"

	"github.com/esteira/esteira/pipelines/terraform"
)

// mirrorProvider puts a provider that was built from its Go module into a mirror.
func mirrorProvider(args []string, out io.Writer) error {
	var provider, into string
	flags := flag.NewFlagSet("terraform mirror", flag.ContinueOnError)
	flags.StringVar(&provider, "provider", "", "`executable` of the provider")
	flags.StringVar(&into, "out", "", "`folder` for the mirror")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if provider == "" || into == "" {
		return usageError{errors.New("terraform mirror: name the --provider and the --out")}
	}
	return terraform.Mirror(provider, into)
}
