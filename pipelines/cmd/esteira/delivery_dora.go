package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/delivery/dora"
	history "github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
)

// measureDelivery prints DORA's metrics by environment and team.
func measureDelivery(args []string, out io.Writer) error {
	var repository, revision, deployments, until, asJSON string
	var days int
	var check bool
	flags := flag.NewFlagSet("delivery dora", flag.ContinueOnError)
	flags.StringVar(&repository, "repository", ".", "`folder` of the repository, with its whole history")
	flags.StringVar(&revision, "revision", "HEAD", "`commit` up to which it is looked")
	flags.StringVar(&deployments, "deployments", "", "`file` with GitHub's deployments, as JSON: a list of {environment, sha, state, created, updated}")
	flags.IntVar(&days, "days", 30, "how many `days` are measured")
	flags.StringVar(&until, "until", time.Now().UTC().Format(time.RFC3339), "the `time` up to which it is measured")
	flags.BoolVar(&check, "check", false, "fail where what esteira.yaml asks of it is not so, or nobody can tell")
	flags.StringVar(&asJSON, "json", "", "`file` for all of it as JSON")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	to, err := time.Parse(time.RFC3339, until)
	if err != nil || days < 1 {
		return usageError{fmt.Errorf("delivery dora: --until is %q and --days is %d: write a time such as 2026-11-27T00:00:00Z, and 1 or more", until, days)}
	}
	policy, err := config.ReadFile(filepath.Join(repository, "esteira.yaml"))
	if err != nil {
		return err
	}
	in := dora.Input{Components: policy.Components, From: to.AddDate(0, 0, -days), To: to}
	if in.Deployments, err = githubDeployments(deployments, policy); err != nil {
		return err
	}
	measured, err := measure(context.Background(), repository, revision, in)
	if err != nil {
		return err
	}
	if err := errors.Join(measured.Text(out), writeJSONFile(asJSON, measured)); err != nil {
		return err
	}
	return compareGoals(out, policy, measured, check)
}

// measure reads the histories of all environments that have one, and measures them.
func measure(ctx context.Context, folder, revision string, in dora.Input) (dora.Report, error) {
	repository, err := history.Open(ctx, folder)
	if err != nil {
		return dora.Report{}, err
	}
	in.Changes = repository.Changes
	if in.Histories, err = releaseHistories(ctx, folder, revision); err != nil {
		return dora.Report{}, err
	}
	return dora.Measure(ctx, in)
}

// releaseHistories are the release sets of all environments that have one.
func releaseHistories(ctx context.Context, folder, revision string) (map[string][]release.Entry, error) {
	repository, err := history.Open(ctx, folder)
	if err != nil {
		return nil, err
	}
	environments, err := releasedEnvironments(folder)
	if err != nil {
		return nil, err
	}
	histories := map[string][]release.Entry{}
	for _, environment := range environments {
		if histories[environment], err = release.History(ctx, repository, revision, environment); err != nil {
			return nil, err
		}
	}
	return histories, nil
}

// releasedEnvironments are those with a release.yaml.
func releasedEnvironments(repository string) (environments []string, err error) {
	files, err := filepath.Glob(filepath.Join(repository, release.Overlays, "*", "release.yaml"))
	for _, file := range files {
		environments = append(environments, filepath.Base(filepath.Dir(file)))
	}
	return environments, err
}

// githubDeployments reads them, with the overlays that they changed in place of GitHub's environments.
func githubDeployments(file string, policy config.Config) ([]dora.Deployment, error) {
	if file == "" {
		return nil, nil
	}
	all, err := readFile(file, dora.ReadDeployments)
	if err != nil {
		return nil, err
	}
	overlays := map[string]string{}
	for _, environment := range policy.Environments {
		overlays[environment.Name] = environment.Overlay
	}
	var known []dora.Deployment
	for _, d := range all {
		if overlay, ours := overlays[d.Environment]; ours {
			d.Environment = overlay
			known = append(known, d)
		}
	}
	return known, nil
}

// compareGoals prints what is asked of production, and where asked to fails for what is not so.
func compareGoals(out io.Writer, policy config.Config, measured dora.Report, check bool) error {
	if policy.Delivery == nil {
		return nil
	}
	var missed []error
	for _, goal := range measured.Goals(policy.Delivery.Production, policy.Delivery.Targets) {
		mark := "met"
		if !goal.Met {
			mark = "NOT MET"
			missed = append(missed, fmt.Errorf("delivery dora: %s of %s: %s", goal.Name, policy.Delivery.Production, goal.Says))
		}
		fmt.Fprintf(out, "%s: %s: %s\n", goal.Name, mark, goal.Says)
	}
	if !check {
		return nil
	}
	return errors.Join(missed...)
}
