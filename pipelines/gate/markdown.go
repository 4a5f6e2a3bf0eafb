package gate

import (
	"fmt"
	"strings"

	"github.com/esteira/esteira/pipelines/report"
)

var marks = map[Outcome]string{Pass: "✅", Fail: "❌", Undecided: "⚠️", Reported: ""}

// conventions are those that somebody needs who computes the figures again.
const conventions = `Intervals are two-sided at 95 %. A division by zero gives 0. The log loss is natural, its probabilities clipped at 2.22e-16. ` +
	`The Brier score is that of all classes, from 0 to 2. Calibration is that of the predicted class in 15 bins of equal width, closed on the right.`

// Markdown is the verdict for people: one sentence, the reasons, then all figures.
func (v Verdict) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Verdict: %s\n\n%s\n\n", v.Decision, report.Inline(v.Sentence))
	for _, reason := range v.Reasons {
		fmt.Fprintf(&b, "- %s\n", report.Inline(reason))
	}
	b.WriteString("\n## Figures\n\n")
	if v.Approximate {
		b.WriteString("Approximate: the predictions are out-of-fold, so that rows depend on each other and all counts were divided by the policy's design effect.\n\n")
	}
	b.WriteString("| | What | Rows | Value | 95 % interval | Asked for | How |\n|---|---|--:|--:|---|---|---|\n")
	for _, m := range v.Metrics {
		b.WriteString(m.row())
	}
	for _, c := range v.Comparisons {
		b.WriteString(c.markdown())
	}
	b.WriteString(v.flips())
	fmt.Fprintf(&b, "\n## Conventions\n\n%s\n", conventions)
	return b.String()
}

// row is a metric as a row of the table.
func (m Metric) row() string {
	interval, asked := "", ""
	if m.Interval != nil {
		interval = m.format(m.Interval.Lower) + " to " + m.format(m.Interval.Upper)
	}
	if m.Threshold != nil {
		asked = m.bound() + " " + m.format(*m.Threshold)
	}
	return fmt.Sprintf("| %s | %s | %d | %s | %s | %s | %s |\n",
		marks[m.Outcome], report.Inline(m.subject()), m.Rows, m.format(m.Value), interval, asked, m.Method)
}

func (c Comparison) markdown() string {
	says := "which decides where it is below 0.025"
	if !c.Decides {
		says = "told only, for out-of-fold rows are not independent"
	}
	return fmt.Sprintf("\nAgainst the %s, rows on which only the candidate was right: %d; only the %s: %d; both: %d; neither: %d. "+
		"McNemar's exact one-sided p of \"worse\" is %.3g (%s), its mid-p %.3g (told only).\n",
		c.Against, c.Won, c.Against, c.Lost, c.BothRight, c.BothWrong, c.McNemar, says, c.MidP)
}

// flips are the rows on which only one of the two models is right.
func (v Verdict) flips() string {
	if len(v.Tally.Flips) == 0 {
		return ""
	}
	var b strings.Builder
	all := v.Tally.Paired.Won + v.Tally.Paired.Lost
	fmt.Fprintf(&b, "\n## Rows that flipped\n\nThe first %d of %d.\n\n| Row | Label | Candidate | Champion |\n|---|---|---|---|\n", len(v.Tally.Flips), all)
	for _, flip := range v.Tally.Flips {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", report.Inline(flip.ID), report.Inline(flip.Label), report.Inline(flip.Candidate), report.Inline(flip.Champion))
	}
	return b.String()
}
