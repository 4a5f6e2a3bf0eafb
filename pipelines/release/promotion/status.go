package promotion

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/release"
)

// Status is what an environment runs, and what keeps it from changing.
type Status struct {
	Environment string      `json:"environment"`
	Set         release.Set `json:"set"`
	Digest      string      `json:"digest"`
	Commit      string      `json:"commit"`
	Since       time.Time   `json:"since"`
	// From is the environment that it takes sets from; Behind are the components that run otherwise there.
	From   string   `json:"from,omitempty"`
	Behind []string `json:"behind,omitempty"`
	// Holds are why nothing is promoted to it now.
	Holds []string `json:"holds,omitempty"`
}

// Status is that of all environments of the policy.
func (w Workspace) Status(ctx context.Context) ([]Status, error) {
	base, err := w.base(ctx)
	if err != nil {
		return nil, err
	}
	ground, err := w.ground(ctx, base)
	if err != nil {
		return nil, err
	}
	states := map[string]state{}
	for _, environment := range slices.Sorted(maps.Keys(ground.policy.Environments)) {
		if states[environment], err = ground.load(ctx, w.Repository, environment); err != nil {
			return nil, err
		}
	}
	var all []Status
	for _, environment := range slices.Sorted(maps.Keys(states)) {
		s := states[environment]
		sets := release.Sets(s.states)
		last := sets[len(sets)-1]
		status := Status{Environment: environment, Set: s.set, Digest: s.set.Digest(), Commit: last.Commit, Since: last.Time, From: s.asked.From}
		if from, known := states[s.asked.From]; known {
			status.Behind = moved(s.set, from.set)
		}
		for _, hold := range []error{w.times(s, ""), w.held(s.set), s.intact()} {
			if hold != nil {
				status.Holds = append(status.Holds, strings.Split(hold.Error(), "\n")...)
			}
		}
		all = append(all, status)
	}
	return all, nil
}

// held says that a pin is on a set.
func (w Workspace) held(set release.Set) error {
	if pin := set.Pin; pin != nil && w.Now.Before(pin.Expires) {
		what := "everything"
		if len(pin.Components) > 0 {
			what = strings.Join(pin.Components, ", ")
		}
		return fmt.Errorf("%s is pinned by %s until %s: %s", what, pin.Owner, pin.Expires.Format(time.RFC3339), pin.Reason)
	}
	return nil
}

// String is the status as a person reads it.
func (s Status) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: set %d since %s, sha256:%s\n", s.Environment, s.Set.Sequence, s.Since.Format(time.RFC3339), s.Digest)
	for _, component := range s.Set.Components() {
		fmt.Fprintf(&out, "  %-20s %s\n", component, named(s.Set, component))
	}
	if back := s.Set.Rollback; back != nil {
		fmt.Fprintf(&out, "  rolled back to set %d: %s\n", back.To, printable(back.Reason))
	}
	switch tests := s.Set.Tests; {
	case tests != nil:
		fmt.Fprintf(&out, "  integration tests %s at %s\n", tests.Result, tests.At.Format(time.RFC3339))
	case s.Set.Sequence > 0 && s.From == "":
		fmt.Fprintln(&out, "  integration tests: no result yet")
	}
	if len(s.Behind) > 0 {
		fmt.Fprintf(&out, "  %s runs otherwise: %s\n", s.From, strings.Join(s.Behind, ", "))
	}
	for _, hold := range s.Holds {
		fmt.Fprintf(&out, "  held: %s\n", printable(hold))
	}
	return out.String()
}

// Told is the history of an environment as a person reads it, newest first; at most so many sets, or all for 0.
func Told(history []release.Entry, most int) string {
	var out strings.Builder
	for i, entry := range slices.Backward(history) {
		if most > 0 && i < len(history)-most {
			fmt.Fprintf(&out, "… and %d older\n", i+1)
			break
		}
		set := entry.Set
		fmt.Fprintf(&out, "%4d  %s  %.12s  sha256:%.12s  %s\n", set.Sequence, entry.Time.Format(time.RFC3339), entry.Commit, set.Digest(), what(set))
	}
	return out.String()
}

// what is a set in a few words.
func what(set release.Set) string {
	var words []string
	for _, component := range set.Components() {
		version := set.Images[component].Version
		if model, is := set.Models[component]; is {
			version = model.Version
		}
		words = append(words, component+" "+version)
	}
	text := strings.Join(words, ", ")
	switch {
	case set.Rollback != nil:
		text += fmt.Sprintf("; back to set %d: %s", set.Rollback.To, printable(set.Rollback.Reason))
	case set.From != nil:
		text += fmt.Sprintf("; from set %d of %s", set.From.Sequence, set.From.Environment)
	case set.Sequence == 0:
		text = "nothing yet"
	}
	if set.Emergency != nil {
		text += "; emergency: " + printable(set.Emergency.Reason)
	}
	for _, approval := range set.Approvals {
		text += "; approved by " + printable(approval.Reviewer)
	}
	if set.Tests != nil {
		text += "; tests " + string(set.Tests.Result)
	}
	return text
}

// History are the sets that an environment has had, oldest first.
func (w Workspace) History(ctx context.Context, environment string) ([]release.Entry, error) {
	base, err := w.base(ctx)
	if err != nil {
		return nil, err
	}
	history, err := release.History(ctx, w.Repository, base, environment)
	if err == nil && len(history) == 0 {
		err = fmt.Errorf("the environment %q is unknown: there is no %s at %.12s", environment, release.File(environment), base)
	}
	return history, err
}

// Environments are those of the policy at a revision.
func (w Workspace) Environments(ctx context.Context, revision string) ([]string, error) {
	commit, err := w.Repository.Resolve(ctx, revision)
	if err != nil {
		return nil, err
	}
	ground, err := w.ground(ctx, commit)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(ground.policy.Environments)), nil
}
