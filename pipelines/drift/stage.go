package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// severities are how much the levels matter that are findings.
var severities = map[Level]finding.Severity{Drifted: finding.High, TooFew: finding.High, Moved: finding.Medium}

// Status is failed when something drifted, else undecided when something has too few observations.
func (v Verdict) Status() report.Status {
	switch {
	case len(v.at(Drifted)) > 0:
		return report.Failed
	case len(v.at(TooFew)) > 0:
		return report.Undecided
	}
	return report.Passed
}

// Reasons are what drifted, one sentence each.
func (v Verdict) Reasons() []string {
	var reasons []string
	for _, c := range v.at(Drifted) {
		reasons = append(reasons, v.sentence(c))
	}
	return reasons
}

// Stage is the verdict as a stage of a run: a finding for whatever is not stable.
func (v Verdict) Stage() report.Stage {
	stage := report.Stage{Name: "drift", Status: v.Status(), Summary: v.summary()}
	stage.Remedy = v.remedy()
	stage.Facts = append(stage.Facts, report.Fact{Name: "data set", Value: v.Dataset})
	if v.Model != "" {
		stage.Facts = append(stage.Facts, report.Fact{Name: "model", Value: v.Model})
	}
	for _, c := range v.Comparisons {
		stage.Facts = append(stage.Facts, report.Fact{
			Name: "PSI of " + c.Of, Value: fmt.Sprintf("%.3f over %d (limit %v)", c.Index, c.N, v.Policy.Limit),
		})
		if severity, worth := severities[c.Level]; worth {
			// By its name and not by its figures, which are others each day, a finding is recognised again.
			f := finding.Finding{Tool: "drift", Rule: string(c.Level), Severity: severity, Message: c.Of}.Identified()
			f.Message = v.sentence(c)
			stage.Findings = append(stage.Findings, f)
		}
	}
	return stage
}

func (v Verdict) summary() string {
	var parts []string
	for _, level := range []Level{Drifted, TooFew, Moved} {
		if names := v.names(level); len(names) > 0 {
			words := map[Level]string{Drifted: "drifted: ", TooFew: "too few observations to tell: ", Moved: "moved a little: "}
			parts = append(parts, words[level]+strings.Join(names, ", "))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("what the model of %s is asked looks like what it was trained on", v.Dataset)
	}
	return strings.Join(parts, "; ")
}

func (v Verdict) remedy() string {
	hopeless := func(c Comparison) bool { return c.Needed == 0 }
	switch status := v.Status(); {
	case status == report.Failed:
		return "look at what changed upstream, and train anew on data of today: `drift dispatch` asks for the training"
	case status == report.Undecided && slices.ContainsFunc(v.at(TooFew), hopeless):
		return "train on more rows, or raise the policy's limit: more predictions don't help"
	case status == report.Undecided:
		return "wait for more predictions, or compare over a longer time"
	}
	return ""
}

// sentence says what is the matter with a comparison.
func (v Verdict) sentence(c Comparison) string {
	if c.Level == TooFew && c.Needed == 0 {
		return fmt.Sprintf("%s: the card's histogram has too few rows: by chance alone the index reaches the limit of %v, however many predictions there are",
			c.Of, v.Policy.Limit)
	}
	if c.Level == TooFew {
		return fmt.Sprintf("%s: %d observations are too few to tell drift from chance: it takes %d", c.Of, c.N, c.Needed)
	}
	limit := v.Policy.Limit
	if c.Level == Moved {
		limit = v.Policy.Warning
	}
	return fmt.Sprintf("%s: the population stability index over %d observations is %.3f, at least %v (by chance alone at most %.3f)",
		c.Of, c.N, c.Index, limit, c.Chance)
}

func (v Verdict) at(level Level) []Comparison {
	var found []Comparison
	for _, c := range v.Comparisons {
		if c.Level == level {
			found = append(found, c)
		}
	}
	return found
}

func (v Verdict) names(level Level) []string {
	var names []string
	for _, c := range v.at(level) {
		names = append(names, c.Of)
	}
	return names
}
