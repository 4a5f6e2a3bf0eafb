package main

import (
	"context"
	"maps"
	"slices"

	"github.com/esteira/esteira/pipelines/github"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// reviewing reads from GitHub who reviewed a promotion, each time that it is asked.
type reviewing struct {
	call *requesting
	githubAccess
	number int
}

func (l *reviewing) flags() {
	l.call.IntVar(&l.number, "pull-request", 0, "`number` of the pull request at GitHub whose reviews count; none means the open one of the proposed set")
	l.call.Func("github", "`OWNER/NAME` of the repository that it is in", func(value string) (err error) {
		l.at, err = github.ParseRepository(value)
		return err
	})
	l.call.StringVar(&l.token, "token-file", "", "`file` with the token (default: the variable GITHUB_TOKEN)")
	l.call.StringVar(&l.api, "api", github.API, "`URL` of GitHub's API")
}

// read is what GitHub says by now of who reviewed it, and of who had a part in whatever it brings.
func (l *reviewing) read(ctx context.Context, w promotion.Workspace) (all release.PullRequest, err error) {
	if l.at.Name == "" {
		return all, l.call.wrong("name the repository of the pull request by --github")
	}
	client, at, err := l.open()
	if err != nil {
		return all, err
	}
	plan, err := w.Plan(ctx, l.call.request)
	if err != nil {
		return all, err
	}
	number := l.number
	if number == 0 {
		if number, err = client.Proposed(ctx, at, plan.Proposal(), w.Branch); err != nil {
			return all, err
		}
	}
	brings, err := w.Brings(ctx, plan)
	if err != nil {
		return all, err
	}
	all.Logins = map[string]string{}
	for _, between := range brings {
		said, err := client.Reviews(ctx, at, number, github.Between{Branch: w.Branch, Since: between[0], Until: between[1]})
		if err != nil {
			return all, err
		}
		all.Reviews = said.Reviews
		all.Pushers = append(all.Pushers, said.Pushers...)
		maps.Copy(all.Logins, said.Logins)
	}
	slices.Sort(all.Pushers)
	all.Pushers = slices.Compact(all.Pushers)
	return all, nil
}
