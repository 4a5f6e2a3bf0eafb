package predictions

import (
	"fmt"
	"slices"
)

// mostCombinations is how many combinations of slice values are held at once.
const mostCombinations = 1 << 16

// outcomes counts rows by which models are right: the sum of 1 for the candidate and 2 for the champion.
type outcomes [4]int

// combinations counts rows by all of their slice values together, and puts the counts into the slices only when a
// combination turns up that no room is left for: a row costs one look-up, however many slices are asked for.
type combinations struct {
	seen    map[string]*outcomes
	columns []string
	asked   []Slice
	counts  []outcomes // by slice
	path    string
}

// newCombinations is an error if the file has no such column.
func newCombinations(asked []Slice, r *rows) (*combinations, error) {
	c := &combinations{seen: map[string]*outcomes{}, columns: r.columns.sliceNames(), asked: asked, counts: make([]outcomes, len(asked)), path: r.path}
	for _, s := range asked {
		if !slices.Contains(c.columns, slicePrefix+s.Column) {
			return nil, fmt.Errorf("%s: it has no column %s%s for the slice %s", r.path, slicePrefix, s.Column, s)
		}
	}
	return c, nil
}

// add counts a row with these slice values, written as in its file.
func (c *combinations) add(values []byte, outcome int) error {
	if len(c.asked) == 0 {
		return nil
	}
	counted, known := c.seen[string(values)]
	if !known {
		if len(c.seen) == mostCombinations {
			if err := c.settle(); err != nil {
				return err
			}
		}
		counted = &outcomes{}
		c.seen[string(values)] = counted
	}
	counted[outcome]++
	return nil
}

// settle puts the counts of all combinations into the slices.
func (c *combinations) settle() error {
	for values, counted := range c.seen {
		all, err := fields([]byte(values))
		if err != nil {
			return fmt.Errorf("slice values %q: %w", values, err)
		}
		for i, s := range c.asked {
			if string(all[slices.Index(c.columns, slicePrefix+s.Column)]) != s.Value {
				continue
			}
			for outcome, n := range counted {
				c.counts[i][outcome] += n
			}
		}
	}
	clear(c.seen)
	return nil
}

// tallies are those of the slices in the order asked for. One without rows is an error.
func (c *combinations) tallies(champion bool) ([]SliceTally, error) {
	if err := c.settle(); err != nil {
		return nil, err
	}
	var tallies []SliceTally
	for i, s := range c.asked {
		paired := c.counts[i].paired()
		tally := SliceTally{Slice: s, N: paired.rows(), CandidateRight: paired.BothRight + paired.Won}
		if tally.N == 0 {
			return nil, fmt.Errorf("%s: the slice %s is empty: no row has this value", c.path, s)
		}
		if champion {
			tally.Paired, tally.ChampionRight = paired, paired.BothRight+paired.Lost
		}
		tallies = append(tallies, tally)
	}
	return tallies, nil
}

func (o outcomes) paired() Paired {
	return Paired{BothWrong: o[0], Won: o[1], Lost: o[2], BothRight: o[3]}
}

func (p Paired) rows() int { return p.BothRight + p.Won + p.Lost + p.BothWrong }

// String is the slice as a person names it.
func (s Slice) String() string { return s.Column + "=" + s.Value }
