package python

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// The exit codes of pytest after which its reports tell what happened
// (https://docs.pytest.org/en/stable/reference/exit-codes.html).
const (
	allPassed   = 0
	someFailed  = 1
	interrupted = 2
	wrongUsage  = 4
	noneFound   = 5
)

// CoverageFile is the Cobertura XML of a test run.
const CoverageFile = "coverage.xml"

// Coverage reads the report that pytest-cov left in a folder. Nil means that there is none, as when no test could be
// collected.
func Coverage(reports fs.FS) (*finding.Coverage, error) {
	file, err := reports.Open(CoverageFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	coverage, err := finding.FromCobertura(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", CoverageFile, err)
	}
	return &coverage, nil
}

// Tested judges a run of pytest by its reports and its exit code. The code alone is red where all tests passed and
// something else was asked for, such as a coverage, or where a plug-in broke down.
func Tested(code int, tests finding.Tests, coverage *finding.Coverage) report.Stage {
	stage := report.FromTests("test", tests, coverage)
	if stage.Status != report.Passed || code == allPassed {
		return stage
	}
	stage.Status = report.Undecided
	if code == someFailed {
		stage.Status = report.Failed
	}
	stage.Summary += fmt.Sprintf(", and yet pytest ended with exit code %d", code)
	stage.Remedy = "read the end of its output: is less covered than the project asks for?"
	return stage
}

// Unstarted is a run of pytest that left no report.
func Unstarted(code int, err error) report.Stage {
	return report.Stage{
		Name: "test", Status: report.Undecided, Summary: fmt.Sprintf("pytest ended with exit code %d before any test: %v", code, err),
		Remedy: "read the end of its output: a conftest.py, its configuration or its options are wrong",
	}
}
