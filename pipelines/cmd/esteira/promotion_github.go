package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/esteira/esteira/pipelines/github"
)

// readReviews prints what GitHub says about who approved a promotion, and who had a part in it. It judges nothing.
func readReviews(args []string, out io.Writer) error {
	var number int
	var file string
	var between github.Between
	flags, access := githubFlags("promotion reviews", "of the pull request")
	flags.IntVar(&number, "pull-request", 0, "`number` of the promotion's pull request")
	flags.StringVar(&between.Branch, "branch", "main", "`branch` on which the commits are")
	flags.StringVar(&between.Since, "since", "", "`SHA` of the commit of the set that runs")
	flags.StringVar(&between.Until, "until", "", "`SHA` of the last commit that the promotion brings")
	flags.StringVar(&file, "json", "", "write it to this `file`, and not to standard output")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if number < 1 || between.Since == "" || between.Until == "" {
		return usageError{errors.New("promotion reviews: name the --pull-request, and the commits --since and --until")}
	}
	client, at, err := access.open()
	if err != nil {
		return err
	}
	said, err := client.Reviews(context.Background(), at, number, between)
	if err != nil {
		return err
	}
	return writeResult(file, said, out)
}

// writeResult writes a value as JSON, into a file where one is named.
func writeResult(file string, value any, out io.Writer) error {
	if file == "" {
		return writeJSON(out, value)
	}
	return writeFileOf(file, func(w io.Writer) error { return writeJSON(w, value) })
}

// recordDeployment says at GitHub how far a release set is on its way into an environment.
func recordDeployment(args []string, out io.Writer) error {
	var deployment github.Deployment
	var status github.Status
	flags, access := githubFlags("promotion deployed", "that the environment belongs to")
	flags.StringVar(&deployment.Environment, "environment", "", "`name` of the environment at GitHub")
	flags.StringVar(&deployment.Commit, "commit", "", "`SHA` of the commit that moved the set")
	flags.StringVar(&deployment.Set, "set", "", "`digest` of the set")
	flags.StringVar(&status.State, "state", "", "`state`: queued, pending, in_progress; success, failure, error; inactive")
	flags.StringVar(&status.Description, "description", "", "`text` of at most 140 characters")
	flags.StringVar(&status.Log, "log", "", "`URL` where to read on")
	flags.StringVar(&status.URL, "url", "", "`URL` where it runs")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if deployment.Environment == "" || deployment.Commit == "" || deployment.Set == "" || status.State == "" {
		return usageError{errors.New("promotion deployed: name the --environment, the --commit, the --set and the --state")}
	}
	client, at, err := access.open()
	if err != nil {
		return err
	}
	deployment.Description = status.Description
	number, err := client.Deploy(context.Background(), at, deployment)
	if err != nil {
		return err
	}
	if err := client.SetStatus(context.Background(), at, number, status); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "deployment %d of %.12s to %s is %s\n", number, deployment.Commit, deployment.Environment, status.State)
	return err
}

// listDeployments prints GitHub's deployments since a day: what the delivery's figures are made of.
func listDeployments(args []string, out io.Writer) error {
	var since, file string
	flags, access := githubFlags("deployments", "whose deployments they are")
	flags.StringVar(&since, "since", "", "first `day`, as YYYY-MM-DD (default: all that GitHub knows)")
	flags.StringVar(&file, "json", "", "write it to this `file`, and not to standard output")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	first, err := time.Parse(time.DateOnly, cmp.Or(since, "0001-01-01"))
	if err != nil {
		return usageError{fmt.Errorf("deployments: --since: %w", err)}
	}
	client, at, err := access.open()
	if err != nil {
		return err
	}
	all, err := client.Deployments(context.Background(), at, first)
	if err != nil {
		return err
	}
	return writeResult(file, all, out)
}

// proposePromotion opens a pull request, or says anew what the open one is about.
func proposePromotion(args []string, out io.Writer) error {
	var request github.Request
	var text string
	flags, access := githubFlags("promotion propose", "that has both branches")
	flags.StringVar(&request.Branch, "branch", "", "`branch` with the promotion's commit")
	flags.StringVar(&request.Base, "base", "main", "`branch` that it goes to")
	flags.StringVar(&request.Title, "title", "", "`title`")
	flags.StringVar(&text, "text", "", "`file` with the text, in Markdown")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if request.Branch == "" || request.Title == "" || text == "" {
		return usageError{errors.New("promotion propose: name the --branch, the --title and the file with the --text")}
	}
	body, err := os.ReadFile(text)
	if err != nil {
		return err
	}
	request.Text = string(body)
	client, at, err := access.open()
	if err != nil {
		return err
	}
	number, address, err := client.Propose(context.Background(), at, request)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "pull request %d: %s\n", number, address)
	return err
}

// publishRelease publishes the notes of a tag, which is made where there is none.
func publishRelease(args []string, out io.Writer) error {
	var release github.Release
	var notes string
	flags, access := githubFlags("promotion publish", "that the release is of")
	flags.StringVar(&release.Tag, "tag", "", "`name` of the tag")
	flags.StringVar(&release.Commit, "commit", "", "`SHA` that the tag is of")
	flags.StringVar(&release.Title, "title", "", "`title`")
	flags.StringVar(&notes, "notes", "", "`file` with the notes, in Markdown")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if release.Tag == "" || release.Commit == "" || release.Title == "" || notes == "" {
		return usageError{errors.New("promotion publish: name the --tag, the --commit, the --title and the file with the --notes")}
	}
	text, err := os.ReadFile(notes)
	if err != nil {
		return err
	}
	release.Notes = string(text)
	client, at, err := access.open()
	if err != nil {
		return err
	}
	address, err := client.Publish(context.Background(), at, release)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "published", address)
	return err
}
