package github

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/esteira/esteira/pipelines/config"
)

// Change is a field of an environment that is not as it is desired.
type Change struct {
	Environment string `json:"environment"`
	Field       string `json:"field"`
	// Current is empty where there is no such environment.
	Current string `json:"current"`
	Desired string `json:"desired"`
}

// Plan is what would have to change at GitHub for its environments to be as desired.
type Plan struct {
	Repository string   `json:"repository"`
	Changes    []Change `json:"changes"`
	// Others are environments that nobody desires. They are left alone.
	Others []string `json:"others,omitempty"`
	// Limits are what the account's plan does not allow, or may not.
	Limits []string `json:"limits,omitempty"`
	// Permissions are those that whoever applies the plan needs, as a GitHub App's are called.
	Permissions []string `json:"permissions,omitempty"`
}

// Digest is that of the changes, from what to what: another digest is another plan.
func (p Plan) Digest() (string, error) {
	text, err := json.Marshal(Plan{Repository: p.Repository, Changes: p.Changes})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// PlanEnvironments says what would have to change for a repository's environments to be as desired. It changes nothing.
func (c *Client) PlanEnvironments(ctx context.Context, at Repository, desired []config.Environment) (Plan, error) {
	plan, _, err := c.planEnvironments(ctx, at, desired)
	return plan, err
}

func (c *Client) planEnvironments(ctx context.Context, at Repository, desired []config.Environment) (Plan, map[string]observed, error) {
	if err := check(desired); err != nil {
		return Plan{}, nil, err
	}
	current, err := c.environments(ctx, at)
	if err != nil {
		return Plan{}, nil, err
	}
	plan := compare(at, desired, current)
	plan.Limits, err = c.limits(ctx, at, desired)
	return plan, current, err
}

// compare is the plan from what is there to what is desired.
func compare(at Repository, desired []config.Environment, current map[string]observed) Plan {
	plan := Plan{Repository: at.String(), Changes: []Change{}}
	others := maps.Clone(current)
	teams := false
	for _, want := range desired {
		there, known := current[strings.ToLower(want.Name)]
		delete(others, strings.ToLower(want.Name))
		has, wants := fieldsOf(there.environment()), fieldsOf(want)
		for i, field := range wants {
			change := Change{Environment: want.Name, Field: field.name, Desired: field.value}
			if known {
				change.Current = has[i].value
			}
			if change.Current != change.Desired {
				plan.Changes = append(plan.Changes, change)
				teams = teams || len(want.Reviewers.Teams) > 0
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		plan.Others = append(plan.Others, others[name].Name)
	}
	if len(plan.Changes) > 0 {
		plan.Permissions = []string{"actions:read", "administration:write"}
	}
	if teams {
		plan.Permissions = append(plan.Permissions, "members:read")
	}
	return plan
}

type field struct{ name, value string }

// fieldsOf are what two environments are compared by, in the order in which people read them.
func fieldsOf(e config.Environment) []field {
	return []field{
		{"reviewers.users", names(lower(e.Reviewers.Users))},
		{"reviewers.teams", names(lower(e.Reviewers.Teams))},
		{"preventSelfReview", strconv.FormatBool(e.PreventSelfReview)},
		{"waitMinutes", strconv.Itoa(e.WaitMinutes)},
		{"branches", names(e.Branches)},
		{"adminsMayBypass", strconv.FormatBool(e.AdminsMayBypass)},
	}
}

func names(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(all))), ", ")
}

// lower are names as GitHub compares those of people and teams.
func lower(all []string) []string {
	lowered := []string{}
	for _, name := range all {
		lowered = append(lowered, strings.ToLower(name))
	}
	return lowered
}

// limits are what the account's plan keeps a private repository from having. The plan is shown to few tokens.
// https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
func (c *Client) limits(ctx context.Context, at Repository, desired []config.Environment) ([]string, error) {
	repository, _, err := c.rest.Repositories.Get(ctx, at.Owner, at.Name)
	if err != nil {
		return nil, fmt.Errorf("%s was not looked at: %w", at, refusal(err, "metadata:read"))
	}
	if !repository.GetPrivate() {
		return nil, nil
	}
	const needs = "the repository is private, and only with GitHub Enterprise it can have "
	gated := strings.Join(gatedOf(desired), ", ")
	switch plan := c.accountPlan(ctx, repository.GetOwner()); {
	case plan == "enterprise":
		return nil, nil
	case plan == "free":
		return []string{"the account's plan is free: its private repositories can have no environments"}, nil
	case gated == "":
		return nil, nil
	case plan == "":
		return []string{needs + gated + "; the token is not shown the account's plan"}, nil
	default:
		return []string{needs + gated + "; the account's plan is " + plan}, nil
	}
}

// gatedOf are the fields that private repositories have with GitHub Enterprise only.
func gatedOf(desired []config.Environment) []string {
	var gated []string
	for _, e := range desired {
		if reviewersOf(e) > 0 {
			gated = append(gated, e.Name+".reviewers")
		}
		if e.WaitMinutes > 0 {
			gated = append(gated, e.Name+".waitMinutes")
		}
	}
	return gated
}

// accountPlan is the name of an organisation's plan, or nothing where the token may not know.
func (c *Client) accountPlan(ctx context.Context, owner *github.User) string {
	if owner.GetType() != "Organization" {
		return ""
	}
	organization, _, err := c.rest.Organizations.Get(ctx, owner.GetLogin())
	if err != nil {
		return ""
	}
	return organization.GetPlan().GetName()
}
