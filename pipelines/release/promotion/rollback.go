package promotion

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/release"
)

// Back is what is asked of a rollback.
type Back struct {
	Environment string
	// Of is the digest of the set that goes; empty for whichever runs.
	Of string
	// To is the sequence of the set that is to come back; 0 means the one that ran before this one was promoted.
	To int
	// Commit is whose images are to come back where Image Updater writes them; empty means those before.
	Commit        string
	Owner, Reason string
	// Expires is when its pin ends; the zero time means as the policy says.
	Expires time.Time
}

// Rollback brings an older set back, by one commit onto the branch, with a pin. It waits for no timer, no approval and no
// test: what it brings back ran there before.
func (w Workspace) Rollback(ctx context.Context, back Back) (release.Outcome, error) {
	if back.Owner == "" || back.Reason == "" {
		return release.Outcome{}, fmt.Errorf("a rollback pins what it brings back: name its owner and a reason")
	}
	if err := w.prepare(ctx); err != nil {
		return release.Outcome{}, err
	}
	base, err := w.base(ctx)
	if err != nil {
		return release.Outcome{}, err
	}
	s, err := w.load(ctx, base, back.Environment)
	if err != nil {
		return release.Outcome{}, err
	}
	if s.updated() {
		return w.rollTagsBack(ctx, s, back)
	}
	if back.Commit != "" {
		return release.Outcome{}, fmt.Errorf("%s has sets: say by its number which one is to come back", back.Environment)
	}
	history := release.Sets(s.states)
	if back.Of != "" && back.Of != s.set.Digest() && (s.set.Rollback == nil || back.Of != s.set.Parent) {
		return release.Outcome{}, fmt.Errorf("%s is set %d, sha256:%.12s…, by now: the one that was to go back is sha256:%.12s…, and nothing was done", back.Environment, s.set.Sequence, s.set.Digest(), back.Of)
	}
	if done := s.set.Rollback; done != nil && (back.To == 0 || back.To == done.To) {
		return w.again(ctx, s, fmt.Sprintf("%s is back at set %d already, as set %d: name an older one if that is not enough", back.Environment, done.To, s.set.Sequence))
	}
	switch {
	case back.To == 0 && s.set.Sequence == 0:
		return release.Outcome{}, fmt.Errorf("nothing was ever promoted to %s: there is nothing to go back to", back.Environment)
	case back.To == 0 && s.set.Sequence == 1:
		return release.Outcome{}, fmt.Errorf("%s runs set 1, its first: there is nothing to go back to", back.Environment)
	case back.To == 0:
		back.To = s.set.Sequence - 1
	}
	target, err := target(history, s.set, back.To)
	if err != nil {
		return release.Outcome{}, fmt.Errorf("%s: %w", back.Environment, err)
	}
	if depth := s.set.Sequence - back.To; depth > s.policy.RollbackDepth {
		return release.Outcome{}, fmt.Errorf("%s: set %d is %d sets back, and its images and models are kept for %d (promotion.rollbackDepth)", back.Environment, back.To, depth, s.policy.RollbackDepth)
	}
	to, err := w.backTo(ctx, s, target, back)
	if err != nil {
		return release.Outcome{}, err
	}
	title := fmt.Sprintf("Roll %s back to set %d, as set %d", back.Environment, target.Sequence, to.Sequence)
	return w.move(ctx, s, to, title, back.Reason)
}

// backTo is the set that brings another one back.
func (w Workspace) backTo(ctx context.Context, s state, target release.Set, back Back) (release.Set, error) {
	configuration, err := w.configuration(ctx, s)
	if err != nil {
		return release.Set{}, err
	}
	pin, err := w.pinOf(s, back)
	if err != nil {
		return release.Set{}, err
	}
	before, err := effective(release.Sets(s.states), s.set.Sequence-1)
	last := err == nil && s.set.Rollback == nil && before.Sequence == target.Sequence
	return release.Set{
		APIVersion: release.APIVersion, Kind: release.Kind, Environment: s.environment,
		Sequence: s.set.Sequence + 1, Parent: s.set.Digest(), Images: target.Images, Models: target.Models, Configuration: configuration,
		Rollback: &release.Rollback{To: target.Sequence, Reason: back.Reason, SkipAnalysis: last},
		Pin:      pin,
	}, nil
}

// effective is the promoted set that a sequence stands for: a rollback stands for the one that it brought back.
func effective(history []release.Entry, sequence int) (release.Set, error) {
	entry, err := release.Find(history, sequence)
	if err != nil {
		return release.Set{}, err
	}
	if entry.Set.Rollback != nil {
		return effective(history, entry.Set.Rollback.To)
	}
	return entry.Set, nil
}

// target is the set that a sequence stands for, if it can come back.
func target(history []release.Entry, current release.Set, to int) (release.Set, error) {
	if to < 1 || to >= current.Sequence {
		return release.Set{}, fmt.Errorf("there is no set %d to go back to: it runs set %d, and the sets before it are %v", to, current.Sequence, sequences(history, current))
	}
	set, err := effective(history, to)
	if err != nil {
		return release.Set{}, err
	}
	if set.Same(current) {
		return release.Set{}, fmt.Errorf("set %d is what runs now, as set %d", set.Sequence, current.Sequence)
	}
	return set, nil
}

func sequences(history []release.Entry, current release.Set) []int {
	var numbers []int
	for _, entry := range history {
		if n := entry.Set.Sequence; n > 0 && n < current.Sequence {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// move makes the commit of a set and puts it onto the branch.
func (w Workspace) move(ctx context.Context, s state, to release.Set, title, body string) (release.Outcome, error) {
	files, err := s.rewritten(to)
	if err != nil {
		return release.Outcome{}, err
	}
	return w.bring(ctx, s, to, files, title, body)
}

// bring makes the commit of files, and puts it onto the branch.
func (w Workspace) bring(ctx context.Context, s state, to release.Set, files map[string][]byte, title, body string) (release.Outcome, error) {
	commit, err := w.commit(ctx, s, files, message(title, body, to))
	if err != nil {
		return release.Outcome{}, err
	}
	if err := w.deliver(ctx, s.base, commit, title); err != nil {
		return release.Outcome{}, err
	}
	return release.Outcome{
		Environment: to.Environment, Sequence: to.Sequence, Set: to.Digest(), Moved: true, Branch: w.Branch, Commit: commit, Title: title, Body: body,
		Words: fmt.Sprintf("%s is set %d, sha256:%s, by commit %s", to.Environment, to.Sequence, to.Digest(), commit),
	}, nil
}

// again makes sure that everything beside a set says what it does: what wrote there since, such as Image Updater a moment
// after the pin, is taken back.
func (w Workspace) again(ctx context.Context, s state, words string) (release.Outcome, error) {
	late, err := s.derived(s.set)
	if err != nil {
		return release.Outcome{}, err
	}
	if len(late) == 0 {
		return s.outcome(s.base, words), nil
	}
	return w.move(ctx, s, s.set, fmt.Sprintf("Take back what was written beside set %d of %s", s.set.Sequence, s.environment), "")
}
