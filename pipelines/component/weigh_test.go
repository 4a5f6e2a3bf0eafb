package component

import (
	"errors"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

func found(messages ...string) (findings []finding.Finding) {
	for _, message := range messages {
		f := finding.Finding{Tool: "ruff", Rule: "E1", Severity: finding.High, Message: message, Location: finding.Location{File: "a.py", Line: 1}}
		findings = append(findings, f.Identified())
	}
	return findings
}

func red(messages ...string) report.Stage {
	return report.Stage{Name: "lint", Status: report.Failed, Summary: "found", Findings: found(messages...)}
}

func tested(failing ...string) report.Stage {
	suite := finding.Suite{Name: "s", Cases: []finding.Case{{Name: "good", Outcome: finding.Passed}}}
	for _, name := range failing {
		suite.Cases = append(suite.Cases, finding.Case{Class: "T", Name: name, Outcome: finding.Failed, Message: "no"})
	}
	var tests finding.Tests
	tests.Add(suite)
	return report.FromTests("test", tests, nil)
}

func TestWeigh(t *testing.T) {
	undecided := report.Stage{Name: "lint", Status: report.Undecided, Summary: "ruff crashed"}
	green := report.Stage{Name: "lint", Status: report.Passed}
	subtracted := report.Stage{Name: "lint", Status: report.Passed, Findings: found("a")}
	subtracted.Findings[0].Known, subtracted.Findings[0].Severity = true, finding.Info
	for _, test := range []struct {
		name        string
		mode        config.Mode
		stage, base report.Stage
		blocks      bool
		known       int
	}{
		{"green", config.Baseline, green, green, false, 0},
		{"new", config.Baseline, red("a"), green, true, 0},
		{"old", config.Baseline, red("a"), red("a"), false, 1},
		{"old and new", config.Baseline, red("a", "b"), red("a"), true, 1},
		{"the same once more", config.Baseline, red("a", "a"), red("a"), true, 1},
		{"old, and all of it matters", config.Blocking, red("a"), red("a"), true, 0},
		{"it only reports", config.ReportOnly, red("a"), green, false, 0},
		{"nobody knows", config.Baseline, undecided, undecided, true, 0},
		{"nobody knows, and it only reports", config.ReportOnly, undecided, undecided, false, 0},
		{"red for a reason that nobody named", config.Baseline, red(), red(), true, 0},
		{"an old failing test", config.Baseline, tested("a"), tested("a", "b"), false, 1},
		{"a new failing test", config.Baseline, tested("a", "c"), tested("a", "b"), true, 1},
		{"it subtracted by itself", config.Baseline, subtracted, green, false, 1},
		{"a base that could not tell", config.Baseline, red("a"), undecided, true, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Weigh(test.mode, test.stage, &test.base)
			if got.Blocks() != test.blocks || got.Known() != test.known || got.Status != test.stage.Status {
				t.Errorf("blocks %v, %d known: %+v", got.Blocks(), got.Known(), got)
			}
			run := report.Run{Title: "x", Stages: []report.Stage{got}}
			if (run.Err() != nil) != test.blocks {
				t.Errorf("the run says %v", run.Err())
			}
		})
	}
}

// A stage that subtracts the base by itself is told that all of it matters.
func TestInsist(t *testing.T) {
	stage := report.Stage{Name: "render", Status: report.Passed, Findings: found("a")}
	stage.Findings[0].Known, stage.Findings[0].Severity = true, finding.Info
	got := Weigh(config.Blocking, stage, nil)
	if !got.Blocks() || got.Known() != 0 || got.Findings[0].Severity == finding.Info || stage.Findings[0].Severity != finding.Info {
		t.Errorf("%+v", got)
	}
}

func TestWithoutABaseAllIsNew(t *testing.T) {
	if got := Weigh(config.Baseline, red("a"), nil); !got.Blocks() {
		t.Errorf("%+v", got)
	}
}

func TestWhatBecameDifferent(t *testing.T) {
	base, stage := tested("a"), tested()
	base.Coverage, stage.Coverage = &finding.Coverage{LinesCovered: 9, LinesMissed: 1}, &finding.Coverage{LinesCovered: 8, LinesMissed: 2}
	base.Facts = []report.Fact{{Name: "digest", Value: "sha256:1"}, {Name: "jar", Value: "1 MB"}, {Name: report.Remembered, Value: "x"}}
	stage.Facts = []report.Fact{{Name: "digest", Value: "sha256:2"}, {Name: "jar", Value: "1 MB"}, {Name: report.Remembered, Value: "y"}}
	got := Weigh(config.Baseline, stage, &base)
	want := "tests failed: 1 → 0\nlines covered: 90.0 % → 80.0 %\ndigest: sha256:1 → sha256:2"
	if len(got.Changes) != 1 || strings.Join(got.Changes[0].Lines, "\n") != want {
		t.Errorf("%q, want %q", got.Changes, want)
	}
}

// Whatever stages come back, those that were asked for are reported, and what is missing is red.
func TestComplete(t *testing.T) {
	python := config.Component{Name: "risk", Path: "apps/risk", Kind: config.Python, Skip: []config.Skip{
		{Stage: "typecheck", Reason: "no types yet"}, {Stage: "scan", Reason: "no internet"}, {Stage: "image-scan", Reason: "no internet"},
	}}
	passed := func(name string) report.Stage { return report.Stage{Name: name, Status: report.Passed} }
	for _, test := range []struct {
		name   string
		stages []report.Stage
		want   string
	}{
		{"all", []report.Stage{passed("test"), passed("image"), passed("lint")}, "lint passed, typecheck skipped, test passed, image passed, scan skipped, image-scan skipped"},
		{"one is missing", []report.Stage{passed("image"), passed("lint")}, "lint passed, typecheck skipped, test undecided, image passed, scan skipped, image-scan skipped"},
		{"none came back", nil, "lint undecided, typecheck skipped, test undecided, image undecided, scan skipped, image-scan skipped"},
		{"one is there twice", []report.Stage{passed("lint"), passed("lint"), passed("test"), passed("image")}, "lint undecided, typecheck skipped, test passed, image passed, scan skipped, image-scan skipped"},
		{"nobody asked for one", []report.Stage{passed("lint"), passed("test"), passed("image"), passed("other")}, "lint passed, typecheck skipped, test passed, image passed, scan skipped, image-scan skipped, other passed"},
		{"one that is skipped ran", []report.Stage{passed("typecheck"), passed("lint"), passed("test"), passed("image")}, "lint passed, typecheck skipped, test passed, image passed, scan skipped, image-scan skipped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, stage := range Complete(python, test.stages, errors.New("the engine died")) {
				got = append(got, stage.Name+" "+string(stage.Status))
				if stage.Status == report.Undecided && stage.Summary == "" {
					t.Errorf("%s does not say why", stage.Name)
				}
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("%v, want %s", got, test.want)
			}
		})
	}
}

func TestAt(t *testing.T) {
	stage := red("a")
	stage.Tests = &finding.Tests{Suites: []finding.Suite{{Cases: []finding.Case{{Name: "x", Location: finding.Location{File: "t.py"}}, {Name: "y"}}}}}
	got := At(config.Component{Name: "risk", Path: "apps/risk"}, stage)
	if got.Name != "risk: lint" || got.Findings[0].Location.File != "apps/risk/a.py" || stage.Findings[0].Location.File != "a.py" {
		t.Errorf("%+v", got)
	}
	if cases := got.Tests.Suites[0].Cases; cases[0].Location.File != "apps/risk/t.py" || cases[1].Location.File != "" || stage.Tests.Suites[0].Cases[0].Location.File != "t.py" {
		t.Errorf("%+v", cases)
	}
}
