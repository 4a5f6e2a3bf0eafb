package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/joshdk/go-junit"

	"github.com/esteira/esteira/pipelines/report"
)

// A red result is red at the command line when it is checked, and never when it is only reported.
func TestRedIsRed(t *testing.T) {
	t.Parallel()
	stage := func(more ...string) []string {
		return append([]string{"java", "--source=" + project(t, "failing-test"), "test"}, more...)
	}
	call(t, stage("check")...).fails(t, "test failed")
	if status := call(t, stage("status")...).passes(t); status != string(report.Failed) {
		t.Errorf("its status is %q", status)
	}
	const reason = "expected: <43> but was: <42>"
	for _, form := range [][]string{{"text"}, {"markdown"}, {"annotations"}, {"summary"}, {"html", "contents"}, {"sarif", "contents"}, {"junit", "contents"}} {
		text := call(t, stage(form...)...).passes(t)
		if plain := strings.NewReplacer("&lt;", "<", "&gt;", ">", `\u003c`, "<", `\u003e`, ">", "&#34;", `"`, `\`, "").Replace(text); !strings.Contains(plain, reason) {
			t.Errorf("%v does not say %q:\n%s", form, reason, text)
		}
	}
}

// The files of a red result are there: every form of the report, JUnit XML and coverage.
func TestRedFiles(t *testing.T) {
	t.Parallel()
	source, out := project(t, "failing-test"), t.TempDir()
	call(t, "java", "--source="+source, "test", "reports", "export", "--path="+out).passes(t)
	for _, name := range []string{"report.html", "report.md", "report.json", "report.sarif", "report.xml"} {
		if text := read(t, filepath.Join(out, name)); !strings.Contains(text, "doubles") {
			t.Errorf("%s does not name the failing test", name)
		}
	}
	suites, err := junit.IngestFile(filepath.Join(out, "report.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(suites, func(s junit.Suite) bool {
		return strings.HasSuffix(s.Name, "demo.AppTest") && s.Totals.Failed == 1 && s.Totals.Passed == 1
	}) {
		t.Errorf("report.xml has no suite demo.AppTest with one test passed and one failed: %+v", suites)
	}
	var sarif struct {
		Version string
		Runs    []struct{ Results []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(out, "report.sarif"))), &sarif); err != nil || sarif.Version != "2.1.0" || len(sarif.Runs) == 0 {
		t.Errorf("SARIF: %v, %+v", err, sarif)
	}

	call(t, "java", "--source="+source, "test", "files", "export", "--path="+out).passes(t)
	for _, pattern := range []string{"junit/**/TEST-demo.AppTest.xml", "coverage/**/jacoco.xml"} {
		if !has(t, out, pattern) {
			t.Errorf("no %s among the files of a red result", pattern)
		}
	}
}

// A green result has its tests and their coverage.
func TestGreen(t *testing.T) {
	t.Parallel()
	run := reportOf(t, "java", "--source="+project(t), "test")
	tests, coverage := run.Stages[0].Tests, run.Stages[0].Coverage
	if run.Status() != report.Passed || tests == nil || tests.Passed != 2 || tests.Failed != 0 {
		t.Errorf("%s: %+v", run.Status(), tests)
	}
	if coverage == nil || coverage.LinesCovered != 2 || coverage.LinesMissed < 5 {
		t.Errorf("coverage is %+v, want the two lines that the tests run", coverage)
	}
	if last := lastLine(call(t, "java", "--source="+project(t), "test", "check").passes(t)); last != "passed" {
		t.Errorf("the last line of a green check is %q", last)
	}
}

// One test can be run alone.
func TestOnly(t *testing.T) {
	t.Parallel()
	run := reportOf(t, "java", "--source="+project(t), "test", "--only=AppTest#doubles")
	if tests := run.Stages[0].Tests; tests == nil || tests.Passed != 1 || tests.Failed+tests.Skipped != 0 {
		t.Errorf("%+v", tests)
	}
	call(t, "java", "--source="+project(t), "test", "--only=AppTest#triples", "check").fails(t, "test undecided", "no test ran")
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// has says whether a file lies below dir whose path begins and ends as the two halves of a pattern around ** do.
func has(t *testing.T, dir, pattern string) bool {
	t.Helper()
	before, after, _ := strings.Cut(pattern, "**")
	found := false
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			path = filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator)))
			found = found || strings.HasPrefix(path, before) && strings.HasSuffix(path, after)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
