package github

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Head is the commit of a pull request that was judged: its branch as OWNER:BRANCH, and its SHA.
type Head struct{ Branch, Commit string }

// reportMark is how the comment of a report is found again. It is no part of what people see.
const reportMark = "<!-- esteira: pull request -->\n"

// commentLimit is the most characters that a comment may have at GitHub.
const commentLimit = 65_536

// Comment writes a text, in Markdown, into one comment of the open pull request whose head it is about: into the one of an
// earlier call, where there is one. It returns the comment's address, or nothing where the pull request is closed or has
// another head by now. An error says what GitHub refused.
func (c *Client) Comment(ctx context.Context, at Repository, head Head, text string) (string, error) {
	if len(text)+len(reportMark) > commentLimit {
		return "", fmt.Errorf("the comment has %d characters, and GitHub takes %d: nothing was written", len(text), commentLimit)
	}
	if !strings.Contains(head.Branch, ":") || head.Commit == "" {
		return "", fmt.Errorf("head %q at %q is not OWNER:BRANCH and a commit", head.Branch, head.Commit)
	}
	number, err := c.pullRequest(ctx, at, head)
	if err != nil || number == 0 {
		return "", err
	}
	before, err := c.report(ctx, at, number)
	if err != nil {
		return "", err
	}
	body := &github.IssueComment{Body: github.String(reportMark + text)}
	var written *github.IssueComment
	if before == 0 {
		written, _, err = c.rest.Issues.CreateComment(ctx, at.Owner, at.Name, number, body)
	} else {
		written, _, err = c.rest.Issues.EditComment(ctx, at.Owner, at.Name, before, body)
	}
	if err != nil {
		return "", fmt.Errorf("pull request %d of %s was not commented on: %w", number, at, refusal(err, "pull_requests:write"))
	}
	return written.GetHTMLURL(), nil
}

// pullRequest is the number of the open pull request with that head, or 0.
func (c *Client) pullRequest(ctx context.Context, at Repository, head Head) (int, error) {
	for request, err := range c.open(ctx, at, head.Branch) {
		if err != nil {
			return 0, err
		}
		if request.GetHead().GetSHA() == head.Commit {
			return request.GetNumber(), nil
		}
	}
	return 0, nil
}

// open are the open pull requests from a branch, OWNER:BRANCH.
func (c *Client) open(ctx context.Context, at Repository, branch string) iter.Seq2[*github.PullRequest, error] {
	return pages(func(page github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		some, answer, err := c.rest.PullRequests.List(ctx, at.Owner, at.Name, &github.PullRequestListOptions{State: "open", Head: branch, ListOptions: page})
		if err != nil {
			return nil, nil, fmt.Errorf("the pull requests of %s were not listed: %w", at, refusal(err, "pull_requests:read"))
		}
		return some, answer, nil
	})
}

// report is the comment that an earlier call wrote, or 0. People's comments may say anything: only a program's counts.
func (c *Client) report(ctx context.Context, at Repository, number int) (int64, error) {
	comments := pages(func(page github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
		return c.rest.Issues.ListComments(ctx, at.Owner, at.Name, number, &github.IssueListCommentsOptions{ListOptions: page})
	})
	for comment, err := range comments {
		if err != nil {
			return 0, fmt.Errorf("the comments of pull request %d of %s were not listed: %w", number, at, refusal(err, "pull_requests:read"))
		}
		if comment.GetUser().GetType() == "Bot" && strings.HasPrefix(comment.GetBody(), reportMark) {
			return comment.GetID(), nil
		}
	}
	return 0, nil
}
