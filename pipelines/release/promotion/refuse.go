package promotion

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/release"
)

// clockSkew is how far a clock may lag behind that of who made the last commit.
const clockSkew = 5 * time.Minute

// times is an error for a line that is stopped, a freeze without an emergency, and a clock that is wrong.
func (w Workspace) times(s state, emergency string) error {
	var wrong []error
	if stop := s.policy.Stop; stop != nil {
		wrong = append(wrong, fmt.Errorf("%s has stopped the line: %s", stop.Owner, stop.Reason))
	}
	if w.Now.Before(s.baseTime.Add(-clockSkew)) {
		wrong = append(wrong, fmt.Errorf("the clock says %s, and commit %.12s was made at %s: set it right", w.Now.Format(time.RFC3339), s.base, s.baseTime.Format(time.RFC3339)))
	}
	frozen, err := s.asked.Freeze.Frozen(w.Now)
	switch {
	case err != nil:
		wrong = append(wrong, err)
	case frozen != "" && emergency == "":
		wrong = append(wrong, fmt.Errorf("%s is frozen: %s. An emergency needs a reason and %d approvals", s.environment, frozen, s.asked.EmergencyApprovals))
	case frozen == "" && emergency != "":
		wrong = append(wrong, fmt.Errorf("%s is not frozen: it needs no emergency", s.environment))
	}
	return errors.Join(wrong...)
}

// pinned is an error for a pin on what would change.
func pinned(before, after release.Set, w Workspace) error {
	pin := before.Pin
	if pin == nil || !w.Now.Before(pin.Expires) {
		return nil
	}
	old, now := before.Runs(), after.Runs()
	var moved []string
	for component := range maps.Keys(old) {
		if old[component] != now[component] && (len(pin.Components) == 0 || slices.Contains(pin.Components, component)) {
			moved = append(moved, component)
		}
	}
	if len(pin.Components) > 0 && len(moved) == 0 {
		return nil
	}
	slices.Sort(moved)
	return fmt.Errorf("%s is pinned by %s until %s (%q): %s. Unpin it, or name other components", before.Environment, pin.Owner, pin.Expires.Format(time.RFC3339), moved, pin.Reason)
}

// intact is an error for a set that does not follow from the one before it, or files beside it that do not say what it does:
// somebody edited them by hand.
func (s *state) intact() error {
	var wrong []error
	own := release.File(s.environment)
	if err := s.follows(); err != nil {
		wrong = append(wrong, fmt.Errorf("%s was edited by hand: %w: `esteira promotion verify` says where", own, err))
	}
	changed, err := s.derived(s.set)
	if err != nil {
		return errors.Join(append(wrong, err)...)
	}
	for _, file := range slices.Sorted(maps.Keys(changed)) {
		wrong = append(wrong, fmt.Errorf("%s does not say what %s does: somebody edited one of them by hand: bring them together first", file, own))
	}
	return errors.Join(wrong...)
}

// follows is an error for a set that is not what its commit brought, or that does not continue the one before it.
func (s *state) follows() error {
	first := slices.IndexFunc(s.states, func(e release.Entry) bool { return e.Set.Sequence == s.set.Sequence })
	if first < 0 {
		return errors.New("it has no history")
	}
	chain := []release.Entry{s.states[first], s.states[len(s.states)-1]}
	if first > 0 {
		chain = append([]release.Entry{s.states[first-1]}, chain...)
	}
	return release.CheckChain(s.environment, chain)
}
