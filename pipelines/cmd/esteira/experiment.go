package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/experiment"
	"github.com/esteira/esteira/pipelines/report"
)

// judgeExperiment judges a running experiment. It succeeds whatever the verdict is: its stage tells.
func judgeExperiment(args []string, out io.Writer) error {
	var counts, policy, output string
	flags := flag.NewFlagSet("experiment", flag.ContinueOnError)
	flags.StringVar(&counts, "counts", "", "`file` with what was counted of each variant, as JSON")
	flags.StringVar(&policy, "policy", "", "`file` with the policy, as YAML or JSON, over the default one")
	flags.StringVar(&output, "output", "", "`folder` for stage.json and verdict.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if counts == "" || output == "" {
		return usageError{errors.New("experiment: name the --counts and the --output")}
	}
	rules := experiment.DefaultPolicy()
	if err := readPolicy(policy, &rules, func() error { return rules.Check() }); err != nil {
		return err
	}
	counted, err := readFile(counts, experiment.ReadCounts)
	if err != nil {
		return err
	}
	verdict, err := experiment.Judge(rules, counted)
	if err != nil {
		return err
	}
	return writeVerdict(out, output, verdict.Stage(), verdict)
}

// readPolicy reads YAML or JSON over the policy that holds where nothing is given, strictly.
func readPolicy(file string, policy any, check func() error) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := errors.Join(yaml.UnmarshalStrict(text, policy), check()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readFile reads what a file holds, and names the file in an error.
func readFile[T any](file string, read func(io.Reader) (T, error)) (T, error) {
	var nothing T
	opened, err := os.Open(file)
	if err != nil {
		return nothing, err
	}
	defer opened.Close()
	value, err := read(opened)
	if err != nil {
		return nothing, fmt.Errorf("%s: %w", file, err)
	}
	return value, nil
}

// writeVerdict writes a verdict and the stage that it makes, and says in a line what it is.
func writeVerdict(out io.Writer, dir string, stage report.Stage, verdict any) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, value := range map[string]any{"stage.json": stage, "verdict.json": verdict} {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%s %s: %s\n", stage.Name, stage.Status, stage.Summary)
	return err
}
