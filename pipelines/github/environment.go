package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"

	"github.com/google/go-github/v60/github"

	"github.com/esteira/esteira/pipelines/config"
)

// check is what in desired environments GitHub would refuse, beyond what esteira.yaml may not say.
func check(desired []config.Environment) error {
	if len(desired) == 0 {
		return errors.New("no environments are desired: list them in the section environments of esteira.yaml")
	}
	seen := map[string]bool{}
	for _, e := range desired {
		if name := strings.ToLower(e.Name); seen[name] {
			return fmt.Errorf("environment %q: there are two of that name (GitHub does not tell cases apart)", e.Name)
		}
		seen[strings.ToLower(e.Name)] = true
		if e.PreventSelfReview && reviewersOf(e) == 0 {
			return fmt.Errorf("environment %q: preventSelfReview is true, and nobody reviews: name reviewers", e.Name)
		}
		for _, pattern := range e.Branches {
			if _, err := path.Match(pattern, ""); err != nil || strings.ContainsFunc(pattern, unicode.IsSpace) {
				return fmt.Errorf("environment %q: branches: %q is no pattern of branches", e.Name, pattern)
			}
		}
	}
	return nil
}

// observed is an environment as GitHub has it.
type observed struct {
	Name string `json:"name"`
	// CanAdminsBypass is nil where GitHub does not tell: older Enterprise Servers do not.
	CanAdminsBypass        *bool                `json:"can_admins_bypass"`
	ProtectionRules        []rule               `json:"protection_rules"`
	DeploymentBranchPolicy *github.BranchPolicy `json:"deployment_branch_policy"`

	policies []policy
}

// rule is a protection rule. What it has depends on its type: wait_timer, required_reviewers, branch_policy.
type rule struct {
	Type              string     `json:"type"`
	WaitTimer         int        `json:"wait_timer"`
	PreventSelfReview bool       `json:"prevent_self_review"`
	Reviewers         []reviewer `json:"reviewers"`
}

type reviewer struct {
	Type     string `json:"type"`
	Reviewer struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
		Slug  string `json:"slug"`
	} `json:"reviewer"`
}

// policy is a pattern of branches, or of tags, that may be deployed.
type policy struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// name is the pattern as people read it.
func (p policy) name() string {
	if p.Type == "tag" {
		return "tag " + p.Name
	}
	return p.Name
}

// What stands for branches that no pattern names: a pattern has no blanks.
const (
	everyBranch       = "every branch"
	protectedBranches = "protected branches"
)

// environment is what was observed, in the words of what is desired.
func (o observed) environment() config.Environment {
	// Where GitHub does not say who may bypass it, administrators may: that is its default.
	e := config.Environment{Name: o.Name, AdminsMayBypass: o.CanAdminsBypass == nil || *o.CanAdminsBypass}
	for _, rule := range o.ProtectionRules {
		e.WaitMinutes = max(e.WaitMinutes, rule.WaitTimer)
		e.PreventSelfReview = e.PreventSelfReview || rule.PreventSelfReview
		for _, reviewer := range rule.Reviewers {
			if reviewer.Type == "Team" {
				e.Reviewers.Teams = append(e.Reviewers.Teams, reviewer.Reviewer.Slug)
			} else {
				e.Reviewers.Users = append(e.Reviewers.Users, reviewer.Reviewer.Login)
			}
		}
	}
	if o.DeploymentBranchPolicy == nil {
		e.Branches = []string{everyBranch}
	} else if o.DeploymentBranchPolicy.GetProtectedBranches() {
		e.Branches = []string{protectedBranches}
	}
	for _, policy := range o.policies {
		e.Branches = append(e.Branches, policy.name())
	}
	return e
}

// environments are all that a repository has, by their names in lower case: GitHub does not tell cases apart.
func (c *Client) environments(ctx context.Context, at Repository) (map[string]observed, error) {
	all := map[string]observed{}
	list := pages(func(page github.ListOptions) ([]observed, *github.Response, error) {
		var some struct {
			Environments []observed `json:"environments"`
		}
		answer, err := c.call(ctx, http.MethodGet, fmt.Sprintf("repos/%s/environments?per_page=%d&page=%d", at, page.PerPage, max(1, page.Page)), nil, &some)
		return some.Environments, answer, err
	})
	for environment, err := range list {
		if err != nil {
			return nil, fmt.Errorf("the environments of %s were not listed: %w", at, refusal(err, "actions:read"))
		}
		if environment.DeploymentBranchPolicy.GetCustomBranchPolicies() {
			if environment.policies, err = c.policies(ctx, at, environment.Name); err != nil {
				return nil, err
			}
		}
		all[strings.ToLower(environment.Name)] = environment
	}
	return all, nil
}

// policies are the patterns of the branches that may be deployed to an environment.
func (c *Client) policies(ctx context.Context, at Repository, environment string) ([]policy, error) {
	var all []policy
	list := pages(func(page github.ListOptions) ([]policy, *github.Response, error) {
		var some struct {
			Policies []policy `json:"branch_policies"`
		}
		answer, err := c.call(ctx, http.MethodGet, fmt.Sprintf("%s?per_page=%d&page=%d", policiesOf(at, environment), page.PerPage, max(1, page.Page)), nil, &some)
		return some.Policies, answer, err
	})
	for policy, err := range list {
		if err != nil {
			return nil, fmt.Errorf("the branches of environment %s of %s were not listed: %w", environment, at, refusal(err, "actions:read"))
		}
		all = append(all, policy)
	}
	return all, nil
}

func policiesOf(at Repository, environment string) string {
	return fmt.Sprintf("repos/%s/environments/%s/deployment-branch-policies", at, url.PathEscape(environment))
}
