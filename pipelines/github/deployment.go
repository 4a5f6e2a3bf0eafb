package github

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/go-github/v60/github"
)

// promotionTask tells deployments of promotions from those that others make.
const promotionTask = "esteira:promotion"

// Deployment is a release set on its way into an environment.
type Deployment struct {
	Environment string
	// Commit is the one that moved the set.
	Commit string
	// Set is the set's digest.
	Set         string
	Description string
}

// Deploy records a deployment, unless it is recorded already, and returns its number.
func (c *Client) Deploy(ctx context.Context, at Repository, d Deployment) (int64, error) {
	if d.Environment == "" || d.Commit == "" || d.Set == "" {
		return 0, fmt.Errorf("deployment %+v: an environment, a commit and the digest of a set are needed", d)
	}
	number, err := c.deployed(ctx, at, d)
	if number != 0 || err != nil {
		return number, err
	}
	made, _, err := c.rest.Repositories.CreateDeployment(ctx, at.Owner, at.Name, &github.DeploymentRequest{
		Ref: &d.Commit, Task: github.String(promotionTask), Environment: &d.Environment, Description: shorten(d.Description),
		Payload: payload{d.Set},
		// What had to be green was judged before the commit was made; nothing is merged into it.
		AutoMerge: github.Bool(false), RequiredContexts: &[]string{},
	})
	if err != nil {
		return 0, fmt.Errorf("the deployment of %.12s to %s was not recorded: %w", d.Commit, d.Environment, refusal(err, "deployments:write"))
	}
	// Of two that were recorded at the same time the first counts.
	number, err = c.deployed(ctx, at, d)
	return cmp.Or(number, made.GetID()), err
}

// payload is what a deployment of ours carries.
type payload struct {
	Set string `json:"set"`
}

// setOf is the digest of the set that a deployment is of. GitHub gives some payloads back as text.
func setOf(d *github.Deployment) string {
	var p payload
	if err := json.Unmarshal(d.Payload, &p); err == nil {
		return p.Set
	}
	var text string
	if err := json.Unmarshal(d.Payload, &text); err != nil || json.Unmarshal([]byte(text), &p) != nil {
		return ""
	}
	return p.Set
}

// deployed is the number of the first deployment that says the same, or 0.
func (c *Client) deployed(ctx context.Context, at Repository, d Deployment) (int64, error) {
	var first int64
	for known, err := range c.deployments(ctx, at, github.DeploymentsListOptions{SHA: d.Commit, Environment: d.Environment, Task: promotionTask}) {
		if err != nil {
			return 0, err
		}
		if setOf(known) == d.Set && (first == 0 || known.GetID() < first) {
			first = known.GetID()
		}
	}
	return first, nil
}

func (c *Client) deployments(ctx context.Context, at Repository, options github.DeploymentsListOptions) iter.Seq2[*github.Deployment, error] {
	return pages(func(page github.ListOptions) ([]*github.Deployment, *github.Response, error) {
		options.ListOptions = page
		some, answer, err := c.rest.Repositories.ListDeployments(ctx, at.Owner, at.Name, &options)
		if err != nil {
			return nil, nil, fmt.Errorf("the deployments of %s were not listed: %w", at, refusal(err, "deployments:read"))
		}
		return some, answer, nil
	})
}

// Status is how far a deployment is.
type Status struct {
	// State is queued, pending, in_progress; then success, failure or error; then inactive.
	State       string
	Description string
	// Log and URL are where to read on, and where it runs.
	Log, URL string
}

// order are the states before a deployment's end.
var order = []string{"queued", "pending", "in_progress"}

// ends are how a deployment may end. Afterwards it can only be superseded.
var ends = []string{"success", "failure", "error"}

const superseded = "inactive"

func rank(state string) int {
	switch {
	case slices.Contains(order, state):
		return slices.Index(order, state)
	case slices.Contains(ends, state):
		return len(order)
	case state == superseded:
		return len(order) + 1
	}
	return -1
}

// SetStatus moves a deployment on. It never goes back: what was a success is not made a failure. Saying the same twice is
// saying it once.
func (c *Client) SetStatus(ctx context.Context, at Repository, deployment int64, s Status) error {
	if rank(s.State) < 0 {
		return fmt.Errorf("deployment %d: %q is no state: want one of %q, %q or %q", deployment, s.State, order, ends, superseded)
	}
	last, err := c.furthest(ctx, at, deployment, superseded)
	if err != nil {
		return err
	}
	switch now := last.GetState(); {
	case now == s.State:
		return nil
	case rank(now) >= rank(s.State):
		return fmt.Errorf("deployment %d is %s already: it does not go back to %s", deployment, now, s.State)
	}
	request := &github.DeploymentStatusRequest{State: &s.State, Description: shorten(s.Description)}
	if s.Log != "" {
		request.LogURL = &s.Log
	}
	if s.URL != "" {
		request.EnvironmentURL = &s.URL
	}
	if _, _, err := c.rest.Repositories.CreateDeploymentStatus(ctx, at.Owner, at.Name, deployment, request); err != nil {
		return fmt.Errorf("deployment %d was not set to %s: %w", deployment, s.State, refusal(err, "deployments:write"))
	}
	return nil
}

// furthest is the status of a deployment that came last in the order of its states, of those up to one; nil where nobody
// said anything yet.
func (c *Client) furthest(ctx context.Context, at Repository, deployment int64, upTo string) (*github.DeploymentStatus, error) {
	var last *github.DeploymentStatus
	statuses := pages(func(page github.ListOptions) ([]*github.DeploymentStatus, *github.Response, error) {
		return c.rest.Repositories.ListDeploymentStatuses(ctx, at.Owner, at.Name, deployment, &page)
	})
	for status, err := range statuses {
		if err != nil {
			return nil, fmt.Errorf("the statuses of deployment %d of %s were not listed: %w", deployment, at, refusal(err, "deployments:read"))
		}
		if place := rank(status.GetState()); place > rank(last.GetState()) && place <= rank(upTo) {
			last = status
		}
	}
	return last, nil
}

// Deployed is a deployment as GitHub knows it: what the delivery's figures are made of.
type Deployed struct {
	Environment string    `json:"environment"`
	Commit      string    `json:"sha"`
	State       string    `json:"state"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
}

// Deployments are all of a repository since a time, the newest first, each with how it ended, superseded or not.
func (c *Client) Deployments(ctx context.Context, at Repository, since time.Time) ([]Deployed, error) {
	all := []Deployed{}
	for known, err := range c.deployments(ctx, at, github.DeploymentsListOptions{}) {
		if err != nil {
			return nil, err
		}
		if known.GetCreatedAt().Before(since) {
			break // GitHub lists the newest first
		}
		last, err := c.furthest(ctx, at, known.GetID(), ends[0])
		if err != nil {
			return nil, err
		}
		deployed := Deployed{known.GetEnvironment(), known.GetSHA(), last.GetState(), known.GetCreatedAt().UTC(), known.GetCreatedAt().UTC()}
		if last != nil {
			deployed.Updated = last.GetCreatedAt().UTC()
		}
		all = append(all, deployed)
	}
	return all, nil
}

// descriptionLimit is the most characters that the description of a deployment or of a status may have at GitHub.
const descriptionLimit = 140

func shorten(text string) *string {
	if runes := []rune(text); len(runes) > descriptionLimit {
		text = string(runes[:descriptionLimit-1]) + "…"
	}
	return &text
}
