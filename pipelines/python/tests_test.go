package python

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

func TestTested(t *testing.T) {
	ran := func(outcomes ...finding.Outcome) finding.Tests {
		var tests finding.Tests
		for _, outcome := range outcomes {
			tests.Add(finding.Suite{Name: "pytest", Cases: []finding.Case{{Name: "test", Outcome: outcome}}})
		}
		return tests
	}
	for _, test := range []struct {
		name   string
		code   int
		tests  finding.Tests
		status report.Status
		says   string
	}{
		{"all passed", allPassed, ran(finding.Passed), report.Passed, "1 test passed"},
		{"one failed", someFailed, ran(finding.Passed, finding.Failed), report.Failed, "1 of 2 tests failed"},
		{"a test file that cannot be imported", interrupted, ran(finding.Errored), report.Failed, "1 of 1 test failed"},
		{"none found", noneFound, ran(), report.Undecided, "no test ran"},
		{"none of that name", wrongUsage, ran(), report.Undecided, "no test ran"},
		{"all skipped", allPassed, ran(finding.Skipped), report.Undecided, "skipped"},
		{"too little covered", someFailed, ran(finding.Passed), report.Failed, "exit code 1"},
		{"interrupted after a test", interrupted, ran(finding.Passed), report.Undecided, "exit code 2"},
	} {
		got := Tested(test.code, test.tests, nil)
		if got.Status != test.status || !strings.Contains(got.Summary, test.says) || got.Status.Red() != (got.Remedy != "") {
			t.Errorf("%s: got %s, %q → %q", test.name, got.Status, got.Summary, got.Remedy)
		}
	}
	if got := Unstarted(wrongUsage, errors.New("no JUnit XML")); got.Status != report.Undecided || !strings.Contains(got.Summary, "exit code 4") {
		t.Errorf("%+v", got)
	}
}

func TestCoverage(t *testing.T) {
	if got, err := Coverage(fstest.MapFS{}); got != nil || err != nil {
		t.Errorf("no report: %+v, %v", got, err)
	}
	report := `<coverage lines-valid="10" lines-covered="8" branches-valid="4" branches-covered="1"/>`
	got, err := Coverage(fstest.MapFS{CoverageFile: {Data: []byte(report)}})
	if want := (finding.Coverage{LinesCovered: 8, LinesMissed: 2, BranchesCovered: 1, BranchesMissed: 3}); err != nil || *got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Coverage(fstest.MapFS{CoverageFile: {Data: []byte("<html/>")}}); err == nil || !strings.Contains(err.Error(), CoverageFile) {
		t.Errorf("%v names no file", err)
	}
}
