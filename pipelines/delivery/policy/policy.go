// Package policy holds how fast what is merged is to be deployed and taken back, and the times that no other file says, and
// refuses what cannot be meant.
//
// It needs next to nothing but the standard library, so that whoever only reads a policy does not have to compile what adds up.
package policy

import (
	"fmt"
	"regexp"
	"time"

	"github.com/esteira/esteira/pipelines/config/section"
)

// Policy says how fast delivery has to be.
type Policy struct {
	// Production is the overlay that is meant by deployed, Staging the one that tests a set before.
	Production string   `json:"production"`
	Staging    string   `json:"staging"`
	Targets    Targets  `json:"targets"`
	Declared   Declared `json:"declared"`
}

// Targets are what the worst times have to be shorter than, in seconds, and what is asked of what was measured.
type Targets struct {
	// Deployed is from the merge to the end of production's rollout.
	Deployed int `json:"deployedSeconds"`
	// Rollback is from what is bad to the version before.
	Rollback int `json:"rollbackSeconds"`
	// ModelRollback is from the decision to the model before.
	ModelRollback int `json:"modelRollbackSeconds"`
	// Trained is from the start of a training to the end of production's rollout.
	Trained int `json:"trainedSeconds"`
	// DeploymentsPerDay is the least, FailedPercent what the share of failed ones has to be less than; 0 asks for nothing.
	DeploymentsPerDay float64 `json:"deploymentsPerDay,omitempty"`
	FailedPercent     float64 `json:"failedPercent,omitempty"`
}

// Declared are the times that no other file says. Somebody answers for them.
type Declared struct {
	// Build is from the merge to the images in the registry.
	Build Span `json:"build"`
	// Sync is from the commit of a release to the changed objects in the cluster, by the webhook.
	Sync Span `json:"sync"`
	// Start is from a pod to its first good answer, image and model fetched. Probes are counted beside it.
	Start Span `json:"start"`
	// Tests are the integration tests in staging.
	Tests Span `json:"tests"`
	// Approval is from the tests' end to the reviewers' answer.
	Approval Span `json:"approval"`
	// Training is from the start of a training to the model in the registry, judged.
	Training Span `json:"training"`
}

// Span is how long something takes, in seconds.
type Span struct {
	Typical int `json:"typicalSeconds"`
	Worst   int `json:"worstSeconds"`
}

// Durations are the typical and the worst one.
func (s Span) Durations() (typical, worst time.Duration) {
	return time.Duration(s.Typical) * time.Second, time.Duration(s.Worst) * time.Second
}

// Overlay is what the folder of an overlay may be called.
var Overlay = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Check is a *section.FieldError for the first thing that cannot be meant. What is left out is no time either: nothing that adds up
// takes it for none.
func (p Policy) Check() error {
	for _, overlay := range []struct{ field, name string }{{"production", p.Production}, {"staging", p.Staging}} {
		if !Overlay.MatchString(overlay.name) {
			return section.Wrong(overlay.field, fmt.Sprintf("%q", overlay.name), "is no overlay: want the name of its folder, such as prod")
		}
	}
	if p.Production == p.Staging {
		return section.Wrong("staging", fmt.Sprintf("%q", p.Staging), "is production: want the overlay that tests a set before")
	}
	for _, target := range []struct {
		field   string
		seconds int
	}{
		{"deployedSeconds", p.Targets.Deployed}, {"rollbackSeconds", p.Targets.Rollback},
		{"modelRollbackSeconds", p.Targets.ModelRollback}, {"trainedSeconds", p.Targets.Trained},
	} {
		if err := seconds("targets."+target.field, target.seconds); err != nil {
			return err
		}
	}
	switch {
	case p.Targets.DeploymentsPerDay < 0:
		return section.Wrong("targets.deploymentsPerDay", p.Targets.DeploymentsPerDay, "is negative: want how many at least")
	case p.Targets.FailedPercent < 0 || p.Targets.FailedPercent > 100:
		return section.Wrong("targets.failedPercent", p.Targets.FailedPercent, "is no percentage: want 0 to 100")
	}
	for _, declared := range []struct {
		field string
		span  Span
	}{
		{"build", p.Declared.Build}, {"sync", p.Declared.Sync}, {"start", p.Declared.Start},
		{"tests", p.Declared.Tests}, {"approval", p.Declared.Approval}, {"training", p.Declared.Training},
	} {
		if err := declared.span.check("declared." + declared.field); err != nil {
			return err
		}
	}
	return nil
}

func (s Span) check(field string) error {
	if err := seconds(field+".typicalSeconds", s.Typical); err != nil {
		return err
	}
	if err := seconds(field+".worstSeconds", s.Worst); err != nil {
		return err
	}
	if s.Worst < s.Typical {
		return section.Wrong(field+".worstSeconds", s.Worst, fmt.Sprintf("is less than typicalSeconds, %d: nothing is faster at its worst", s.Typical))
	}
	return nil
}

// seconds refuses what is no time, which an absent one is not either.
func seconds(field string, value int) error {
	if value < 1 {
		return section.Wrong(field, value, "is no time: want seconds, 1 or more")
	}
	return nil
}
