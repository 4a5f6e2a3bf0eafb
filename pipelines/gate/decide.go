package gate

import (
	"fmt"
	"slices"
	"strings"
)

// decide makes the decision from the metrics' outcomes: any failure rejects, any doubt leaves it open.
func (j *judge) decide() {
	v := &j.verdict
	failed, undecided := v.with(Fail), v.with(Undecided)
	switch {
	case j.production:
		v.Decision = Unchanged
		v.Reasons = []string{"the candidate's digest is that of the model in production"}
	case len(failed) > 0:
		v.Decision = Reject
		v.Reasons = sentences(append(failed, undecided...))
	case len(undecided) > 0:
		v.Decision = Inconclusive
		v.Reasons = sentences(undecided)
	case j.tally.Champion == nil && !j.RubberStamp:
		v.Decision = Inconclusive
		v.Reasons = []string{"production has no model to compare with, and the policy does not allow a rubber stamp: set rubberStamp if a person may approve the first model"}
	case j.tally.Champion == nil:
		v.Decision, v.ApprovedBy = RubberStamp, j.approvedBy
		v.Reasons = sentences(v.with(Pass))
	default:
		v.Decision = Bless
		v.Reasons = sentences(v.with(Pass))
	}
	v.Sentence = j.sentence(slices.Concat(failed, undecided))
}

// with are the metrics with an outcome.
func (v Verdict) with(outcome Outcome) []Metric {
	var found []Metric
	for _, m := range v.Metrics {
		if m.Outcome == outcome {
			found = append(found, m)
		}
	}
	return found
}

func sentences(metrics []Metric) []string {
	texts := make([]string, len(metrics))
	for i, m := range metrics {
		texts[i] = m.String()
	}
	return texts
}

// sentence says the decision to somebody who knows no statistics.
func (j *judge) sentence(unmet []Metric) string {
	good := fmt.Sprintf("it is right on %s of %d rows", percent(j.verdict.Metrics[0].Value), j.tally.Rows)
	switch j.verdict.Decision {
	case Bless:
		return "The new model is good enough: " + good + ", and it is not noticeably worse than the one in production."
	case Unchanged:
		return "This is the model that production has already: nothing changes."
	case RubberStamp:
		approved := "it needs the approval of a person, and has none yet."
		if j.approvedBy != "" {
			approved = j.approvedBy + " has approved it."
		}
		return "The new model is good enough by itself (" + good + "), but production has none to compare it with: " + approved
	case Reject:
		return "The new model is not good enough: " + unmet[0].plain() + others(len(j.verdict.with(Fail))-1, "not met")
	}
	if len(unmet) == 0 {
		return "Nobody can tell whether the new model is an improvement: production has none to compare it with."
	}
	return "Nobody can tell yet whether the new model is good enough: " + unmet[0].plain() + others(len(unmet)-1, "undecided too")
}

// others says how many requirements more have the same outcome.
func others(n int, outcome string) string {
	switch n {
	case 0:
		return "."
	case 1:
		return "; one more requirement is " + outcome + "."
	}
	return fmt.Sprintf("; %d more requirements are %s.", n, outcome)
}

// plain is why a metric does not pass, without statistics.
func (m Metric) plain() string {
	switch {
	case m.Outcome == Undecided && m.Note != "":
		return m.Note
	case m.Outcome == Undecided:
		return m.doubt()
	}
	switch m.Name {
	case Difference, Harm:
		return "it is noticeably worse than " + m.rival() + m.where()
	case Coverage:
		return "there are classes that it never predicts (" + m.Note + ")"
	case SkillScore:
		return "it would be about as good if its predictions were shuffled"
	case LogLoss, Brier:
		return fmt.Sprintf("its probabilities are too far off (%s %s, at most %s is asked for)", m.Name, m.format(m.Value), m.format(*m.Threshold))
	}
	return fmt.Sprintf("its %s is %s, and at least %s is asked for", m.subject(), m.format(m.Value), m.format(*m.Threshold))
}

func (m Metric) doubt() string {
	text := fmt.Sprintf("%d rows are too few to be sure of its %s", m.Rows, m.subject())
	if m.Name == Difference {
		text = fmt.Sprintf("%d rows are too few to be sure that it is not worse than %s%s", m.Rows, m.rival(), m.where())
	}
	if m.Needed != nil && m.Needed.WouldReject {
		return text + ", and what they show looks bad"
	}
	if m.Needed != nil && m.Needed.Rows > 0 {
		return fmt.Sprintf("%s; about %d would do", text, m.Needed.Rows)
	}
	return text
}

func (m Metric) rival() string {
	if m.Against == Anchor {
		return "the anchor"
	}
	return "the model in production"
}

func (m Metric) where() string {
	if m.Slice == nil {
		return ""
	}
	return fmt.Sprintf(" where %s is %s", m.Slice.Column, m.Slice.Value)
}

// subject is what the metric is of.
func (m Metric) subject() string {
	var b strings.Builder
	b.WriteString(string(m.Name))
	if m.Class != "" {
		b.WriteString(" of " + m.Class)
	}
	switch {
	case m.Name == Harm:
		b.WriteString(" against the " + m.Against)
	case m.Against != "":
		b.WriteString(" from the " + m.Against)
	}
	return b.String() + m.where()
}

// String is the metric in a line: what was measured, what was asked, what follows.
func (m Metric) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", m.subject(), m.figures(), m.Outcome)
	for _, more := range []string{m.Note, m.Needed.String()} {
		if more != "" {
			b.WriteString("; " + more)
		}
	}
	return b.String()
}

// figures are value, interval and threshold.
func (m Metric) figures() string {
	text := m.format(m.Value)
	if m.Interval != nil {
		text += fmt.Sprintf(" (%s to %s)", m.format(m.Interval.Lower), m.format(m.Interval.Upper))
	}
	if m.Threshold != nil {
		text += fmt.Sprintf(", asked for is %s %s", m.bound(), m.format(*m.Threshold))
	}
	return text
}

// bound says on which side of the threshold a good model lies.
func (m Metric) bound() string {
	switch {
	case m.Name == Wear:
		return "less than"
	case m.LowerIsBetter:
		return "at most"
	case m.Name == Difference:
		return "more than"
	}
	return "at least"
}

func (n *Needed) String() string {
	switch {
	case n == nil:
		return ""
	case n.Rows == 0:
		return "at exactly this rate no number of rows decides"
	case n.WouldReject:
		return fmt.Sprintf("more rows would reject it: at this rate %d do", n.Rows)
	}
	return fmt.Sprintf("at this rate %d rows decide, and with %d a model that is really like this passes 4 times of 5", n.Rows, n.Power)
}

// format is a figure as people write it.
func (m Metric) format(value float64) string {
	switch m.Name {
	case Difference:
		return fmt.Sprintf("%+.1f points", 100*value)
	case Coverage, Wear:
		return fmt.Sprintf("%.0f", value)
	case SkillScore:
		return fmt.Sprintf("%.1f", value)
	case Harm, LogLoss, Brier, Calibration:
		return fmt.Sprintf("%.3g", value)
	}
	return percent(value)
}

func percent(value float64) string { return fmt.Sprintf("%.1f %%", 100*value) }
