package acceptance

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// Said is all that one check has to say, before anybody has looked what of it is accepted.
type Said struct {
	Remarks []Remark `json:"remarks"`
	// Undecided says why the check could not decide: it is red then, whatever else it found.
	Undecided string `json:"undecided,omitempty"`
	// Judged is how many objects, files, cases or queries were looked at. None at all is undecided.
	Judged  int             `json:"judged"`
	Facts   []report.Fact   `json:"facts,omitempty"`
	Notes   []string        `json:"notes,omitempty"`
	Tests   *finding.Tests  `json:"tests,omitempty"`
	Changes []report.Change `json:"changes,omitempty"`
}

// Remark is a finding about an object.
type Remark struct {
	// Object is what an exception names; empty for what cannot be accepted.
	Object  string          `json:"object,omitempty"`
	Finding finding.Finding `json:"finding"`
}

// ReadSaid reads what Write wrote.
func ReadSaid(r io.Reader) (Said, error) {
	var said Said
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&said); err != nil {
		return Said{}, fmt.Errorf("acceptance: %w", err)
	}
	return said, nil
}

// Write writes it as JSON.
func (s Said) Write(w io.Writer) error { return json.NewEncoder(w).Encode(s) }

// Judgement is what one check comes to.
type Judgement struct {
	Said Said
	// Blocking are red: new, and not accepted.
	Blocking []finding.Finding
	// Shown are not: the base has them, or somebody accepted them, as their messages say.
	Shown []finding.Finding
	// Accepted counts those that somebody accepted, Old those that the base has.
	Accepted, Old int
	// Used are the exceptions that accepted something, by their lines.
	Used []int
}

// Judge subtracts from what a check said what is accepted now, and what it said of the base, if there is one.
func Judge(exceptions []Exception, said Said, before *Said, now time.Time) Judgement {
	judgement := Judgement{Said: said}
	old := map[string]bool{}
	if before != nil {
		for _, remark := range before.Remarks {
			old[remark.Finding.Identified().Fingerprint] = true
		}
	}
	for _, remark := range said.Remarks {
		f := remark.Finding.Identified()
		exception, known := accepting(exceptions, remark)
		if known {
			judgement.Used = append(judgement.Used, exception.Line)
		}
		if known && exception.over(now) {
			f.Message += fmt.Sprintf("; accepted by %s until %s, which is over (%s:%d)", exception.Owner, exception.Expires.Format(time.DateOnly), File, exception.Line)
			known = false
		}
		judgement.add(f, exception, known, old[f.Fingerprint])
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
		f.Severity, f.Known = finding.Info, true
		j.Old++
		j.Shown = append(j.Shown, f)
	default:
		j.Blocking = append(j.Blocking, f)
	}
}

// Stage is the judgement as a stage of a report.
func (j Judgement) Stage(name string) report.Stage {
	stage := report.Stage{
		Name: name, Status: report.Passed, Findings: append(j.Blocking, j.Shown...),
		Facts: j.Said.Facts, Tests: j.Said.Tests, Changes: j.Said.Changes,
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
		stage.Remedy = "mend it there, or have it accepted in " + File + " with reason, owner and expiry"
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
