package tracking

import (
	"fmt"
	"io"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// Text writes the report for a person at a terminal: each version with its way, and what is missing on it.
func (r Report) Text(w io.Writer) error {
	var text strings.Builder
	for _, m := range r.Models {
		fmt.Fprintf(&text, "%s\n", report.Plain(fmt.Sprintf("%s %s (sha256:%.12s): %s", m.Name, m.Version.Version, m.SHA256, m.way())))
		for _, l := range m.Links {
			if l.Missing != "" {
				fmt.Fprintf(&text, "  missing: %s: %s\n", l.Step, report.Plain(l.Missing+": "+l.Remedy))
			} else {
				fmt.Fprintf(&text, "  %-11s  %s\n", l.Step, report.Plain(l.Found))
			}
		}
	}
	fmt.Fprintf(&text, "%s\n", r.summary())
	_, err := io.WriteString(w, text.String())
	return err
}

// way is how far a version can be followed.
func (m Model) way() string {
	var steps []string
	for _, l := range m.Links {
		if l.Missing != "" {
			steps = append(steps, "("+string(l.Step)+"?)")
		} else {
			steps = append(steps, string(l.Step))
		}
	}
	way := strings.Join(steps, " → ")
	if m.End != "" {
		way += "; " + m.End
	}
	return way
}

func (r Report) summary() string {
	if len(r.Models) == 0 {
		return "nothing to track: the registry has no version, and no set names a model"
	}
	return fmt.Sprintf("%d of %d versions are tracked, %.1f %%; 100 %% are asked", r.Tracked(), len(r.Models), 100*float64(r.Tracked())/float64(len(r.Models)))
}

// Stage is the report as a stage of a run.
func (r Report) Stage() report.Stage {
	stage := report.Stage{Name: "delivery models", Status: report.Passed, Summary: r.summary()}
	switch {
	case len(r.Models) == 0:
		stage.Status, stage.Remedy = report.Undecided, "see whether the registry was asked for the right models"
	case r.Red():
		stage.Status, stage.Remedy = report.Failed, "mend each missing link, as its finding says"
	}
	for _, m := range r.Models {
		name := fmt.Sprintf("%s %s", m.Name, m.Version.Version)
		stage.Facts = append(stage.Facts, report.Fact{Name: name, Value: m.way()})
		for _, l := range m.Links {
			if l.Missing != "" {
				stage.Findings = append(stage.Findings, finding.Finding{
					Tool: "esteira delivery", Rule: "missing-" + string(l.Step), Severity: finding.High,
					Message: fmt.Sprintf("%s (sha256:%.12s): %s: %s", name, m.SHA256, l.Missing, l.Remedy),
				}.Identified())
			}
		}
	}
	return stage
}
