package experiment

import "fmt"

// Policy says when an experiment is decided.
type Policy struct {
	// Alpha is the probability with which an experiment without any difference is ever called decided, however often it
	// is looked at.
	Alpha float64 `json:"alpha"`
	// MinimalEffect is the part of the champion's errors that the challenger has to avoid to be called better: with 0.1,
	// it must be proven to make less than 0.9 times as many. That it is worse needs no size.
	MinimalEffect float64 `json:"minimalEffect"`
	// Concentration is the weight of the assumption that both err equally often, in errors: the mixture's parameter. The
	// test holds its alpha with any; small effects are found sooner with a large one, large effects with a small one.
	Concentration float64 `json:"concentration"`
	// Horizon is the number of trials of both variants at which the experiment has to end.
	Horizon  int            `json:"horizon"`
	Mismatch MismatchPolicy `json:"mismatch"`
}

// MismatchPolicy says when the variants' shares are no longer taken for the configured ones.
type MismatchPolicy struct {
	// Alpha is the probability of a false alarm in the whole experiment. Half of it is for the assignments, half for the
	// feedback.
	Alpha float64 `json:"alpha"`
	// Concentration is the mixture's parameter, in units.
	Concentration float64 `json:"concentration"`
}

// DefaultPolicy is what holds where none is given. Shares are tested with a larger concentration than effects, because
// a mismatch that matters is small. Lindon's own implementation, ssrm-test, has 10,000, which finds those of millions of
// units; 1,000 finds those of thousands.
func DefaultPolicy() Policy {
	return Policy{
		Alpha: 0.05, Concentration: 50, Horizon: 1_000_000,
		Mismatch: MismatchPolicy{Alpha: 0.01, Concentration: 1_000},
	}
}

// Check makes sure that the policy can be met.
func (p Policy) Check() error {
	for _, limit := range []struct {
		field       string
		value       float64
		least, most float64
	}{
		{"alpha", p.Alpha, 1e-6, 0.2},
		{"minimalEffect", p.MinimalEffect, 0, 0.99},
		{"concentration", p.Concentration, 1, 1e6},
		{"horizon", float64(p.Horizon), 1, 1e9},
		{"mismatch.alpha", p.Mismatch.Alpha, 1e-6, 0.2},
		{"mismatch.concentration", p.Mismatch.Concentration, 1, 1e6},
	} {
		if !(limit.value >= limit.least && limit.value <= limit.most) {
			return fmt.Errorf("%s is %v: it lies between %v and %v", limit.field, limit.value, limit.least, limit.most)
		}
	}
	return nil
}
