package report

import (
	"fmt"

	"github.com/esteira/esteira/pipelines/finding"
)

// FromTests judges a test run: red when a test failed or broke down, and undecided,
// which is red too, when none ran or all were skipped. Coverage may be nil. The
// stage's duration is the sum of the tests' until the caller knows better.
func FromTests(name string, tests finding.Tests, coverage *finding.Coverage) Stage {
	stage := Stage{Name: name, Status: Passed, Duration: tests.Duration, Tests: &tests, Coverage: coverage}
	took := Took(tests.Duration)
	ran := tests.Total() - tests.Skipped
	switch {
	case tests.Total() == 0:
		stage.Status = Undecided
		stage.Summary = "no test ran"
		stage.Remedy = "add a test, or see in the log why the runner found none"
	case ran == 0:
		stage.Status = Undecided
		stage.Summary = fmt.Sprintf("all %s were skipped", count(tests.Total(), "test"))
		stage.Remedy = "let at least one test run"
	case tests.Red():
		stage.Status = Failed
		stage.Summary = fmt.Sprintf("%d of %s failed in %s", tests.Failed+tests.Errored, count(ran, "test"), took)
		stage.Remedy = "mend what the failing tests name, or the tests"
	default:
		stage.Summary = fmt.Sprintf("%s passed in %s", count(ran, "test"), took)
	}
	if ran > 0 && tests.Skipped > 0 {
		stage.Summary += fmt.Sprintf(", %d skipped", tests.Skipped)
	}
	if ran > 0 && coverage != nil {
		stage.Summary += fmt.Sprintf(", %.1f %% of lines covered", coverage.Lines())
	}
	return stage
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
