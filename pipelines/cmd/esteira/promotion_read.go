package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/esteira/esteira/pipelines/release/promotion"
)

// showStatus says what each environment runs, and what keeps it from changing.
func showStatus(args []string, out io.Writer) error {
	p := newPromoting("status")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	all, err := w.Status(context.Background())
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, status := range all {
		text.WriteString(status.String())
	}
	return p.tell(out, text.String(), all)
}

// showHistory says what an environment has run.
func showHistory(args []string, out io.Writer) error {
	p := newPromoting("history")
	var environment string
	var most int
	p.StringVar(&environment, "environment", "", "`environment`")
	p.IntVar(&most, "most", 20, "`number` of sets that are shown; 0 for all")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	if environment == "" {
		return p.wrong("name the --environment")
	}
	history, err := w.History(context.Background(), environment)
	if err != nil {
		return err
	}
	return p.tell(out, promotion.Told(history, most), history)
}

// verifyReleases fails unless sets follow from one another, and files beside them say what they do.
func verifyReleases(args []string, out io.Writer) error {
	p := newPromoting("verify")
	var revision, since string
	var environments list
	p.StringVar(&revision, "revision", "HEAD", "`commit` that is looked at")
	p.StringVar(&since, "since", "", "`commit` before which nothing is looked at: the base of a pull request")
	p.Var(&environments, "environment", "`environment`; several times for several; none means all of the policy")
	w, done, err := p.call(args, out)
	if done || err != nil {
		return err
	}
	ctx := context.Background()
	if len(environments) == 0 {
		if environments, err = w.Environments(ctx, revision); err != nil {
			return err
		}
	}
	verified := map[string]int{}
	var text strings.Builder
	for _, environment := range environments {
		sets, err := w.Verify(ctx, revision, environment, since)
		if err != nil {
			return err
		}
		verified[environment] = sets
		fmt.Fprintf(&text, "%s: %d sets follow from one another, and all that is derived from the last one says what it does\n", environment, sets)
	}
	return p.tell(out, text.String(), verified)
}
