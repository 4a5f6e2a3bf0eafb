package promotion

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/release"
)

// Verify is an error for all that is wrong with an environment at a revision: a set that does not follow from the one before
// it, a record that was taken away, an origin that never was, approvals that it lacks, and files beside the set that do not say what it does. since
// leaves out what lies before a commit, where somebody edited by hand and it is settled; empty means all of history.
func (w Workspace) Verify(ctx context.Context, revision, environment, since string) (sets int, err error) {
	commit, err := w.Repository.Resolve(ctx, revision)
	if err != nil {
		return 0, err
	}
	if shallow, err := w.Repository.Shallow(ctx); err != nil || shallow {
		return 0, errors.Join(err, errors.New("this clone is shallow: its history is not whole: git fetch --unshallow"))
	}
	s, err := w.load(ctx, commit, environment)
	if err != nil {
		return 0, err
	}
	states, whole, err := w.since(ctx, s.states, since)
	if err != nil {
		return 0, err
	}
	wrong := []error{release.CheckChain(environment, states)}
	if whole && states[0].Set.Sequence != 0 {
		wrong = append(wrong, fmt.Errorf("commit %.12s: the first set is %d: history begins with set 0", states[0].Commit, states[0].Set.Sequence))
	}
	late, err := s.derived(s.set)
	if err != nil {
		return 0, err
	}
	for _, file := range slices.Sorted(maps.Keys(late)) {
		wrong = append(wrong, fmt.Errorf("%s does not say what %s does: somebody edited one of them by hand", file, release.File(environment)))
	}
	wrong = append(wrong, w.late(ctx, s), w.origins(ctx, commit, release.Sets(states)), w.approved(ctx, release.Sets(states)))
	if err := errors.Join(wrong...); err != nil {
		return 0, fmt.Errorf("%s at %.12s: %w", environment, commit, err)
	}
	return len(release.Sets(states)), nil
}

// since are the states from the one on that a commit had; whole says that those are all.
func (w Workspace) since(ctx context.Context, states []release.Entry, since string) (after []release.Entry, whole bool, err error) {
	if since == "" {
		return states, true, nil
	}
	base, err := w.Repository.Resolve(ctx, since)
	if err != nil {
		return nil, false, err
	}
	for i, state := range slices.Backward(states) {
		known, err := w.Repository.IsAncestor(ctx, state.Commit, base)
		if err != nil {
			return nil, false, err
		}
		if known {
			return states[i:], false, nil
		}
	}
	return states, true, nil
}

// approved is an error for each promoted set that has fewer approvals than the policy asked for that it was made by.
func (w Workspace) approved(ctx context.Context, sets []release.Entry) error {
	var commits []string
	for _, entry := range sets {
		commits = append(commits, entry.Commit+"^")
	}
	policies, err := w.Repository.Contents(ctx, commits, configFile)
	if err != nil {
		return err
	}
	var wrong []error
	for i, entry := range sets {
		set := entry.Set
		if set.Sequence == 0 || set.Rollback != nil || policies[i] == nil {
			continue
		}
		read, err := config.Parse(configFile, policies[i])
		if err != nil {
			return fmt.Errorf("before commit %.12s: %w", entry.Commit, err)
		}
		if read.Promotion == nil {
			continue
		}
		asked := read.Promotion.WithDefaults().Environments[set.Environment]
		needed := asked.Approvals
		if set.Emergency != nil {
			needed = asked.EmergencyApprovals
		}
		if len(set.Approvals) < needed {
			wrong = append(wrong, fmt.Errorf("commit %.12s: set %d has %d approvals, and the policy that it was made by asks for %d", entry.Commit, set.Sequence, len(set.Approvals), needed))
		}
	}
	return errors.Join(wrong...)
}

// origins is an error for each set that says that it comes from one that the other environment never had.
func (w Workspace) origins(ctx context.Context, commit string, sets []release.Entry) error {
	histories := map[string][]release.Entry{}
	var wrong []error
	for _, entry := range sets {
		from := entry.Set.From
		if from == nil {
			continue
		}
		history, read := histories[from.Environment]
		if !read {
			var err error
			if history, err = release.History(ctx, w.Repository, commit, from.Environment); err != nil {
				return err
			}
			histories[from.Environment] = history
		}
		origin, err := release.Find(history, from.Sequence)
		if err != nil || origin.Set.Digest() != from.Digest {
			wrong = append(wrong, fmt.Errorf("commit %.12s: set %d says that it comes from set %d of %s, sha256:%.12s…, which never was", entry.Commit, entry.Set.Sequence, from.Sequence, from.Environment, from.Digest))
			continue
		}
		if !origin.Set.Same(entry.Set) {
			wrong = append(wrong, fmt.Errorf("commit %.12s: set %d does not run what set %d of %s ran, which it says it comes from", entry.Commit, entry.Set.Sequence, from.Sequence, from.Environment))
		}
	}
	return errors.Join(wrong...)
}
