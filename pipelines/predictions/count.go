package predictions

import (
	"bytes"
	"fmt"
	"slices"
)

// mostFlips is how many flipped rows a tally names.
const mostFlips = 50

// Count reads an evaluation, and that of a champion side by side unless it is nil, and counts what a judge needs, of
// these slices also. Rows, labels, folds and slice values have to be the same in both. Memory does not grow with the
// number of rows. The same files give the same tally, to the bit.
//
// A probability is between 0 and 1, those of a row sum to one, and the prediction is the most probable class, each with a
// tolerance of 1e-6 (of the sum: for each class). The log loss clips probabilities at 2.22e-16; the Brier score is that
// of all classes, from 0 to 2.
func Count(candidate, champion *Evaluation, asked []Slice) (Tally, error) {
	if champion != nil {
		if err := candidate.comparable(champion.Declaration); err != nil {
			return Tally{}, err
		}
	}
	ours, err := open(candidate)
	if err != nil {
		return Tally{}, err
	}
	defer ours.close()
	var theirs *stream
	if champion != nil {
		if theirs, err = open(champion); err != nil {
			return Tally{}, err
		}
		defer theirs.close()
		if err := ours.rows.alike(theirs.rows); err != nil {
			return Tally{}, err
		}
	}
	counted, err := newCombinations(asked, ours.rows)
	if err != nil {
		return Tally{}, err
	}
	c := counter{combinations: counted, classes: candidate.Classes}
	if err := c.run(ours, theirs); err != nil {
		return Tally{}, err
	}
	return c.tally(candidate, ours, theirs)
}

// counter counts what candidate and champion have in common.
type counter struct {
	outcomes     outcomes
	combinations *combinations
	flips        []Flip
	classes      []string
}

// run counts all rows. Without a champion theirs is nil.
func (c *counter) run(ours, theirs *stream) error {
	for {
		candidate, champion := ours.next(), (*batch)(nil)
		n := len(candidate.rows)
		if theirs != nil {
			champion = theirs.next()
			n = min(n, len(champion.rows))
		}
		for i := range n {
			if champion != nil {
				if err := same(ours.rows, theirs.rows, candidate, champion, i); err != nil {
					return err
				}
			}
			if err := c.add(candidate, champion, i); err != nil {
				return err
			}
		}
		switch {
		case candidate.err != nil:
			return candidate.err
		case champion != nil && champion.err != nil:
			return champion.err
		case candidate.last: // and so is the champion's: both have as many rows as the data
			return nil
		}
	}
}

// add counts a row.
func (c *counter) add(candidate, champion *batch, i int) error {
	outcome := 0
	if candidate.rows[i].right() {
		outcome = 1
	}
	if champion != nil && champion.rows[i].right() {
		outcome += 2
	}
	c.outcomes[outcome]++
	if champion != nil && (outcome == 1 || outcome == 2) && len(c.flips) < mostFlips {
		c.flips = append(c.flips, Flip{
			ID:        string(candidate.id(i)),
			Label:     c.classes[candidate.rows[i].label],
			Candidate: c.classes[candidate.rows[i].prediction],
			Champion:  c.classes[champion.rows[i].prediction],
		})
	}
	return c.combinations.add(candidate.slices(i), outcome)
}

func (c *counter) tally(candidate *Evaluation, ours, theirs *stream) (Tally, error) {
	parts, err := c.combinations.tallies(theirs != nil)
	t := Tally{
		Protocol: candidate.Protocol, Classes: candidate.Classes, Rows: candidate.Predictions.Rows,
		Candidate: ours.rows.scorer.result(), Slices: parts, Flips: c.flips,
	}
	if theirs != nil {
		score := theirs.rows.scorer.result()
		t.Champion, t.Paired = &score, c.outcomes.paired()
	}
	return t, err
}

// alike is an error unless two files have the same slices.
func (r *rows) alike(champion *rows) error {
	if ours, theirs := r.columns.sliceNames(), champion.columns.sliceNames(); !slices.Equal(ours, theirs) {
		return fmt.Errorf("%s:1: header: its slices are %q, and those of %s %q: both need the same, in the same order", champion.path, theirs, r.path, ours)
	}
	return nil
}

// same is an error unless candidate and champion are about the same row.
func same(ours, theirs *rows, candidate, champion *batch, i int) error {
	a, b := candidate.rows[i], champion.rows[i]
	if a.label == b.label && bytes.Equal(candidate.id(i), champion.id(i)) && bytes.Equal(candidate.tail(i), champion.tail(i)) {
		return nil
	}
	differs := func(column string, value, want []byte) error {
		return fmt.Errorf("%s:%d: column %s: %s, but %s:%d has %s: candidate and champion need the same rows",
			theirs.path, b.line, column, shown(value), ours.path, a.line, shown(want))
	}
	if !bytes.Equal(candidate.id(i), champion.id(i)) {
		return differs(given[0], champion.id(i), candidate.id(i))
	}
	if a.label != b.label {
		return differs(given[1], []byte(theirs.declared.Classes[b.label]), []byte(ours.declared.Classes[a.label]))
	}
	want, err := fields(candidate.tail(i))
	if err != nil {
		return err
	}
	have, err := fields(champion.tail(i))
	if err != nil {
		return err
	}
	for j := range want {
		if !bytes.Equal(have[j], want[j]) {
			return differs(ours.columns.names[ours.columns.tail()+j], have[j], want[j])
		}
	}
	return nil
}
