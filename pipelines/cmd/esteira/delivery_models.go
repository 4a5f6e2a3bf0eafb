package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/delivery/tracking"
	"github.com/esteira/esteira/pipelines/release"
)

// trackModels prints how far every version of a model can be followed, and fails unless all can.
func trackModels(args []string, out io.Writer) error {
	var repository, revision, versions, runs, records, asJSON, stage string
	flags := flag.NewFlagSet("delivery models", flag.ContinueOnError)
	flags.StringVar(&repository, "repository", ".", "`folder` of the repository, with its whole history")
	flags.StringVar(&revision, "revision", "HEAD", "`commit` up to which release sets are looked at")
	flags.StringVar(&versions, "versions", "", "`file` with what MLflow answers to model-versions/search, all pages")
	flags.StringVar(&runs, "runs", "", "`file` with what MLflow answers to runs/search for the models' experiments, all pages")
	flags.StringVar(&records, "records", "", "`folder` with the gate's statements, as *.json")
	flags.StringVar(&asJSON, "json", "", "`file` for all of it as JSON")
	flags.StringVar(&stage, "stage", "", "`file` for the stage of a report")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if versions == "" || runs == "" || records == "" {
		return usageError{errors.New("delivery models: name the --versions, the --runs and the --records")}
	}
	in, err := readTracked(repository, versions, runs, records)
	if err != nil {
		return err
	}
	if in.Histories, err = releaseHistories(context.Background(), repository, revision); err != nil {
		return err
	}
	tracked := tracking.Track(in)
	if err := errors.Join(tracked.Text(out), writeJSONFile(asJSON, tracked), writeJSONFile(stage, tracked.Stage())); err != nil {
		return err
	}
	if tracked.Red() {
		return fmt.Errorf("delivery models: %s", tracked.Stage().Summary)
	}
	return nil
}

// readTracked reads all but the release sets.
func readTracked(repository, versions, runs, records string) (in tracking.Input, err error) {
	if in.Versions, err = readFile(versions, tracking.ReadVersions); err != nil {
		return in, err
	}
	if in.Runs, err = readFile(runs, tracking.ReadRuns); err != nil {
		return in, err
	}
	if in.Records, err = tracking.ReadRecords(os.DirFS(records)); err != nil {
		return in, fmt.Errorf("%s: %w", records, err)
	}
	in.Running = map[string][]string{}
	environments, err := releasedEnvironments(repository)
	for _, environment := range environments {
		overlay := os.DirFS(filepath.Join(repository, release.Overlays, environment))
		if in.Running[environment], err = tracking.Running(overlay); err != nil {
			return in, fmt.Errorf("%s/%s: %w", release.Overlays, environment, err)
		}
	}
	return in, err
}
