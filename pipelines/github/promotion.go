package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/go-github/v60/github"
)

// Request is a pull request of ours.
type Request struct {
	// Branch is where it comes from, in the same repository, and Base where it goes to.
	Branch, Base string
	Title, Text  string
}

// Propose opens the pull request of a branch, or says anew what the open one is about. It returns its number and address.
func (c *Client) Propose(ctx context.Context, at Repository, r Request) (number int, address string, err error) {
	if len(r.Text) > commentLimit {
		return 0, "", fmt.Errorf("the pull request's text has %d characters, and GitHub takes %d: nothing was written", len(r.Text), commentLimit)
	}
	known, err := c.proposed(ctx, at, r)
	if err != nil {
		return 0, "", err
	}
	if known == nil {
		known, _, err = c.rest.PullRequests.Create(ctx, at.Owner, at.Name, &github.NewPullRequest{Title: &r.Title, Head: &r.Branch, Base: &r.Base, Body: &r.Text})
		if answered(err, http.StatusUnprocessableEntity) { // somebody else was faster, or it cannot be
			if faster, again := c.proposed(ctx, at, r); again == nil && faster != nil {
				known, err = faster, nil
			}
		}
		if err != nil {
			return 0, "", fmt.Errorf("no pull request from %s to %s of %s was opened: %w", r.Branch, r.Base, at, refusal(err, "pull_requests:write"))
		}
	}
	if known.GetTitle() != r.Title || known.GetBody() != r.Text {
		known, _, err = c.rest.PullRequests.Edit(ctx, at.Owner, at.Name, known.GetNumber(), &github.PullRequest{Title: &r.Title, Body: &r.Text})
		if err != nil {
			return 0, "", fmt.Errorf("the pull request from %s to %s of %s was not changed: %w", r.Branch, r.Base, at, refusal(err, "pull_requests:write"))
		}
	}
	return known.GetNumber(), known.GetHTMLURL(), nil
}

// Proposed is the number of the open pull request from a branch to another one. Where there is none, that is an error.
func (c *Client) Proposed(ctx context.Context, at Repository, branch, base string) (int, error) {
	known, err := c.proposed(ctx, at, Request{Branch: branch, Base: base})
	if err == nil && known == nil {
		err = fmt.Errorf("%s has no open pull request from %s to %s: propose the promotion first", at, branch, base)
	}
	return known.GetNumber(), err
}

// proposed is the open pull request of the branch, if there is one.
func (c *Client) proposed(ctx context.Context, at Repository, r Request) (*github.PullRequest, error) {
	for request, err := range c.open(ctx, at, at.Owner+":"+r.Branch) {
		if err != nil {
			return nil, err
		}
		if request.GetBase().GetRef() == r.Base {
			return request, nil
		}
	}
	return nil, nil
}

// Release is what is published about a version.
type Release struct {
	// Tag is made at the commit where there is none of that name.
	Tag, Commit  string
	Title, Notes string
}

// Publish makes the release of a tag, or writes its notes anew, and returns its address. A tag of that name at another
// commit is an error, and nothing is written.
func (c *Client) Publish(ctx context.Context, at Repository, r Release) (string, error) {
	failed := func(err error) (string, error) {
		return "", fmt.Errorf("release %s of %s was not published: %w", r.Tag, at, refusal(err, "contents:write"))
	}
	tagged, _, err := c.rest.Repositories.GetCommit(ctx, at.Owner, at.Name, url.PathEscape("tags/"+r.Tag), nil)
	switch {
	case err == nil && tagged.GetSHA() != r.Commit:
		return "", fmt.Errorf("release %s of %s: that tag is at %.12s and not at %.12s: nothing was written", r.Tag, at, tagged.GetSHA(), r.Commit)
	case err != nil && !answered(err, http.StatusNotFound) && !answered(err, http.StatusUnprocessableEntity): // there is no such tag
		return failed(err)
	}
	published, _, err := c.rest.Repositories.GetReleaseByTag(ctx, at.Owner, at.Name, url.PathEscape(r.Tag))
	switch {
	case answered(err, http.StatusNotFound):
		published, _, err = c.rest.Repositories.CreateRelease(ctx, at.Owner, at.Name, &github.RepositoryRelease{
			TagName: &r.Tag, TargetCommitish: &r.Commit, Name: &r.Title, Body: &r.Notes,
		})
	case err == nil && (published.GetName() != r.Title || published.GetBody() != r.Notes):
		published, _, err = c.rest.Repositories.EditRelease(ctx, at.Owner, at.Name, published.GetID(), &github.RepositoryRelease{Name: &r.Title, Body: &r.Notes})
	}
	if err != nil {
		return failed(err)
	}
	return published.GetHTMLURL(), nil
}
