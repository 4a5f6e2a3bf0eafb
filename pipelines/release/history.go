package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/git"
)

// Entry is a set, with the commit that brought it and when that was made.
type Entry struct {
	Commit string    `json:"commit"`
	Time   time.Time `json:"time"`
	Set    Set       `json:"set"`
}

// History are the sets of an environment as a branch's own commits (the first parents) brought them, oldest first: one entry
// a sequence, with the records that were last written of it. An environment without a file has none.
func History(ctx context.Context, repository git.Repository, revision, environment string) ([]Entry, error) {
	states, err := States(ctx, repository, revision, environment)
	return Sets(states), err
}

// Sets are the sets among the states of a file: one entry a sequence, with the commit that brought it and what was last
// written of it.
func Sets(states []Entry) []Entry {
	var history []Entry
	for _, state := range states {
		last := len(history) - 1
		if last >= 0 && history[last].Set.Sequence == state.Set.Sequence {
			history[last].Set = state.Set
			continue
		}
		history = append(history, state)
	}
	return history
}

// States are all states of an environment's file, oldest first: a record that is written is one, too.
func States(ctx context.Context, repository git.Repository, revision, environment string) ([]Entry, error) {
	if err := CheckEnvironment(environment); err != nil {
		return nil, err
	}
	file := File(environment)
	commits, err := repository.Changing(ctx, revision, file)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, commit := range commits {
		names = append(names, commit.Hash)
	}
	contents, err := repository.Contents(ctx, names, file)
	if err != nil {
		return nil, err
	}
	var states []Entry
	for i, commit := range commits {
		if contents[i] == nil { // it took the file away, or put a link in its place
			return nil, fmt.Errorf("%s: commit %.12s has no such file: history has a gap there", file, commit.Hash)
		}
		set, err := Read(bytes.NewReader(contents[i]))
		if err != nil {
			return nil, fmt.Errorf("%s in commit %.12s: %w", file, commit.Hash, err)
		}
		states = append(states, Entry{commit.Hash, commit.Time, set})
	}
	return states, nil
}

// Find is the entry of a sequence.
func Find(history []Entry, sequence int) (Entry, error) {
	for _, entry := range slices.Backward(history) {
		if entry.Set.Sequence == sequence {
			return entry, nil
		}
	}
	return Entry{}, fmt.Errorf("there is no set %d", sequence)
}

// CheckChain is an error for each state that does not follow from the one before it: a sequence or parent that does not
// continue it, another environment, or one set that changed while its sequence stayed. So is a record of tests or approvals
// that was changed or taken away. It knows no more than the states that it is given.
func CheckChain(environment string, states []Entry) error {
	var wrong []error
	for i, state := range states {
		if state.Set.Environment != environment {
			wrong = append(wrong, fmt.Errorf("commit %.12s: environment is %q: this is %s's file", state.Commit, state.Set.Environment, environment))
		}
		if i == 0 {
			continue
		}
		if err := follows(states[i-1].Set, state.Set); err != nil {
			wrong = append(wrong, fmt.Errorf("commit %.12s: %w", state.Commit, err))
		}
	}
	return errors.Join(wrong...)
}

func follows(before, after Set) error {
	parent := before.Digest()
	switch {
	case after.Sequence == before.Sequence && after.Digest() != parent:
		return fmt.Errorf("set %d is sha256:%.12s… and was sha256:%.12s…: it was edited by hand", after.Sequence, after.Digest(), parent)
	case after.Sequence == before.Sequence:
		return keeps(before, after)
	case after.Sequence != before.Sequence+1:
		return fmt.Errorf("sequence is %d after %d: want %d", after.Sequence, before.Sequence, before.Sequence+1)
	case after.Parent != parent:
		return fmt.Errorf("parent of set %d is %q: set %d is %q", after.Sequence, after.Parent, before.Sequence, parent)
	}
	return nil
}

// keeps is an error for a record that did not stay.
func keeps(before, after Set) error {
	old, now := before.Tests, after.Tests
	if old != nil && (now == nil || !now.At.After(old.At) && !same(now, old)) {
		return fmt.Errorf("tests of set %d were changed: a later run may only take their place", after.Sequence)
	}
	for i, approval := range before.Approvals {
		if i >= len(after.Approvals) || !same(after.Approvals[i], approval) {
			return fmt.Errorf("approvals of set %d were changed: one may only be added", after.Sequence)
		}
	}
	return nil
}
