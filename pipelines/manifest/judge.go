package manifest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// Placed is what a check said, with the places in the sources.
type Placed struct {
	Said
	// Places are those of Said.Remarks, one each. Remarks that several roots share are one.
	Places []Place `json:"places"`
}

// Place is where a remark comes from.
type Place struct {
	Location finding.Location `json:"location"`
	// Exact says that it is the line of the field itself, and not just where its object begins.
	Exact bool `json:"exact,omitempty"`
	// Roots are all that render it.
	Roots []string `json:"roots"`
}

// ReadPlaced reads what Write wrote.
func ReadPlaced(r io.Reader) (Placed, error) {
	var placed Placed
	err := decode(r, &placed)
	if err == nil && len(placed.Places) != len(placed.Remarks) {
		err = fmt.Errorf("manifest: %d places of %d remarks", len(placed.Places), len(placed.Remarks))
	}
	return placed, err
}

// Write writes it as JSON.
func (p Placed) Write(w io.Writer) error { return json.NewEncoder(w).Encode(p) }

// finding is a remark as a finding at its place.
func (p Placed) finding(i int) finding.Finding {
	remark, place := p.Remarks[i], p.Places[i]
	message := fmt.Sprintf("%s: %s", remark.Object, remark.Message)
	if remark.Object == (Object{}) {
		message = remark.Message
	}
	if remark.Field != "" && !strings.Contains(remark.Message, remark.Field) {
		message += " (" + remark.Field + ")"
	}
	if place.Location.File != remark.Root {
		message += ", in " + strings.Join(place.Roots, ", ")
	}
	return finding.Finding{
		Tool: remark.Tool, Rule: remark.Rule, Severity: remark.Severity, Message: message, Location: place.Location,
	}.Identified()
}

// Judgement is what one check comes to.
type Judgement struct {
	Said Said
	// Blocking are red: new, and not accepted.
	Blocking []finding.Finding
	// Shown are not: the base has them, or somebody accepted them, as their messages say.
	Shown []finding.Finding
	// Accepted counts those that somebody accepted, Old those that the base has.
	Accepted, Old int
	// Used are the exceptions that accepted something, by their lines in the policy.
	Used []int
}

// Judge subtracts from what a check said what the policy accepts now, and what it said of the base, if there is one.
func Judge(policy Policy, placed Placed, before *Placed, now time.Time) Judgement {
	judgement := Judgement{Said: placed.Said}
	old := map[string]bool{}
	if before != nil {
		for i := range before.Remarks {
			old[before.finding(i).Fingerprint] = true
		}
		for _, f := range before.Findings {
			old[f.Identified().Fingerprint] = true
		}
	}
	for i, remark := range placed.Remarks {
		f := placed.finding(i)
		exception, known := policy.accepting(remark)
		if known {
			judgement.Used = append(judgement.Used, exception.Line)
		}
		if known && exception.over(now) {
			f.Message += fmt.Sprintf("; accepted by %s until %s, which is over (%s:%d)", exception.Owner, exception.Expires.Format(time.DateOnly), PolicyFile, exception.Line)
			known = false
		}
		judgement.add(f, exception, known, old[f.Fingerprint])
	}
	for _, f := range placed.Findings {
		judgement.add(f.Identified(), Exception{}, false, old[f.Identified().Fingerprint])
	}
	return judgement
}

func (j *Judgement) add(f finding.Finding, exception Exception, accepted, old bool) {
	switch {
	case f.Severity == finding.Info:
		j.Shown = append(j.Shown, f)
	case accepted:
		f.Severity = finding.Info
		f.Message += fmt.Sprintf("; accepted by %s until %s: %s", exception.Owner, exception.Expires.Format(time.DateOnly), exception.Reason)
		j.Accepted++
		j.Shown = append(j.Shown, f)
	case old:
		f.Message += "; it was there before this change"
		f.Severity = finding.Info
		j.Old++
		j.Shown = append(j.Shown, f)
	default:
		j.Blocking = append(j.Blocking, f)
	}
}

// Stage is the judgement as a stage of a report.
func (j Judgement) Stage(name string) report.Stage {
	stage := report.Stage{
		Name: name, Status: report.Passed, Findings: append(j.Blocking, j.Shown...), Facts: j.Said.Facts, Tests: j.Said.Tests,
		Summary: fmt.Sprintf("judged %d, nothing blocks", j.Said.Judged),
	}
	if j.Accepted > 0 {
		stage.Summary += fmt.Sprintf("; %d accepted", j.Accepted)
	}
	if j.Old > 0 {
		stage.Summary += fmt.Sprintf("; %d were there before", j.Old)
	}
	for _, note := range j.Said.Notes {
		stage.Facts = append(stage.Facts, report.Fact{Name: "note", Value: note})
	}
	switch {
	case len(j.Blocking) > 0:
		first := j.Blocking[0]
		stage.Status = report.Failed
		stage.Summary = fmt.Sprintf("%s: %s (%s)", first.Location, first.Message, first.Rule)
		if more := len(j.Blocking) - 1; more > 0 {
			stage.Summary += fmt.Sprintf(", and %d more", more)
		}
		stage.Remedy = "mend it there, or have it accepted in " + PolicyFile + " with reason, owner and expiry"
	case j.Said.Tests != nil && j.Said.Tests.Red():
		failing := j.Said.Tests.Failing()
		stage.Status, stage.Remedy = report.Failed, "mend what is tried, or what is expected of it"
		stage.Summary = fmt.Sprintf("%d of %d tests failed: %s: %s: %s",
			len(failing), j.Said.Tests.Total(), failing[0].Location, failing[0].FullName(), failing[0].Message)
	case j.Said.Undecided != "":
		stage.Status, stage.Summary, stage.Remedy = report.Undecided, j.Said.Undecided, "mend what keeps the check from deciding"
	case j.Said.Judged == 0:
		stage.Status, stage.Summary, stage.Remedy = report.Undecided, "there was nothing to judge", "see whether --source is the right folder"
	}
	return stage
}

// Unused are findings about exceptions that accepted nothing in any of the judgements: what they accepted is mended, or its
// name is wrong.
func Unused(policy Policy, judgements []Judgement) []finding.Finding {
	used := map[int]bool{}
	for _, judgement := range judgements {
		for _, line := range judgement.Used {
			used[line] = true
		}
	}
	var unused []finding.Finding
	for _, e := range policy.exceptions() {
		if !used[e.Line] {
			unused = append(unused, finding.Finding{
				Tool: "esteira", Rule: "unused-exception", Severity: finding.Medium,
				Message:  fmt.Sprintf("%s of %s is accepted and was not found: take the exception out", e.Rule, e.Object),
				Location: finding.Location{File: PolicyFile, Line: e.Line},
			}.Identified())
		}
	}
	return unused
}
