package gate

import (
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// Stage is the verdict as a stage of a run.
func (v Verdict) Stage() report.Stage {
	stage := report.Stage{Name: "gate", Status: v.status(), Summary: v.Sentence, Remedy: v.remedy()}
	stage.Facts = append(stage.Facts, report.Fact{Name: "verdict", Value: string(v.Decision)})
	for _, m := range v.Metrics {
		switch {
		case stage.Status.Red() && (m.Outcome == Fail || m.Outcome == Undecided):
			stage.Findings = append(stage.Findings, m.finding())
		case m.Threshold != nil:
			stage.Facts = append(stage.Facts, report.Fact{Name: m.subject(), Value: m.figures()})
		}
	}
	return stage
}

func (v Verdict) status() report.Status {
	switch {
	case v.Blessed(), v.Decision == Unchanged:
		return report.Passed
	case v.Decision == Reject:
		return report.Failed
	}
	return report.Undecided
}

// remedy says what to do about a verdict that is red.
func (v Verdict) remedy() string {
	switch v.Decision {
	case Reject:
		return "train a better model; the reasons say where this one is worse"
	case Inconclusive:
		return "judge it on more or fresh rows; the reasons say how many"
	case RubberStamp:
		if v.ApprovedBy == "" {
			return "look at the figures and approve it by name"
		}
	}
	return ""
}

func (m Metric) finding() finding.Finding {
	severity := finding.High
	if m.Outcome == Undecided {
		severity = finding.Medium
	}
	return finding.Finding{Tool: "gate", Rule: string(m.Name), Severity: severity, Message: m.String()}.Identified()
}
