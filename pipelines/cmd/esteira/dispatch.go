package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/esteira/esteira/pipelines/drift"
	"github.com/esteira/esteira/pipelines/github"
	"github.com/esteira/esteira/pipelines/report"
)

// dispatchTraining asks GitHub for a training where data drifted. What nobody could decide is an error.
func dispatchTraining(args []string, out io.Writer) error {
	var verdict string
	flags, access := githubFlags("dispatch", "whose workflows wait for the event "+github.ModelDrift)
	flags.StringVar(&verdict, "verdict", "", "`file` that 'esteira drift' wrote as verdict.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if verdict == "" || access.at.Name == "" {
		return usageError{errors.New("dispatch: name the --verdict and the --repository")}
	}
	found, err := readFile(verdict, readDrift)
	if err != nil {
		return err
	}
	switch found.Status() {
	case report.Passed:
		_, err := fmt.Fprintf(out, "nothing was sent: nothing drifted in %s\n", found.Dataset)
		return err
	case report.Undecided:
		return fmt.Errorf("nothing was sent: %s", found.Stage().Summary)
	}
	client, to, err := access.open()
	if err != nil {
		return err
	}
	if err := client.Dispatch(context.Background(), to, github.Drift{Dataset: found.Dataset, SHA256: found.SHA256, Reasons: found.Reasons()}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "sent %s to %s: %s\n", github.ModelDrift, to, found.Stage().Summary)
	return err
}

func readDrift(reader io.Reader) (drift.Verdict, error) {
	decoder := json.NewDecoder(reader)
	decoder.DisallowUnknownFields()
	var verdict drift.Verdict
	if err := decoder.Decode(&verdict); err != nil {
		return verdict, fmt.Errorf("no verdict on drift: %w", err)
	}
	if len(verdict.Comparisons) == 0 {
		return verdict, errors.New("no verdict on drift: nothing was compared")
	}
	return verdict, nil
}
