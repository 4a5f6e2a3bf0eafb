// Package github is how pipelines reach GitHub: a report in a comment of a pull request; that data drifted, so that a
// workflow trains anew; environments as code; and what a promotion leaves there, and reads of who approved it.
package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/google/go-github/v60/github"
)

// API is where GitHub itself answers. An Enterprise Server has its own address, which ends in /api/v3/.
const API = "https://api.github.com/"

// Repository is a repository at GitHub.
type Repository struct{ Owner, Name string }

// String is owner/name.
func (r Repository) String() string { return r.Owner + "/" + r.Name }

var repository = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+)$`)

// ParseRepository reads owner/name.
func ParseRepository(text string) (Repository, error) {
	parts := repository.FindStringSubmatch(text)
	if parts == nil || parts[2] == "." || parts[2] == ".." {
		return Repository{}, fmt.Errorf("repository %q is not OWNER/NAME", text)
	}
	return Repository{parts[1], parts[2]}, nil
}

// Client speaks to GitHub with a token.
type Client struct {
	rest  *github.Client
	retry *retry
}

// New is a client of the API at an address, with a token of a GitHub App, a person or a workflow.
func New(api, token string) (*Client, error) {
	base, err := url.Parse(api)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("GitHub's address %q is no http or https URL", api)
	}
	if token == "" {
		return nil, errors.New("GitHub's token is empty")
	}
	// The token goes with each request, so that none follows a redirect to somewhere else.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	retry := newRetry(&http.Client{Timeout: limit, CheckRedirect: stay})
	rest := github.NewClient(&http.Client{Transport: retry, CheckRedirect: stay}).WithAuthToken(token)
	rest.BaseURL = base.JoinPath("/")
	return &Client{rest, retry}, nil
}

// call asks what go-github has no method for, or one that believes the answer too readily. The path is relative to the API.
func (c *Client) call(ctx context.Context, method, path string, body, into any) (*github.Response, error) {
	request, err := c.rest.NewRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	return c.rest.Do(ctx, request, into)
}

// pages is what a list has, page by page as it is asked for.
func pages[T any](list func(github.ListOptions) ([]T, *github.Response, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		options := github.ListOptions{PerPage: 100}
		for {
			some, answer, err := list(options)
			if err != nil {
				yield(none, err)
				return
			}
			for _, one := range some {
				if !yield(one, nil) {
					return
				}
			}
			switch {
			case answer.NextPage == 0:
				return
			case answer.NextPage <= options.Page:
				yield(none, errors.New("GitHub's pages go round in circles"))
				return
			}
			options.Page = answer.NextPage
		}
	}
}

// refusal says in plain words what GitHub answered, and what to do: a token may need a permission.
func refusal(err error, permission string) error {
	var (
		rate   *github.RateLimitError
		abuse  *github.AbuseRateLimitError
		answer *github.ErrorResponse
	)
	needed := "it needs the permission " + permission + " there (a GitHub App or a fine-grained token), or the scope repo (a classic token)"
	switch {
	case errors.As(err, &rate):
		return fmt.Errorf("the token's limit of %d requests an hour is used up: call again after %s", rate.Rate.Limit, rate.Rate.Reset.UTC().Format(time.RFC3339))
	case errors.As(err, &abuse):
		return fmt.Errorf("GitHub asks to slow down (%s): call again in %v", abuse.Message, cmp.Or(abuse.GetRetryAfter(), defaultWait))
	case !errors.As(err, &answer):
		return err
	}
	switch answer.Response.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("GitHub does not accept the token (401 %s): it expired, was revoked, or is cut off", answer.Message)
	case http.StatusForbidden:
		return fmt.Errorf("the token may not do that (403 %s%s): %s", answer.Message, accepted(answer.Response), needed)
	case http.StatusNotFound:
		return fmt.Errorf("GitHub shows the token no such repository (404 %s): mend the name, or the token: %s", answer.Message, needed)
	case http.StatusTooManyRequests:
		wait, _ := limited(answer.Response)
		return fmt.Errorf("GitHub asks to slow down (429 %s): call again in %v", answer.Message, wait.Round(time.Second))
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return fmt.Errorf("the repository has moved (%d): give its new name", answer.Response.StatusCode)
	}
	return err
}

// accepted are the permissions with which GitHub would have done it, where it says so.
func accepted(response *http.Response) string {
	if permissions := response.Header.Get("X-Accepted-GitHub-Permissions"); permissions != "" {
		return "; accepted: " + permissions
	}
	return ""
}
