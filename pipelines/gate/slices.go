package gate

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/esteira/esteira/pipelines/predictions"
)

// slicesOf are the slices of a policy in the order in which they are counted: proof, then no-harm.
func slicesOf(p Policy) []predictions.Slice {
	var all []predictions.Slice
	for _, s := range p.Slices.Proof {
		all = append(all, predictions.Slice{Column: s.Column, Value: s.Value})
	}
	for _, s := range p.Slices.NoHarm {
		all = append(all, predictions.Slice{Column: s.Column, Value: s.Value})
	}
	return all
}

// proofSlices must each pass. Nothing is corrected for their number: a model that is bad in one of them would have to be
// lucky in that very one (Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24, 1982,
// 295–300).
func (j *judge) proofSlices() {
	for i, asked := range j.Slices.Proof {
		slice := j.tally.Slices[i]
		j.add(enough(j.share(Metric{Name: Accuracy, Slice: &slice.Slice}, slice.CandidateRight, slice.N, j.Interval, asked.Accuracy), asked.MinimumRows))
		if asked.Margin > 0 && j.tally.Champion != nil {
			j.add(enough(j.difference(Metric{Name: Difference, Against: Champion, Slice: &slice.Slice}, slice.Paired, asked.Margin), asked.MinimumRows))
		}
	}
}

// noHarmSlices must not be shown to have become worse, by tests with Holm's correction among themselves.
func (j *judge) noHarmSlices() {
	if j.tally.Champion == nil {
		return
	}
	counted := j.tally.Slices[len(j.Slices.Proof):]
	var p []float64
	for _, slice := range counted {
		p = append(p, j.worse(slice.Paired))
	}
	most, method := tail, "exact McNemar, Holm"
	if j.verdict.Approximate {
		method = "McNemar's score test, Holm"
	}
	for i, adjusted := range Holm(p) {
		slice := counted[i]
		m := Metric{
			Name: Harm, Against: Champion, Slice: &slice.Slice, Rows: slice.N, Value: adjusted, Threshold: &most, Method: method,
			Outcome: Pass, Note: fmt.Sprintf("%d won, %d lost", slice.Paired.Won, slice.Paired.Lost),
		}
		if adjusted < tail {
			m.Outcome = Fail
		}
		j.add(enough(m, j.Slices.NoHarm[i].MinimumRows))
	}
}

// worse is the one-sided p value of "worse". Counts that were divided by a design effect are not whole numbers, so that
// the exact test gives way to the score test that Tango's interval is made from.
func (j *judge) worse(paired predictions.Paired) float64 {
	if !j.verdict.Approximate {
		exact, _ := McNemar(paired.Won, paired.Lost)
		return exact
	}
	if paired.Won+paired.Lost == 0 {
		return 1
	}
	score := float64(paired.Lost-paired.Won) / math.Sqrt(float64(paired.Won+paired.Lost)*j.effect)
	return distuv.UnitNormal.Survival(score)
}

// enough leaves undecided what passed on too few rows.
func enough(m Metric, minimum int) Metric {
	if m.Rows < minimum && m.Outcome != Fail {
		m.Outcome = Undecided
		m.Needed = nil
		m.Note = fmt.Sprintf("there are %d of the %d rows%s that the policy asks for", m.Rows, minimum, m.where())
	}
	return m
}
