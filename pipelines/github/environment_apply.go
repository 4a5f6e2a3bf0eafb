package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/esteira/esteira/pipelines/config"
)

// ErrPlanChanged is an error of ApplyEnvironments: what is to change is not what was expected.
var ErrPlanChanged = errors.New("the environments are not any more as they were planned from: plan again")

// ApplyEnvironments makes a repository's environments as desired, and reads back what it wrote: what GitHub accepted and
// did not do is an error. It returns what it changed; where nothing differs that is nothing. Called again after it was cut
// off it does the rest. With a plan's digest it changes nothing unless the plan is still that.
func (c *Client) ApplyEnvironments(ctx context.Context, at Repository, desired []config.Environment, expect string) (Plan, error) {
	plan, current, err := c.planEnvironments(ctx, at, desired)
	if err != nil {
		return Plan{}, err
	}
	digest, err := plan.Digest()
	if err != nil {
		return Plan{}, err
	}
	if expect != "" && expect != digest {
		return plan, fmt.Errorf("%w (planned %s, now %s)", ErrPlanChanged, expect, digest)
	}
	var failed []error
	for _, want := range desired {
		differs := func(c Change) bool { return c.Environment == want.Name }
		if !slices.ContainsFunc(plan.Changes, differs) {
			continue
		}
		if err := c.makeEnvironment(ctx, at, want, current[strings.ToLower(want.Name)]); err != nil {
			failed = append(failed, fmt.Errorf("environment %s: %w", want.Name, err))
		}
	}
	return plan, c.readBack(ctx, at, desired, plan.Limits, failed)
}

// readBack is an error that says what is still not as desired, and why, as far as that is known.
func (c *Client) readBack(ctx context.Context, at Repository, desired []config.Environment, limits []string, failed []error) error {
	now, err := c.environments(ctx, at)
	if err != nil {
		return errors.Join(append(failed, err)...)
	}
	left := compare(at, desired, now).Changes
	if len(left) == 0 {
		return nil
	}
	if len(failed) == 0 && len(limits) == 0 {
		limits = []string{"the account's plan or the server's version may not have it"}
	}
	for _, change := range left {
		failed = append(failed, fmt.Errorf("environment %s: %s is %q and not %q", change.Environment, change.Field, change.Current, change.Desired))
	}
	for _, limit := range limits {
		failed = append(failed, errors.New(limit))
	}
	return fmt.Errorf("the environments of %s are not as desired:\n%w", at, errors.Join(failed...))
}

// makeEnvironment writes the environment, and then which branches may be deployed: in between none may.
func (c *Client) makeEnvironment(ctx context.Context, at Repository, want config.Environment, there observed) error {
	body, err := c.settings(ctx, at, want, there.environment())
	if err != nil {
		return err
	}
	address := fmt.Sprintf("repos/%s/environments/%s", at, url.PathEscape(want.Name))
	if _, err := c.call(ctx, http.MethodPut, address, body, nil); err != nil {
		return fmt.Errorf("it was not written: %w", refusal(err, "administration:write"))
	}
	for _, pattern := range want.Branches {
		known := func(p policy) bool { return p.name() == pattern }
		if slices.ContainsFunc(there.policies, known) {
			continue
		}
		_, err := c.call(ctx, http.MethodPost, policiesOf(at, want.Name), map[string]string{"name": pattern, "type": "branch"}, nil)
		if err != nil && !answered(err, http.StatusSeeOther) { // it is there
			return fmt.Errorf("branch %s was not allowed: %w", pattern, refusal(err, "administration:write"))
		}
	}
	for _, policy := range there.policies {
		if slices.Contains(want.Branches, policy.name()) {
			continue
		}
		_, err := c.call(ctx, http.MethodDelete, fmt.Sprintf("%s/%d", policiesOf(at, want.Name), policy.ID), nil, nil)
		if err != nil && !answered(err, http.StatusNotFound) { // it is gone
			return fmt.Errorf("%s was not taken from what may be deployed: %w", policy.name(), refusal(err, "administration:write"))
		}
	}
	return nil
}

// settings is the body that makes an environment. What is as GitHub has it by default is left out: a plan that does not
// have reviewers and wait timers refuses even their zero values.
func (c *Client) settings(ctx context.Context, at Repository, want, there config.Environment) (map[string]any, error) {
	body := map[string]any{"deployment_branch_policy": map[string]bool{"protected_branches": false, "custom_branch_policies": true}}
	if want.WaitMinutes+there.WaitMinutes > 0 {
		body["wait_timer"] = want.WaitMinutes
	}
	if want.PreventSelfReview || there.PreventSelfReview {
		body["prevent_self_review"] = want.PreventSelfReview
	}
	// GitHub's description of its API has no such field. Its own pages send it, and older Enterprise Servers refuse it.
	if !want.AdminsMayBypass || !there.AdminsMayBypass {
		body["can_admins_bypass"] = want.AdminsMayBypass
	}
	if reviewersOf(want)+reviewersOf(there) > 0 {
		reviewers, err := c.reviewers(ctx, at, want.Reviewers)
		if err != nil {
			return nil, err
		}
		body["reviewers"] = reviewers
	}
	return body, nil
}

func reviewersOf(e config.Environment) int { return len(e.Reviewers.Users) + len(e.Reviewers.Teams) }

// reviewers are people and teams by GitHub's numbers of them. Teams are those of the repository's owner.
func (c *Client) reviewers(ctx context.Context, at Repository, named config.Reviewers) ([]*github.EnvReviewers, error) {
	numbers := []*github.EnvReviewers{}
	for _, login := range named.Users {
		user, _, err := c.rest.Users.Get(ctx, url.PathEscape(login))
		if err != nil {
			return nil, fmt.Errorf("reviewer %s was not found: %w", login, refusal(err, "metadata:read"))
		}
		numbers = append(numbers, &github.EnvReviewers{Type: github.String("User"), ID: user.ID})
	}
	for _, slug := range named.Teams {
		team, _, err := c.rest.Teams.GetTeamBySlug(ctx, at.Owner, url.PathEscape(slug))
		if err != nil {
			return nil, fmt.Errorf("team %s/%s, which is to review, was not found: %w", at.Owner, slug, refusal(err, "members:read"))
		}
		numbers = append(numbers, &github.EnvReviewers{Type: github.String("Team"), ID: team.ID})
	}
	return numbers, nil
}

// answered says whether an error is an answer of GitHub with that status.
func answered(err error, status int) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && answer.Response.StatusCode == status
}
