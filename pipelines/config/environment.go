package config

import (
	"fmt"
	"slices"

	delivery "github.com/esteira/esteira/pipelines/delivery/policy"
)

// Environment is one of GitHub's environments, in which a deployment waits for people and time.
type Environment struct {
	Name string `json:"name"`
	// Overlay is the folder below the overlays whose release a deployment changes.
	Overlay string `json:"overlay"`
	// Rollback says that it is the way back.
	Rollback  bool      `json:"rollback,omitempty"`
	Reviewers Reviewers `json:"reviewers,omitzero"`
	// WaitMinutes is the wait timer; 0 means that there is none.
	WaitMinutes int `json:"waitMinutes"`
	// Branches are the only ones that may be deployed, as patterns of GitHub's.
	Branches []string `json:"branches"`
	// PreventSelfReview keeps who started a deployment from approving it.
	PreventSelfReview bool `json:"preventSelfReview,omitempty"`
	AdminsMayBypass   bool `json:"adminsMayBypass,omitempty"`
}

// Reviewers are whom an environment asks; one of them approves. Teams are by their slugs.
type Reviewers struct {
	Users []string `json:"users,omitempty"`
	Teams []string `json:"teams,omitempty"`
}

// GitHub's own limits: https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
const (
	mostReviewers   = 6
	mostWaitMinutes = 43200
)

// Environment is the one by which deployments to an overlay, or back from them, go.
func (c Config) Environment(overlay string, rollback bool) (environment Environment, index int, found bool) {
	for i, environment := range c.Environments {
		if environment.Overlay == overlay && environment.Rollback == rollback {
			return environment, i, true
		}
	}
	return Environment{}, 0, false
}

func (c Config) checkEnvironments(f *file) error {
	names, ways := map[string]int{}, map[string]int{}
	for i, environment := range c.Environments {
		field := fmt.Sprintf("environments[%d]", i)
		if err := environment.check(f, field); err != nil {
			return err
		}
		if first, ok := names[environment.Name]; ok {
			return f.wrong(field+".name", fmt.Sprintf("%q is the name of environments[%d] already", environment.Name, first))
		}
		way := fmt.Sprintf("%s %v", environment.Overlay, environment.Rollback)
		if first, ok := ways[way]; ok {
			return f.wrong(field+".overlay", fmt.Sprintf("%q is that of environments[%d] already: there is one way there, and one back", environment.Overlay, first))
		}
		names[environment.Name], ways[way] = i, i
	}
	return nil
}

func (e Environment) check(f *file, field string) error {
	switch {
	case e.Name == "" || len(e.Name) > 255:
		return f.wrong(field+".name", fmt.Sprintf("%q is no name: want 1 to 255 characters", e.Name))
	case !delivery.Overlay.MatchString(e.Overlay):
		return f.wrong(field+".overlay", fmt.Sprintf("%q is no overlay: want the name of its folder, such as prod", e.Overlay))
	case e.WaitMinutes < 0 || e.WaitMinutes > mostWaitMinutes:
		return f.wrong(field+".waitMinutes", fmt.Sprintf("%d is no wait timer of GitHub's: want 0 to %d", e.WaitMinutes, mostWaitMinutes))
	case len(e.Reviewers.Users)+len(e.Reviewers.Teams) > mostReviewers:
		return f.wrong(field+".reviewers", fmt.Sprintf("there are %d: GitHub takes %d", len(e.Reviewers.Users)+len(e.Reviewers.Teams), mostReviewers))
	case len(e.Branches) == 0:
		return f.wrong(field+".branches", "there is none: name those that may be deployed, such as main")
	}
	for _, list := range []struct {
		field string
		names []string
	}{{"branches", e.Branches}, {"reviewers.users", e.Reviewers.Users}, {"reviewers.teams", e.Reviewers.Teams}} {
		if i := slices.Index(list.names, ""); i >= 0 {
			return f.wrong(fmt.Sprintf("%s.%s[%d]", field, list.field, i), `"" is no name`)
		}
	}
	return nil
}
