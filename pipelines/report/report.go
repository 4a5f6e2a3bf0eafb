// Package report holds what one run of the pipeline did, stage by stage, and says
// it as Markdown, HTML, JSON, SARIF, JUnit XML, text for a terminal, and as GitHub's
// annotations and job summary.
//
// Whatever came from a tool is data: escaped in each format, so that no test name,
// path or message can become markup, a link, a mention, a workflow command or a
// control sequence.
package report

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
)

// Status is what became of a stage or a run.
type Status string

// The statuses. Undecided means that the stage could not tell: no data, a tool that
// broke down, no test at all. That is red, as failed is.
const (
	Passed    Status = "passed"
	Failed    Status = "failed"
	Undecided Status = "undecided"
	Skipped   Status = "skipped"
)

// Red is anything but passed and skipped.
func (s Status) Red() bool { return s != Passed && s != Skipped }

func (s Status) known() bool {
	return s == Passed || s == Failed || s == Undecided || s == Skipped
}

// Fact is something worth knowing about what a stage made, such as an image's digest.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Change is what became different, of one thing: a title, and a line for each field. Who makes one masks what is secret.
type Change struct {
	Title string   `json:"title"`
	Lines []string `json:"lines,omitempty"`
}

// Remembered is the name of the fact that a stage was judged before.
const Remembered = "remembered"

// Stage is one stage of a run. Durations are in nanoseconds in JSON.
type Stage struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Summary is one sentence: what came out, or why it was skipped.
	Summary string `json:"summary"`
	// Remedy says what to do where the stage is red.
	Remedy string `json:"remedy,omitempty"`
	// Advisory is why a red stage does not block: it only reports, or all that is red was there before.
	Advisory string            `json:"advisory,omitempty"`
	Started  time.Time         `json:"started,omitzero"`
	Duration time.Duration     `json:"durationNanoseconds"`
	Tests    *finding.Tests    `json:"tests,omitempty"`
	Coverage *finding.Coverage `json:"coverage,omitempty"`
	// Findings are the tools' own; failing tests are in Tests.
	Findings []finding.Finding `json:"findings,omitempty"`
	Facts    []Fact            `json:"facts,omitempty"`
	Figures  []Figure          `json:"figures,omitempty"`
	// Changes are those in what was made, against what it is compared with.
	Changes []Change `json:"changes,omitempty"`
	// Log is the end of the tool's output where the stage is red.
	Log string `json:"log,omitempty"`
}

// Run is one run of the pipeline.
type Run struct {
	Title    string        `json:"title"`
	Commit   string        `json:"commit,omitempty"`
	Started  time.Time     `json:"started,omitzero"`
	Duration time.Duration `json:"durationNanoseconds"`
	Stages   []Stage       `json:"stages"`
}

// nothingRan stands for the stages of a run that has none.
var nothingRan = Stage{
	Name: "run", Status: Undecided,
	Summary: "nothing ran: the run has no stages", Remedy: "see why no stage was chosen",
}

// shown is the run with what is shown of one without stages.
func (r Run) shown() Run {
	if len(r.Stages) == 0 {
		r.Stages = []Stage{nothingRan}
	}
	return r
}

// Status is the worst of the stages': failed before undecided before passed. One that is
// red and does not block counts as passed. It is skipped only when every stage was. A run
// without stages, and one that isn't sound (an unknown status, say), is undecided.
func (r Run) Status() Status {
	if len(r.Stages) == 0 || r.check() != nil {
		return Undecided
	}
	for _, worst := range []Status{Failed, Undecided, Passed} {
		for _, stage := range r.Stages {
			if stage.counts() == worst {
				return worst
			}
		}
	}
	return Skipped
}

// Blocks says whether the stage is red, and that matters.
func (s Stage) Blocks() bool { return s.Status.Red() && s.Advisory == "" }

// counts is the status as it counts for the run.
func (s Stage) counts() Status {
	if s.Advisory != "" {
		return Passed
	}
	return s.Status
}

// statusText is the status in words.
func (s Stage) statusText() string {
	if s.Advisory != "" {
		return string(s.Status) + ", does not block"
	}
	return string(s.Status)
}

// Err is nil when nothing blocks. Else it names the stages that do, why they are red
// and what to do, in lines for a terminal.
func (r Run) Err() error {
	if err := r.check(); err != nil {
		return err
	}
	var lines []string
	for _, stage := range r.clean().shown().Stages {
		if stage.Blocks() {
			lines = append(lines, stage.complaint())
		}
	}
	switch len(lines) {
	case 0:
		return nil
	case 1:
		return errors.New(lines[0])
	}
	return fmt.Errorf("%d of %d stages are red:\n%s", len(lines), len(r.Stages), strings.Join(lines, "\n"))
}

// complaint is a red stage in one line.
func (s Stage) complaint() string {
	line := s.Name + " " + s.statusText()
	if s.Summary != "" {
		line += ": " + s.Summary
	}
	if s.Advisory != "" {
		return line + " (" + s.Advisory + ")"
	}
	if s.Remedy != "" {
		line += " → " + s.Remedy
	}
	return line
}

// check makes sure that the run is sound, so that no damage is shown as green.
func (r Run) check() error {
	if r.Duration < 0 {
		return fmt.Errorf("report: the run took %v: none takes less than nothing", r.Duration)
	}
	for i, stage := range r.Stages {
		if err := stage.check(); err != nil {
			return fmt.Errorf("report: stages[%d] %q: %w", i, stage.Name, err)
		}
	}
	return nil
}

func (s Stage) check() error {
	switch {
	case strings.TrimSpace(s.Name) == "":
		return errors.New("it has no name")
	case !s.Status.known():
		return fmt.Errorf("status %q is none of passed, failed, undecided, skipped", s.Status)
	case s.Status == Skipped && strings.TrimSpace(s.Summary) == "":
		return errors.New("it was skipped without a reason: say in its summary why")
	case s.Advisory != "" && !s.Status.Red():
		return fmt.Errorf("it says %s, and why it does not block: only what is red is kept from blocking", s.Status)
	case s.Duration < 0:
		return fmt.Errorf("it took %v: no stage takes less than nothing", s.Duration)
	}
	for i, f := range s.Findings {
		if err := f.Check(); err != nil {
			return fmt.Errorf("findings[%d]: %w", i, err)
		}
	}
	for i, f := range s.Figures {
		if err := f.check(); err != nil {
			return fmt.Errorf("figures[%d]: %w", i, err)
		}
	}
	if s.Tests == nil {
		return nil
	}
	if err := s.Tests.Check(); err != nil {
		return err
	}
	if s.Status == Passed && s.Tests.Red() {
		return fmt.Errorf("it says passed, and %d of its tests did not", s.Tests.Failed+s.Tests.Errored)
	}
	return nil
}

// Known counts the findings and failing tests that were there before the change.
func (s Stage) Known() (known int) {
	for _, f := range s.Findings {
		if f.Known {
			known++
		}
	}
	for _, c := range s.failing() {
		if c.Known {
			known++
		}
	}
	return known
}

// said are the findings of a stage, with its failing tests.
func (s Stage) said() []finding.Finding {
	findings := append([]finding.Finding(nil), s.Findings...)
	if s.Tests != nil {
		findings = append(findings, s.Tests.Findings()...)
	}
	return findings
}

// failing are the stage's tests that failed or broke down.
func (s Stage) failing() []finding.Case {
	if s.Tests == nil {
		return nil
	}
	return s.Tests.Failing()
}

// all is what a stage said; a red stage that said nothing speaks for itself, so that
// red shows in every format.
func (s Stage) all() []finding.Finding {
	findings := s.said()
	if len(findings) == 0 && s.Status.Red() {
		f := finding.Finding{Tool: "esteira", Rule: s.Name, Severity: finding.High, Message: s.complaint()}
		if !s.Blocks() {
			f.Severity = finding.Low
		}
		findings = append(findings, f.Identified())
	}
	return findings
}
