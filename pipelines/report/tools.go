package report

import (
	"io"

	"github.com/esteira/esteira/pipelines/finding"
)

// SARIF writes every finding of the run, failing tests and red stages among them, as
// a SARIF 2.1.0 log. A finding that lies in no file gets the stage's name as its
// place, since GitHub's code scanning refuses the whole log over a result without one.
func (r Run) SARIF(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	var findings []finding.Finding
	for _, stage := range r.clean().shown().Stages {
		for _, f := range stage.all() {
			if f.Location.File == "" {
				f.Location.File = stage.Name
			}
			findings = append(findings, f)
		}
	}
	return finding.WriteSARIF(w, findings)
}

// JUnit writes the run as JUnit XML: a suite for each stage with one case that tells
// the stage's status, and the stage's own tests after it.
func (r Run) JUnit(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	var all finding.Tests
	for _, stage := range r.clean().shown().Stages {
		verdict := finding.Suite{Name: stage.Name, Cases: []finding.Case{stage.verdict()}}
		all.Add(verdict)
		if stage.Tests == nil {
			continue
		}
		for _, suite := range stage.Tests.Suites {
			all.Add(finding.Suite{Name: stage.Name + " / " + suite.Name, Cases: suite.Cases})
		}
	}
	return finding.WriteJUnit(w, all)
}

// verdict is the stage itself as a test case.
func (s Stage) verdict() finding.Case {
	outcomes := map[Status]finding.Outcome{
		Passed: finding.Passed, Failed: finding.Failed, Undecided: finding.Errored, Skipped: finding.Skipped,
	}
	c := finding.Case{Class: "stage", Name: s.Name, Outcome: outcomes[s.Status], Duration: s.Duration}
	if s.Advisory != "" {
		c.Outcome = finding.Skipped // what reads JUnit knows no other red that does not block
	}
	if s.Tests != nil {
		c.Duration = 0 // the tests carry the time
	}
	if s.Status != Passed {
		c.Message, c.Detail = s.complaint(), s.Log
	}
	return c
}
