package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/github"
)

// planEnvironments says what of a repository's environments is not as esteira.yaml has it, and changes nothing.
func planEnvironments(args []string, out io.Writer) error {
	var check bool
	flags, environments := environmentFlags("environments plan")
	flags.BoolVar(&check, "check", false, "fail where anything differs")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	client, at, desired, err := environments.open()
	if err != nil {
		return err
	}
	plan, err := client.PlanEnvironments(context.Background(), at, desired)
	if err != nil {
		return err
	}
	if err := environments.show(plan, out); err != nil {
		return err
	}
	if check && len(plan.Changes) > 0 {
		return fmt.Errorf("%d fields of the environments of %s are not as desired", len(plan.Changes), at)
	}
	return nil
}

// applyEnvironments makes a repository's environments as esteira.yaml has them, and reads them back.
func applyEnvironments(args []string, out io.Writer) error {
	var expect string
	flags, environments := environmentFlags("environments apply")
	flags.StringVar(&expect, "expect", "", "`digest` that 'esteira environments plan' printed: change nothing unless that is still the plan")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	client, at, desired, err := environments.open()
	if err != nil {
		return err
	}
	plan, refused := client.ApplyEnvironments(context.Background(), at, desired, expect)
	if plan.Repository != "" {
		if err := environments.show(plan, out); err != nil {
			return errors.Join(refused, err)
		}
	}
	if refused != nil {
		return refused
	}
	_, err = fmt.Fprintf(out, "the environments of %s are as desired\n", at)
	return err
}

// environmentCall is what both commands are called with.
type environmentCall struct {
	*githubAccess
	config, json string
}

func environmentFlags(name string) (*flag.FlagSet, *environmentCall) {
	call := &environmentCall{}
	flags, access := githubFlags(name, "whose environments they are")
	call.githubAccess = access
	flags.StringVar(&call.config, "config", "esteira.yaml", "`file` that lists the environments")
	flags.StringVar(&call.json, "json", "", "write the plan, with its digest, to this `file`, too")
	return flags, call
}

func (e environmentCall) open() (*github.Client, github.Repository, []config.Environment, error) {
	client, at, err := e.githubAccess.open()
	if err != nil {
		return nil, at, nil, err
	}
	desired, err := config.ReadFile(e.config)
	return client, at, desired.Environments, err
}

// show prints the plan for a person, and writes it where it is asked for.
func (e environmentCall) show(plan github.Plan, out io.Writer) error {
	digest, err := plan.Digest()
	if err != nil {
		return err
	}
	if e.json != "" {
		written := struct {
			github.Plan
			Digest string `json:"digest"`
		}{plan, digest}
		if err := writeFileOf(e.json, func(w io.Writer) error { return writeJSON(w, written) }); err != nil {
			return err
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, change := range plan.Changes {
		current := change.Current
		if current == "" {
			current = "(new)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t→ %s\n", change.Environment, change.Field, current, change.Desired)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, note := range notes(plan, digest) {
		if _, err := fmt.Fprintln(out, note); err != nil {
			return err
		}
	}
	return nil
}

// notes are what is to be known beside the changes.
func notes(plan github.Plan, digest string) []string {
	var all []string
	if len(plan.Others) > 0 {
		all = append(all, "left alone: "+strings.Join(plan.Others, ", "))
	}
	for _, limit := range plan.Limits {
		all = append(all, "not allowed: "+limit)
	}
	if len(plan.Permissions) > 0 {
		all = append(all, "permissions of the GitHub App that applies it: "+strings.Join(plan.Permissions, ", "))
	}
	return append(all, fmt.Sprintf("%d changes, %s", len(plan.Changes), digest))
}
