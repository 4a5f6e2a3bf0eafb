// Package github tells GitHub what a pipeline found: that data drifted, so that a workflow trains anew.
package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/google/go-github/v60/github"
)

// API is where GitHub itself answers. An Enterprise Server has its own address, which ends in /api/v3/.
const API = "https://api.github.com/"

// limit is how long GitHub may take to answer.
const limit = 30 * time.Second

// payloadLimit is the most bytes that an event's payload may have at GitHub.
const payloadLimit = 65_535

// ModelDrift is the type of the event that asks for a training.
const ModelDrift = "model-drift"

// Drift is the payload of a ModelDrift event: what a workflow gets as github.event.client_payload.
type Drift struct {
	Dataset string   `json:"dataset"`
	SHA256  string   `json:"sha256,omitempty"` // of the model that is served
	Reasons []string `json:"reasons"`
}

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
type Client struct{ rest *github.Client }

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
	rest := github.NewClient(&http.Client{Timeout: limit, CheckRedirect: stay}).WithAuthToken(token)
	rest.BaseURL = base.JoinPath("/")
	return &Client{rest}, nil
}

// Dispatch sends a ModelDrift event to a repository, which starts its workflows that wait for one. An error says what
// GitHub refused, and which permission is missing.
func (c *Client) Dispatch(ctx context.Context, to Repository, drift Drift) error {
	if drift.Dataset == "" || len(drift.Reasons) == 0 {
		return errors.New("a training needs the name of a data set and a reason: nothing was sent")
	}
	text, err := json.Marshal(drift)
	if err != nil {
		return err
	}
	if len(text) > payloadLimit {
		return fmt.Errorf("the payload has %d bytes, and GitHub takes %d: nothing was sent", len(text), payloadLimit)
	}
	payload := json.RawMessage(text)
	_, _, err = c.rest.Repositories.Dispatch(ctx, to.Owner, to.Name, github.DispatchRequestOptions{EventType: ModelDrift, ClientPayload: &payload})
	if err != nil {
		return fmt.Errorf("event %s was not sent to %s: %w", ModelDrift, to, refusal(err))
	}
	return nil
}

// refusal says in plain words what GitHub answered, and what to do.
func refusal(err error) error {
	var (
		rate   *github.RateLimitError
		abuse  *github.AbuseRateLimitError
		answer *github.ErrorResponse
	)
	const permission = "it needs the permission contents:write there (a GitHub App or a fine-grained token), or the scope repo (a classic token)"
	switch {
	case errors.As(err, &rate):
		return fmt.Errorf("the token's limit of %d requests an hour is used up: call again after %s", rate.Rate.Limit, rate.Rate.Reset.UTC().Format(time.RFC3339))
	case errors.As(err, &abuse):
		return fmt.Errorf("GitHub asks to slow down (%s): call again in %v", abuse.Message, abuse.GetRetryAfter())
	case !errors.As(err, &answer):
		return err
	}
	switch answer.Response.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("GitHub does not accept the token (401 %s): it expired, was revoked, or is cut off", answer.Message)
	case http.StatusForbidden:
		return fmt.Errorf("the token may not do that (403 %s%s): %s", answer.Message, accepted(answer.Response), permission)
	case http.StatusNotFound:
		return fmt.Errorf("GitHub shows the token no such repository (404 %s): mend the name, or the token: %s", answer.Message, permission)
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
