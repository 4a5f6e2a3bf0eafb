package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/report"
)

var formats = map[string]func(report.Run, io.Writer) error{
	"html":     report.Run.HTML,
	"json":     report.Run.JSON,
	"junit":    report.Run.JUnit,
	"markdown": report.Run.Markdown,
	"sarif":    report.Run.SARIF,
	"text":     func(run report.Run, w io.Writer) error { return run.Text(w, false) },
}

// writeReport writes a run in another format. It succeeds whether the run is red or not: checkRun judges.
func writeReport(args []string, out io.Writer) error {
	names := strings.Join(slices.Sorted(maps.Keys(formats)), ", ")
	var file, format string
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	flags.StringVar(&format, "format", "text", "one `of` "+names)
	if done, err := parse(flags, args, &file, out); done || err != nil {
		return err
	}
	write, known := formats[format]
	if !known {
		return usageError{fmt.Errorf("report: unknown format %q, want one of %s", format, names)}
	}
	run, err := readRun(file)
	if err != nil {
		return err
	}
	return write(run, out)
}

// checkRun fails if a run is red, and says so if it is not: silence would look like a check that did not run.
func checkRun(args []string, out io.Writer) error {
	var file string
	if done, err := parse(flag.NewFlagSet("check", flag.ContinueOnError), args, &file, out); done || err != nil {
		return err
	}
	run, err := readRun(file)
	if err != nil {
		return err
	}
	if err := run.Err(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %s, %d stages\n", run.Title, run.Status(), len(run.Stages))
	return err
}

func readRun(file string) (report.Run, error) {
	opened, err := os.Open(file)
	if err != nil {
		return report.Run{}, err
	}
	defer opened.Close()
	run, err := report.ReadJSON(opened)
	if err != nil {
		return report.Run{}, fmt.Errorf("%s: %w", file, err)
	}
	return run, nil
}
