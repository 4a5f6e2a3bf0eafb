// Package drift judges whether what a model is asked in service still looks like what it was trained on: the population
// stability index of each feature, and of the mix of the predicted classes, against the histograms of the model's card.
//
// Drift is no proof that the model has become worse, only that its card speaks of other data. Where the counts are too
// few to tell drift from chance, the judgement is undecided, which is red.
package drift

import (
	"fmt"
	"maps"
	"slices"
)

// Policy says how much drift is too much.
type Policy struct {
	// Warning is the index from which on drift is reported.
	Warning float64 `json:"warning"`
	// Limit is the index from which on drift is red.
	Limit float64 `json:"limit"`
	// Minimum is the number of observations below which nothing is judged. More are asked for where chance alone would
	// reach the limit.
	Minimum int `json:"minimum"`
	// Chance is the probability with which chance alone reaches the limit in any of the comparisons of one judgement.
	Chance float64 `json:"chance"`
}

// DefaultPolicy is what holds where none is given.
func DefaultPolicy() Policy { return Policy{Warning: 0.1, Limit: 0.25, Minimum: 200, Chance: 0.001} }

// Check makes sure that the policy can be met.
func (p Policy) Check() error {
	switch {
	case !(p.Limit > 0 && p.Limit <= 10):
		return fmt.Errorf("limit is %v: it lies between 0 and 10, and 0.25 is usual", p.Limit)
	case !(p.Warning > 0 && p.Warning <= p.Limit):
		return fmt.Errorf("warning is %v: it lies between 0 and the limit, %v", p.Warning, p.Limit)
	case p.Minimum < 1 || p.Minimum > 1e9:
		return fmt.Errorf("minimum is %d: it lies between 1 and 1000000000", p.Minimum)
	case !(p.Chance >= 1e-9 && p.Chance <= 0.1):
		return fmt.Errorf("chance is %v: it lies between 1e-09 and 0.1", p.Chance)
	}
	return nil
}

// Level is what a comparison comes to.
type Level string

// The levels. Drifted is red, and so is TooFew: nobody knows.
const (
	Stable  Level = "stable"
	Moved   Level = "moved"
	Drifted Level = "drifted"
	TooFew  Level = "too-few"
)

// Comparison is one feature, or the class mix, against the card.
type Comparison struct {
	Of    string  `json:"of"`
	N     int     `json:"n"`
	Index float64 `json:"index"`
	// Chance is the index that chance alone may reach with so many observations.
	Chance float64 `json:"chance"`
	// Needed is how many observations a judgement needs: 0 where the card has too few rows for any.
	Needed int   `json:"needed"`
	Level  Level `json:"level"`
}

// Verdict is what a judgement comes to.
type Verdict struct {
	Dataset string `json:"dataset"`
	// SHA256 is the identity of the model whose card was read, where that is known.
	SHA256      string       `json:"sha256,omitempty"`
	Model       string       `json:"model"`
	Comparisons []Comparison `json:"comparisons"`
	Policy      Policy       `json:"policy"`
}

// classMix is the name of the comparison of the predicted classes.
const classMix = "class mix"

// Judge compares what a variant saw and said with the card of its model. It fails on a feature, a bin or a class that the
// card does not know: those counts are of another model.
func Judge(policy Policy, card Card, counts Counts) (Verdict, error) {
	if err := policy.Check(); err != nil {
		return Verdict{}, err
	}
	if err := counts.fit(card); err != nil {
		return Verdict{}, fmt.Errorf("%w: are these the metrics of the model that the card describes?", err)
	}
	v := Verdict{Dataset: card.Dataset, Model: counts.Model, Policy: policy}
	p := policy.Chance / float64(len(card.Features)+1)
	for _, f := range card.Features {
		actual := make([]int, len(f.Counts))
		for bin := range actual {
			actual[bin] = counts.Cells[Cell{Feature: f.Name, Bin: bin}]
		}
		v.Comparisons = append(v.Comparisons, policy.compare(f.Name, f.Counts, actual, p))
	}
	var expected, actual []int
	for _, class := range slices.Sorted(maps.Keys(card.ClassMix)) {
		expected, actual = append(expected, card.ClassMix[class]), append(actual, counts.Cells[Cell{Class: class}])
	}
	v.Comparisons = append(v.Comparisons, policy.compare(classMix, expected, actual, p))
	return v, nil
}

// compare judges one histogram; p is the probability with which chance may reach the limit in it.
func (p Policy) compare(of string, expected, actual []int, chance float64) Comparison {
	m, n := total(expected), total(actual)
	furthest := reach(len(expected), chance)
	c := Comparison{Of: of, N: n, Index: index(expected, actual), Level: Stable}
	least, possible := needed(p.Limit, furthest, m, p.Minimum)
	c.Needed = least
	if n > 0 {
		c.Chance = furthest * (1/float64(m) + 1/float64(n))
	}
	switch {
	case !possible || n < least:
		c.Level = TooFew
	case c.Index >= p.Limit:
		c.Level = Drifted
	case c.Index >= p.Warning && c.Index > c.Chance:
		c.Level = Moved
	}
	return c
}

// fit makes sure that each count belongs to the card.
func (c Counts) fit(card Card) error {
	bins := map[string]int{}
	for _, f := range card.Features {
		bins[f.Name] = len(f.Counts)
	}
	for _, cell := range c.sorted() {
		_, class := card.ClassMix[cell.Class]
		n, feature := bins[cell.Feature]
		switch {
		case cell.Class != "" && !class:
			return fmt.Errorf("the card has no %v", cell)
		case cell.Class == "" && !feature:
			return fmt.Errorf("the card has no feature %q", cell.Feature)
		case cell.Class == "" && cell.Bin >= n:
			return fmt.Errorf("%v: the card's histogram has %d bins", cell, n)
		}
	}
	return nil
}
