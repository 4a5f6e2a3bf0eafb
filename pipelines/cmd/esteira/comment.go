package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/esteira/esteira/pipelines/github"
	"github.com/esteira/esteira/pipelines/report"
)

// commentReport writes a report into the one comment of a pull request. The report is data, whoever made it: it is read
// strictly, and its Markdown is made here.
func commentReport(args []string, out io.Writer) error {
	var file string
	var head github.Head
	flags, access := githubFlags("comment", "of the pull request")
	flags.StringVar(&file, "report", "", "`file` with the report as JSON")
	flags.StringVar(&head.Branch, "head", "", "`OWNER:BRANCH` that the pull request comes from")
	flags.StringVar(&head.Commit, "commit", "", "`SHA` of the commit that was judged")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if file == "" || access.at.Name == "" {
		return usageError{errors.New("comment: name the --report, the --repository, the --head and the --commit")}
	}
	run, err := readFile(file, report.ReadJSON)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := run.Markdown(&text); err != nil {
		return err
	}
	client, at, err := access.open()
	if err != nil {
		return err
	}
	address, err := client.Comment(context.Background(), at, head, text.String())
	switch {
	case err != nil:
		return err
	case address == "":
		_, err = fmt.Fprintf(out, "not commented: no open pull request of %s has the head %s at %s any more\n", at, head.Branch, head.Commit)
	default:
		_, err = fmt.Fprintln(out, "commented on", address)
	}
	return err
}
