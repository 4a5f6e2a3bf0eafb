// Command esteira offers the packages of pipelines/ to whoever has no Dagger, and to container
// builds for which a program is better cached than a function. It decides nothing by itself.
//
// It exits with 0 if all is well, with 1 if something failed or was judged red, and with 2 if it was
// called wrongly. Errors are one line on standard error that begins with "esteira:".
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

const usage = `esteira turns folders into images and runs into reports.

  esteira image assemble   put an image together from folders, reproducibly

'esteira COMMAND -h' lists a command's flags.
`

// usageError is a wrong call, as against a failure of what was asked for.
type usageError struct{ error }

// command reads its own arguments and writes its result to out.
type command func(args []string, out io.Writer) error

var commands = map[string]command{
	"image assemble": assemble,
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, errOut io.Writer) int {
	err := dispatch(args, out)
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		report(errOut, err)
		return 2
	default:
		report(errOut, err)
		return 1
	}
}

func report(w io.Writer, err error) {
	fmt.Fprintln(w, "esteira:", strings.ReplaceAll(err.Error(), "\n", "; "))
}

func dispatch(args []string, out io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		_, err := io.WriteString(out, usage)
		return err
	}
	for words := 1; words <= 2 && words <= len(args); words++ {
		if chosen, known := commands[strings.Join(args[:words], " ")]; known {
			return chosen(args[words:], out)
		}
	}
	return usageError{fmt.Errorf("unknown command %q, try 'esteira help'", strings.Join(args, " "))}
}

// parse reads flags. Asking for help prints them to out and reports that nothing is left to do.
func parse(flags *flag.FlagSet, args []string, out io.Writer) (done bool, err error) {
	flags.SetOutput(io.Discard)
	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(out)
		fmt.Fprintf(out, "esteira %s\n\n", flags.Name())
		flags.PrintDefaults()
		return true, nil
	case err != nil:
		return false, usageError{fmt.Errorf("%s: %w", flags.Name(), err)}
	case flags.NArg() > 0:
		return false, usageError{fmt.Errorf("%s: unexpected argument %q", flags.Name(), flags.Arg(0))}
	}
	return false, nil
}
