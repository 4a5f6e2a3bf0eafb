package gate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/esteira/esteira/pipelines/config/section"
	"github.com/esteira/esteira/pipelines/gate/policy"
	"github.com/esteira/esteira/pipelines/predictions"
)

// evidence is all that a verdict is made of.
type evidence struct {
	tally predictions.Tally
	// anchor is what the candidate and the anchor made of the same rows; nil where the policy names none.
	anchor *predictions.Tally
	// production says that production has this very model already.
	production bool
	judged     int
	approvedBy string
}

// judge makes the verdict, for a policy with its defaults.
type judge struct {
	Policy
	evidence
	// effect is what counts are divided by: 1 for a hold-out set.
	effect  float64
	verdict Verdict
}

func judgeTally(p Policy, e evidence) (Verdict, error) {
	j := &judge{Policy: p.WithDefaults(), evidence: e, effect: 1}
	if err := j.check(); err != nil {
		return Verdict{}, err
	}
	j.verdict.Tally = e.tally
	if e.tally.Protocol == predictions.OutOfFold {
		j.effect, j.verdict.Approximate = j.DesignEffect, true
	}
	j.value()
	j.change()
	j.sense()
	j.classes()
	j.averages()
	j.losses()
	j.proofSlices()
	j.noHarmSlices()
	j.wear()
	j.decide()
	return j.verdict, nil
}

// check refuses what the policy cannot be asked of.
func (j *judge) check() error {
	if j.tally.Rows == 0 {
		return fmt.Errorf("gate: there are no rows: a model cannot be judged on nothing")
	}
	if want := len(j.Slices.Proof) + len(j.Slices.NoHarm); len(j.tally.Slices) != want {
		return fmt.Errorf("gate: %d slices were counted, and the policy names %d", len(j.tally.Slices), want)
	}
	for _, slice := range j.tally.Slices {
		if slice.N == 0 {
			return fmt.Errorf("gate: slice %s=%s has no rows: take it out of the policy, or judge on rows that have it", slice.Slice.Column, slice.Slice.Value)
		}
	}
	for _, byClass := range []struct {
		field string
		least map[string]float64
	}{{"precision", j.Metrics.Precision}, {"recall", j.Metrics.Recall}} {
		for _, class := range slices.Sorted(maps.Keys(byClass.least)) {
			if !slices.Contains(j.tally.Classes, class) {
				return section.Wrong(
					"metrics."+byClass.field+"."+class, byClass.least[class],
					fmt.Sprintf("is for a class that is none of %q", j.tally.Classes),
				)
			}
		}
	}
	if j.needsProbabilities() && !j.tally.Candidate.Probabilities {
		return fmt.Errorf("gate: the policy has a threshold for log loss or Brier score, and the predictions have no probabilities: write probability_<class> columns, or take the threshold out")
	}
	return nil
}

func (j *judge) needsProbabilities() bool { return j.Metrics.LogLoss > 0 || j.Metrics.Brier > 0 }

func (j *judge) add(m Metric) { j.verdict.Metrics = append(j.verdict.Metrics, m) }

// share is the metric of a proportion with a threshold; nil is none.
func (j *judge) share(m Metric, right, rows int, method policy.Method, threshold float64) Metric {
	interval, name := Wilson, "Wilson"
	if method == policy.ClopperPearson {
		interval, name = ClopperPearson, "Clopper–Pearson"
	}
	limits := interval(float64(right)/j.effect, float64(rows)/j.effect)
	m.Rows, m.Value, m.Interval, m.Method = rows, ratio(float64(right), float64(rows)), &limits, name
	m = m.against(threshold)
	if m.Outcome == Undecided && rows > 0 {
		m.Needed = neededForShare(interval, m.Value, threshold, j.effect)
		fewest := smallest(func(rows float64) bool { return interval(rows/j.effect, rows/j.effect).Lower >= threshold })
		if rows < fewest {
			m.Note = fmt.Sprintf("%d rows could not show its %s even if all were right: it takes at least %d", rows, m.subject(), fewest)
		}
	}
	return m
}

// against compares a metric with what is asked of it; 0 asks for nothing.
func (m Metric) against(threshold float64) Metric {
	if threshold == 0 {
		m.Outcome = Reported
		return m
	}
	m.Threshold = &threshold
	m.Outcome = Undecided
	met, missed := m.Interval.Lower >= threshold, m.Interval.Upper < threshold
	if m.LowerIsBetter {
		met, missed = m.Interval.Upper <= threshold, m.Interval.Lower > threshold
	}
	switch {
	case met:
		m.Outcome = Pass
	case missed:
		m.Outcome = Fail
	}
	return m
}

// value asks for enough right rows.
func (j *judge) value() {
	right := 0
	for class := range j.tally.Classes {
		right += j.tally.Candidate.Confusion[class][class]
	}
	j.add(j.share(Metric{Name: Accuracy}, right, j.tally.Rows, j.Interval, j.Accuracy))
}

// change asks for no noticeable loss against the champion and against the anchor.
func (j *judge) change() {
	if j.tally.Champion != nil {
		j.compare(Champion, j.tally.Paired, j.Margin)
	}
	if j.anchor != nil {
		j.compare(Anchor, j.anchor.Paired, j.Policy.Anchor.Margin)
	}
}

func (j *judge) compare(against string, paired predictions.Paired, margin float64) {
	exact, midP := McNemar(paired.Won, paired.Lost)
	j.verdict.Comparisons = append(j.verdict.Comparisons, Comparison{
		Against: against, Won: paired.Won, Lost: paired.Lost, BothRight: paired.BothRight, BothWrong: paired.BothWrong,
		McNemar: exact, MidP: midP, Decides: !j.verdict.Approximate,
	})
	j.add(j.difference(Metric{Name: Difference, Against: against}, paired, margin))
}

// difference is the metric of a paired difference and a margin.
func (j *judge) difference(m Metric, paired predictions.Paired, margin float64) Metric {
	m.Rows = paired.BothRight + paired.BothWrong + paired.Won + paired.Lost
	won, lost, n := float64(paired.Won)/j.effect, float64(paired.Lost)/j.effect, float64(m.Rows)/j.effect
	limits, least := Tango(won, lost, n), -margin
	m.Value, m.Interval, m.Threshold, m.Method = (won-lost)/n, &limits, &least, "Tango"
	exact, _ := McNemar(paired.Won, paired.Lost)
	switch {
	case limits.Lower > least:
		m.Outcome = Pass
	case limits.Upper < least:
		m.Outcome = Fail
	case !j.verdict.Approximate && exact < tail:
		m.Outcome = Fail
		m.Note = fmt.Sprintf("McNemar's exact test says worse: %d won, %d lost, p = %.2g", paired.Won, paired.Lost, exact)
	default:
		m.Outcome = Undecided
		m.Needed = neededForDifference(won, lost, n, margin, j.effect)
		fewest := smallest(func(rows float64) bool { return Tango(0, 0, rows/j.effect).Lower > least })
		if m.Rows < fewest {
			m.Note = fmt.Sprintf("%d rows could not show that it is not worse than %s%s even if both predicted the same: it takes at least %d", m.Rows, m.rival(), m.where(), fewest)
		}
	}
	return m
}

// Of a model that predicts better than chance, the right rows lie clearSkill standard deviations above those of its
// shuffled predictions; below noSkill nobody can see any skill.
const (
	clearSkill = 4.0
	noSkill    = 2.0
)

// sense asks for what every model has, whatever the policy: it predicts each class that there is, and its predictions
// would be worse if they were shuffled. A constant, a model that lost a class, and one whose labels were mixed up can
// have a high accuracy where one class is frequent.
func (j *judge) sense() {
	var never []string
	labels, predicted, _ := newConfusion(j.tally.Candidate.Confusion, 1).sums()
	for class, name := range j.tally.Classes {
		if labels[class] > 0 && predicted[class] == 0 {
			never = append(never, name)
		}
	}
	none, clear := 0.0, clearSkill
	coverage := Metric{Name: Coverage, Rows: j.tally.Rows, Value: float64(len(never)), Threshold: &none, LowerIsBetter: true, Outcome: Pass}
	if len(never) > 0 {
		coverage.Outcome, coverage.Note = Fail, fmt.Sprintf("never predicted: %q", never)
	}
	j.add(coverage)
	skill := Metric{
		Name: SkillScore, Rows: j.tally.Rows, Value: Skill(newConfusion(j.tally.Candidate.Confusion, j.effect)),
		Threshold: &clear, Method: "Hoeffding", Outcome: Undecided,
	}
	switch {
	case skill.Value >= clearSkill:
		skill.Outcome = Pass
	case skill.Value < noSkill:
		skill.Outcome = Fail
	}
	j.add(skill)
}

// classes are precision and recall of each class.
func (j *judge) classes() {
	for class, name := range j.tally.Classes {
		predicted, labelled := 0, 0
		for other := range j.tally.Classes {
			predicted += j.tally.Candidate.Confusion[other][class]
			labelled += j.tally.Candidate.Confusion[class][other]
		}
		right := j.tally.Candidate.Confusion[class][class]
		j.add(j.share(Metric{Name: Precision, Class: name}, right, predicted, policy.Wilson, j.Metrics.Precision[name]))
		j.add(j.share(Metric{Name: Recall, Class: name}, right, labelled, policy.Wilson, j.Metrics.Recall[name]))
	}
}

// Seed is that of the posterior's draws.
const Seed = 1

// averages are macro F1 and balanced accuracy.
func (j *judge) averages() {
	cells := newConfusion(j.tally.Candidate.Confusion, j.effect)
	limits := Posterior(cells, Seed, MacroF1, BalancedAccuracy)
	average := Metric{Rows: j.tally.Rows, Method: fmt.Sprintf("Dirichlet(1/%d)", len(cells)*len(cells))}
	f1, balanced := average, average
	f1.Name, f1.Value, f1.Interval = F1, MacroF1(cells), &limits[0]
	balanced.Name, balanced.Value, balanced.Interval = Balanced, BalancedAccuracy(cells), &limits[1]
	j.add(f1.against(j.Metrics.MacroF1))
	j.add(balanced.against(j.Metrics.BalancedAccuracy))
}

// losses are those of the probabilities, where there are any.
func (j *judge) losses() {
	score := j.tally.Candidate
	if !score.Probabilities {
		return
	}
	for _, loss := range []struct {
		name      Name
		moments   predictions.Moments
		worst     float64
		threshold float64
	}{{LogLoss, score.LogLoss, worstLogLoss, j.Metrics.LogLoss}, {Brier, score.Brier, worstBrier, j.Metrics.Brier}} {
		limits := MeanLoss(loss.moments, j.effect, loss.worst)
		m := Metric{Name: loss.name, Rows: loss.moments.N, Value: loss.moments.Mean, Interval: &limits, LowerIsBetter: true, Method: "Student's t"}
		j.add(m.against(loss.threshold))
	}
	j.add(Metric{
		Name: Calibration, Rows: j.tally.Rows, Value: CalibrationError(score.Calibration[:]), LowerIsBetter: true,
		Method: fmt.Sprintf("%d bins of equal width", len(score.Calibration)), Outcome: Reported,
	})
}

// wear asks for fresh rows where too many models were judged on these: with each one the best of them looks better by
// chance (Dwork and others, "The reusable holdout", Science 349, 2015, 636–638).
func (j *judge) wear() {
	limit := float64(j.Judgements)
	m := Metric{Name: Wear, Rows: j.tally.Rows, Value: float64(j.judged), Threshold: &limit, LowerIsBetter: true, Outcome: Pass}
	if j.judged >= j.Judgements {
		m.Outcome = Undecided
		m.Note = "these rows have been judged on too often to prove anything more: judge on fresh rows"
	}
	j.add(m)
}
