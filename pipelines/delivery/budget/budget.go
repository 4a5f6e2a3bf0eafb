// Package budget adds up how long it takes from a merge to production and back, from the files that decide it: wait timers,
// Argo CD's and Image Updater's intervals, Flagger's analysis, probes, deadlines and rollouts. Why the parts are those,
// docs/decisions/0013 says.
package budget

import (
	"fmt"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
)

// The definitions that every sum here is of.
const (
	Merged   = "merged: the pull request's commit is on main, by GitHub's clock"
	Deployed = "deployed: Flagger has finished each of the environment's applications: its primary runs the new version and has all of the traffic; where there is no canary, its Deployment's new pods are ready"
	Worst    = "worst: everything works, and as slowly as the files allow; what breaks down is a chain of its own"
	Typical  = "typical: what is polled is found after half of the interval, and the first check already has its numbers"
)

// Budget is how long everything takes.
type Budget struct {
	Definitions []string `json:"definitions"`
	Chains      []Chain  `json:"chains"`
	// Problems are what makes a sum meaningless: a deadline before the time that something is said to take.
	Problems []Problem `json:"problems,omitempty"`
	// Undecided are the values that are nowhere, or of which nobody can say what they come to.
	Undecided []string `json:"undecided,omitempty"`
	Notes     []string `json:"notes,omitempty"`
}

// Chain is what happens, one after the other, between two moments.
type Chain struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
	Span
	// Target is what the worst time has to be shorter than; zero where nothing is asked.
	Target time.Duration `json:"targetNanoseconds,omitempty"`
	// Asked is where that stands.
	Asked *Value `json:"target,omitempty"`
	Parts []Part `json:"parts"`
}

// Part is one thing that takes its time.
type Part struct {
	Name string `json:"name"`
	// Human says that it is people's time, or for them, and no machine's.
	Human bool `json:"human,omitempty"`
	// Meanwhile says that it goes on beside what takes longer, and does not count.
	Meanwhile bool `json:"meanwhile,omitempty"`
	Span
	// How says what was added up.
	How string `json:"how,omitempty"`
	// Values are what it follows from.
	Values []Value `json:"values"`
}

// Span is how long something takes.
type Span struct {
	Typical time.Duration `json:"typicalNanoseconds"`
	Worst   time.Duration `json:"worstNanoseconds"`
}

func (s Span) plus(other Span) Span { return Span{s.Typical + other.Typical, s.Worst + other.Worst} }

// Value is one that was read, and where it stands.
type Value struct {
	finding.Location
	Field string `json:"field"`
	Text  string `json:"value"`
	// Default is whose default it is, where no file sets it.
	Default string `json:"default,omitempty"`
}

// String is file:line: field: value, as editors understand it.
func (v Value) String() string {
	if v.Default != "" {
		return fmt.Sprintf("%s: %s: default, %s", v.Field, v.Text, v.Default)
	}
	return fmt.Sprintf("%s: %s: %s", v.Location, v.Field, v.Text)
}

// Problem is why a sum does not hold.
type Problem struct {
	Rule    string `json:"rule"`
	Message string `json:"message"`
	Value   Value  `json:"value"`
}

// add appends parts that follow each other.
func (c *Chain) add(parts ...Part) {
	c.Parts = append(c.Parts, parts...)
	c.Span = c.plus(sum(parts))
}

// beside appends two rows of parts that begin together: what follows waits for both, so the one with the longer worst
// counts.
func (c *Chain) beside(a, b []Part) {
	if sum(b).Worst > sum(a).Worst {
		a, b = b, a
	}
	c.Span = c.plus(Span{max(sum(a).Typical, sum(b).Typical), sum(a).Worst})
	c.Parts = append(c.Parts, a...)
	for _, part := range b {
		part.Meanwhile = true
		c.Parts = append(c.Parts, part)
	}
}

func sum(parts []Part) (total Span) {
	for _, part := range parts {
		total = total.plus(part.Span)
	}
	return total
}

// Met says whether the chain is as fast as is asked.
func (c Chain) Met() bool { return c.Asked == nil || c.Worst < c.Target }

// People is how much of the worst time is people's.
func (c Chain) People() (people time.Duration) {
	for _, part := range c.Parts {
		if part.Human && !part.Meanwhile {
			people += part.Worst
		}
	}
	return people
}

// Machine is how much of the worst time is machines'.
func (c Chain) Machine() time.Duration { return c.Worst - c.People() }

// Longest is the part that takes the most of the worst time.
func (c Chain) Longest() (longest Part) {
	for _, part := range c.Parts {
		if !part.Meanwhile && part.Worst > longest.Worst {
			longest = part
		}
	}
	return longest
}

// Red says whether a target is not met, or nobody can tell.
func (b Budget) Red() bool {
	for _, chain := range b.Chains {
		if !chain.Met() {
			return true
		}
	}
	return len(b.Problems) > 0 || len(b.Undecided) > 0
}
