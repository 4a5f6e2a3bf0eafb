package experiment

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// split is how many of some events fell to each of the two variants.
type split struct{ champion, challenger int }

func (s split) total() int { return s.champion + s.challenger }

// martingale compares, for events that each fall to the challenger with probability θ, any constant θ with what a mixture
// of all of them says: the Dirichlet-multinomial martingale of Lindon and Malek 2022 (Anytime-Valid Inference For
// Multinomial Count Data, NeurIPS 35), for two variants. The mixture is Beta(concentration·(1−share),
// concentration·share), so that the configured share is its mean. Whatever the true θ is, the martingale at θ has the
// expectation 1 at every number of events, and by Ville's inequality the probability that it ever reaches 1/α is at most
// α: that is why it may be looked at after each event.
type martingale struct {
	share         float64
	concentration float64
}

// log is the martingale's logarithm at θ.
func (m martingale) log(events split, theta float64) float64 {
	return m.mixture(events) - events.log(theta)
}

// mixture is the logarithm of the probability of the events under the mixture.
func (m martingale) mixture(events split) float64 {
	a, b := m.concentration*(1-m.share), m.concentration*m.share
	return mathext.Lbeta(a+float64(events.champion), b+float64(events.challenger)) - mathext.Lbeta(a, b)
}

// log is the logarithm of the probability of the events at θ.
func (s split) log(theta float64) float64 {
	return times(s.champion, math.Log1p(-theta)) + times(s.challenger, math.Log(theta))
}

// times is n·x, and 0 for no event however unlikely one was.
func times(n int, x float64) float64 {
	if n == 0 {
		return 0
	}
	return float64(n) * x
}

// pValue is the always-valid p-value of "θ is the configured share": 1 divided by the martingale, at most 1.
func (m martingale) pValue(events split) float64 {
	return math.Exp(-max(0, m.log(events, m.share)))
}

// interval holds each θ at which the martingale is below 1/α: a confidence sequence, which covers the true θ at all
// numbers of events at once with probability 1−α. The logarithm is convex in θ and lowest at the observed share.
func (m martingale) interval(events split, alpha float64) Interval {
	limits := Interval{Lower: 0, Upper: 1}
	if events.total() == 0 {
		return limits
	}
	observed := float64(events.challenger) / float64(events.total())
	least := m.mixture(events) + math.Log(alpha)
	below := func(theta float64) bool { return events.log(theta) > least }
	if !below(0) {
		limits.Lower = boundary(observed, 0, below)
	}
	if !below(1) {
		limits.Upper = boundary(observed, 1, below)
	}
	return limits
}

// boundary halves the way between a point that is inside and one that is outside, until the two are neighbours, and
// returns the one outside, so that rounding makes no interval shorter.
func boundary(inside, outside float64, below func(float64) bool) float64 {
	for {
		middle := inside + (outside-inside)/2
		switch {
		case middle == inside || middle == outside:
			return outside
		case below(middle):
			inside = middle
		default:
			outside = middle
		}
	}
}
