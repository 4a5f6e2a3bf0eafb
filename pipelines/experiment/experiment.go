// Package experiment judges a running A/B experiment of two models from its counts: is the challenger better, worse, is
// it not decided yet, or did the traffic not split as configured?
//
// It may be asked as often as one likes, every day or after every request, without more false alarms than its policy
// allows (Lindon and Malek 2022). What is compared are errors, wrong predictions: where the variants err equally often,
// an error falls to the challenger with just the probability with which the challenger got the unit, however the error
// rate moves over the day. So the test is exact, and needs neither stable rates nor large numbers. What it needs is that
// units are assigned independently of each other, and that the feedback is as likely for the one variant as for the
// other; the second is tested, too.
package experiment

import "math"

// Outcome is what a judgement comes to.
type Outcome string

// The outcomes. Mismatch stops the judgement: nothing can be said of variants that were not compared fairly.
const (
	Better    Outcome = "challenger-better"
	Worse     Outcome = "challenger-worse"
	Undecided Outcome = "no-decision-yet"
	Mismatch  Outcome = "mismatch"
)

// Interval is a confidence sequence at this look: all looks together cover the truth with probability 1−α.
type Interval struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

// Verdict is what is known of an experiment at one look.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Reason is one sentence for someone who knows no statistics.
	Reason string `json:"reason"`
	// Ended says that the horizon is reached, or that no effect of the minimal size is left to be found.
	Ended  bool    `json:"ended"`
	Errors *Effect `json:"errors,omitempty"` // nil with a mismatch
	// Shares are those of the assignments and of the feedback.
	Shares []Share `json:"shares"`
	Counts Counts  `json:"counts"`
	Policy Policy  `json:"policy"`
}

// Effect compares the variants' errors.
type Effect struct {
	// PValue is the always-valid p-value of "both err equally often".
	PValue float64 `json:"pValue"`
	// Share is the part of the errors that falls to the challenger.
	Share Interval `json:"share"`
	// Ratio is the challenger's error rate divided by the champion's. Its upper limit is nil where there is none yet.
	Ratio Ratio `json:"ratio"`
	// Difference is the challenger's accuracy less the champion's at the error rate that was seen in all, which makes it
	// approximate. It is nil until there was an error.
	Difference *Interval `json:"difference"`
}

// Ratio is an interval of a quotient, which may have no upper limit.
type Ratio struct {
	Lower float64  `json:"lower"`
	Upper *float64 `json:"upper"`
}

// Share compares the challenger's part of something with the configured one.
type Share struct {
	Of       string   `json:"of"`
	Observed float64  `json:"observed"` // 0 of nothing
	Interval Interval `json:"interval"`
	PValue   float64  `json:"pValue"`
	Mismatch bool     `json:"mismatch"`
}

// Judge says what the counts of an experiment prove. It fails on counts or a policy that cannot be.
func Judge(policy Policy, counts Counts) (Verdict, error) {
	if err := policy.Check(); err != nil {
		return Verdict{}, err
	}
	if err := counts.check(); err != nil {
		return Verdict{}, err
	}
	v := Verdict{Policy: policy, Counts: counts, Shares: []Share{
		newShare("assignments", policy, counts.Share, counts.assigned()),
		newShare("feedback", policy, counts.Share, counts.trials()),
	}}
	if v.Shares[0].Mismatch || v.Shares[1].Mismatch {
		v.Outcome = Mismatch
	} else {
		effect := newEffect(policy, counts)
		v.Errors = &effect
		v.Outcome = effect.outcome(policy)
		v.Ended = v.Outcome == Undecided && (effect.futile(policy) || counts.trials().total() >= policy.Horizon)
	}
	v.Reason = v.reason()
	return v, nil
}

func newShare(of string, policy Policy, share float64, events split) Share {
	m, alpha := martingale{share, policy.Mismatch.Concentration}, policy.Mismatch.Alpha/2
	s := Share{Of: of, Interval: m.interval(events, alpha), PValue: m.pValue(events)}
	s.Mismatch = s.PValue <= alpha
	if n := events.total(); n > 0 {
		s.Observed = float64(events.challenger) / float64(n)
	}
	return s
}

func newEffect(policy Policy, counts Counts) Effect {
	m, wrong := martingale{counts.Share, policy.Concentration}, counts.errors()
	theta := m.interval(wrong, policy.Alpha)
	e := Effect{PValue: m.pValue(wrong), Share: theta, Ratio: Ratio{Lower: ratio(theta.Lower, counts.Share)}}
	if upper := ratio(theta.Upper, counts.Share); !math.IsInf(upper, 1) {
		e.Ratio.Upper = &upper
	}
	if wrong.total() > 0 {
		rate := float64(wrong.total()) / float64(counts.trials().total())
		e.Difference = &Interval{difference(theta.Upper, counts.Share, rate), difference(theta.Lower, counts.Share, rate)}
	}
	return e
}

// ratio is the quotient of the error rates where θ of the errors and the share of the units are the challenger's.
func ratio(theta, share float64) float64 { return theta / (1 - theta) * (1 - share) / share }

// difference is how much more accurate the challenger is where a rate of all predictions is wrong, θ of those the
// challenger's.
func difference(theta, share, rate float64) float64 {
	return max(-1, min(1, rate*(1-theta)/(1-share)-rate*theta/share))
}

func (e Effect) outcome(policy Policy) Outcome {
	switch {
	case e.Ratio.Upper != nil && *e.Ratio.Upper < 1-policy.MinimalEffect:
		return Better
	case e.Ratio.Lower > 1:
		return Worse
	}
	return Undecided
}

// futile says that the minimal effect is excluded: more data would not find it.
func (e Effect) futile(policy Policy) bool { return e.Ratio.Lower > 1-policy.MinimalEffect }
