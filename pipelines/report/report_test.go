package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
)

func stages(statuses ...Status) Run {
	var run Run
	for _, status := range statuses {
		run.Stages = append(run.Stages, Stage{Name: "s", Status: status, Summary: "because"})
	}
	return run
}

func TestStatusIsTheWorst(t *testing.T) {
	tests := []struct {
		name string
		run  Run
		want Status
	}{
		{"nothing ran", Run{}, Undecided},
		{"passed", stages(Passed, Passed), Passed},
		{"one skipped", stages(Skipped, Passed), Passed},
		{"all skipped", stages(Skipped, Skipped), Skipped},
		{"one failed", stages(Passed, Failed, Undecided), Failed},
		{"one undecided", stages(Passed, Undecided, Skipped), Undecided},
		{"an unknown status", stages(Passed, "green"), Undecided},
		{"no status", stages(""), Undecided},
		{"skipped without a reason", Run{Stages: []Stage{{Name: "s", Status: Skipped}}}, Undecided},
		{"a stage without a name", Run{Stages: []Stage{{Status: Passed}}}, Undecided},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.run.Status(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if red := test.run.Err() != nil; red != test.want.Red() {
				t.Errorf("error %v with status %s", test.run.Err(), test.want)
			}
		})
	}
}

func TestErrSaysWhatIsRedAndWhatToDo(t *testing.T) {
	one := Run{Stages: []Stage{{Name: "java test", Status: Failed, Summary: "2 of 9 tests failed", Remedy: "mend them"}}}
	two := Run{Stages: append(one.Stages, Stage{Name: "scan", Status: Undecided, Summary: "no database\x1b[2J\nat all"}, Stage{Name: "build", Status: Passed})}
	tests := []struct {
		name string
		run  Run
		want string
	}{
		{"nothing ran", Run{}, "run undecided: nothing ran: the run has no stages → see why no stage was chosen"},
		{"one", one, "java test failed: 2 of 9 tests failed → mend them"},
		{"two", two, "2 of 3 stages are red:\njava test failed: 2 of 9 tests failed → mend them\nscan undecided: no database at all"},
		{"an unknown status", stages("green"), `report: stages[0] "s": status "green" is none of passed, failed, undecided, skipped`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.run.Err(); got == nil || got.Error() != test.want {
				t.Errorf("%v\nwant %s", got, test.want)
			}
		})
	}
}

// damaged are runs that no format shows as if they were sound.
var damaged = map[string]struct {
	stage Stage
	want  string
}{
	"an unknown status":        {Stage{Name: "s", Status: "green"}, `status "green"`},
	"no name":                  {Stage{Name: " ", Status: Passed}, "no name"},
	"skipped without a reason": {Stage{Name: "s", Status: Skipped, Summary: " "}, "without a reason"},
	"time below zero":          {Stage{Name: "s", Status: Passed, Duration: -1}, "less than nothing"},
	"an unknown severity":      {Stage{Name: "s", Status: Passed, Findings: []finding.Finding{{Tool: "t", Rule: "r", Severity: "grim", Message: "m"}}}, `severity "grim"`},
	"a finding of no tool":     {Stage{Name: "s", Status: Passed, Findings: []finding.Finding{{Severity: finding.Low, Message: "m"}}}, "no tool"},
	"a finding that is mute":   {Stage{Name: "s", Status: Passed, Findings: []finding.Finding{{Tool: "t", Severity: finding.Low}}}, "no message"},
	"a figure without a title": {Stage{Name: "s", Status: Passed, Figures: []Figure{{SVG: drawing, Alt: "a"}}}, "figures[0]: it has no title"},
	"a figure without words":   {Stage{Name: "s", Status: Passed, Figures: []Figure{{Title: "f", SVG: drawing, Alt: " "}}}, `"f" has no text alternative`},
	"a figure that is HTML":    {Stage{Name: "s", Status: Passed, Figures: []Figure{{Title: "f", SVG: "<html/>", Alt: "a"}}}, `it is no SVG: its root is "html"`},
	"a figure cut off":         {Stage{Name: "s", Status: Passed, Figures: []Figure{{Title: "f", SVG: drawing[:len(drawing)-3], Alt: "a"}}}, "its SVG is damaged"},
	"a figure with nothing":    {Stage{Name: "s", Status: Passed, Figures: []Figure{{Title: "f", Alt: "a"}}}, "it is no SVG"},
	"a test without a name":    {Stage{Name: "s", Status: Passed, Tests: &finding.Tests{Passed: 1, Suites: []finding.Suite{{Cases: []finding.Case{{Outcome: finding.Passed}}}}}}, "neither name nor class"},
	"counts that are wrong":    {Stage{Name: "s", Status: Failed, Tests: &finding.Tests{Failed: 1}}, "counts of tests"},
	"passed with failed tests": {Stage{Name: "s", Status: Passed, Tests: &finding.Tests{
		Failed: 1, Suites: []finding.Suite{{Cases: []finding.Case{{Name: "a", Outcome: finding.Failed}}}}}}, "1 of its tests did not"},
}

func TestRunThatTookLessThanNothing(t *testing.T) {
	run := green()
	run.Duration = -time.Second
	if err := run.Err(); err == nil || run.Status() != Undecided {
		t.Errorf("%s, error %v", run.Status(), err)
	}
}

func TestDamagedRunIsShownInNoFormat(t *testing.T) {
	writers := map[string]func(Run, io.Writer) error{
		"Markdown": Run.Markdown, "HTML": Run.HTML, "JSON": Run.JSON, "SARIF": Run.SARIF, "JUnit": Run.JUnit,
		"Text": func(r Run, w io.Writer) error { return r.Text(w, false) },
		"Annotations": func(r Run, _ io.Writer) error {
			text := r.Annotations()
			if !strings.HasPrefix(text, "::error::") {
				return nil
			}
			return errors.New(text)
		},
		"Summary": func(r Run, _ io.Writer) error {
			text := r.Summary()
			if !strings.HasPrefix(text, "## ⚠️") {
				return nil
			}
			return errors.New(strings.ReplaceAll(text, `\`, ""))
		},
		"Err": func(r Run, _ io.Writer) error { return r.Err() },
	}
	for name, test := range damaged {
		for format, write := range writers {
			t.Run(name+" in "+format, func(t *testing.T) {
				err := write(Run{Stages: []Stage{test.stage}}, io.Discard)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v does not say %q", err, test.want)
				}
			})
		}
	}
}

func TestJSONReadsBack(t *testing.T) {
	for name, run := range map[string]Run{"green": green(), "red": red(t), "hostile": hostileRun()} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := run.JSON(&out); err != nil {
				t.Fatal(err)
			}
			got, err := ReadJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, run) {
				t.Errorf("read back %+v\nwritten   %+v", got, run)
			}
		})
	}
}

func TestJSONThatIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":            {"", "EOF"},
		"cut off":          {`{"title": "a", "stages": [`, "EOF"},
		"an unknown field": {`{"stage": []}`, `unknown field "stage"`},
		"more after it":    {`{"stages": []} {}`, "follows the run"},
		"text after it":    {`{"stages": []} done`, "follows the run"},
		"unknown status":   {`{"stages": [{"name": "s", "status": "green"}]}`, `status "green"`},
		"another type":     {`{"stages": {}}`, "stages"},
		"HTML":             {`<html>`, "no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadJSON(strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v, error %v does not say %q", got, err, test.want)
			}
		})
	}
}

func TestFromTests(t *testing.T) {
	tests := func(outcomes ...finding.Outcome) finding.Tests {
		var all finding.Tests
		for _, outcome := range outcomes {
			all.Add(finding.Suite{Name: "s", Cases: []finding.Case{{Name: "a", Outcome: outcome, Duration: 7 * time.Second}}})
		}
		return all
	}
	coverage := &finding.Coverage{LinesCovered: 841, LinesMissed: 159}
	for _, test := range []struct {
		name     string
		tests    finding.Tests
		coverage *finding.Coverage
		status   Status
		summary  string
	}{
		{"all pass", tests(finding.Passed, finding.Passed, finding.Passed), coverage, Passed, "3 tests passed in 21 s, 84.1 % of lines covered"},
		{"one passes", tests(finding.Passed), nil, Passed, "1 test passed in 7 s"},
		{"one skipped", tests(finding.Passed, finding.Skipped), nil, Passed, "1 test passed in 14 s, 1 skipped"},
		{"one fails", tests(finding.Passed, finding.Failed), coverage, Failed, "1 of 2 tests failed in 14 s, 84.1 % of lines covered"},
		{"one breaks down", tests(finding.Errored, finding.Passed, finding.Skipped), nil, Failed, "1 of 2 tests failed in 21 s, 1 skipped"},
		{"no test", tests(), nil, Undecided, "no test ran"},
		{"no test, and coverage all the same", tests(), coverage, Undecided, "no test ran"},
		{"all skipped", tests(finding.Skipped, finding.Skipped), nil, Undecided, "all 2 tests were skipped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stage := FromTests("test", test.tests, test.coverage)
			if stage.Status != test.status || stage.Summary != test.summary {
				t.Errorf("%s: %s\nwant %s: %s", stage.Status, stage.Summary, test.status, test.summary)
			}
			if stage.Status.Red() && stage.Remedy == "" {
				t.Error("it says not what to do")
			}
			if err := (Run{Stages: []Stage{stage}}).Err(); (err != nil) != test.status.Red() {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                          "0 s",
		4 * time.Microsecond:       "0 s",
		4 * time.Millisecond:       "0.004 s",
		420 * time.Millisecond:     "0.42 s",
		1234 * time.Millisecond:    "1.2 s",
		9960 * time.Millisecond:    "10 s",
		21 * time.Second:           "21 s",
		59600 * time.Millisecond:   "1 min 0 s",
		92 * time.Second:           "1 min 32 s",
		3599900 * time.Millisecond: "1 h 0 min",
		125 * time.Minute:          "2 h 5 min",
	} {
		if got := Took(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestTimelineFollowsTheClockOrElseTheOrder(t *testing.T) {
	const s = time.Second
	for _, test := range []struct {
		name   string
		stages []Stage
		want   []string
	}{
		{"one after another", []Stage{{Duration: s}, {Duration: 3 * s}}, []string{"from 0 s to 1 s of the run", "from 1 s to 4 s of the run"}},
		{"side by side", []Stage{{Started: began, Duration: 4 * s}, {Started: began.Add(s), Duration: s}}, []string{"from 0 s to 4 s of the run", "from 1 s to 2 s of the run"}},
		{"the second began first", []Stage{{Started: began.Add(s), Duration: s}, {Started: began, Duration: s}}, []string{"from 1 s to 2 s of the run", "from 0 s to 1 s of the run"}},
		{"one without a start", []Stage{{Started: began, Duration: s}, {Duration: s}}, []string{"from 0 s to 1 s of the run", "from 1 s to 2 s of the run"}},
		{"no time at all", []Stage{{}}, []string{"from 0 s to 0 s of the run"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i, span := range (Run{Stages: test.stages}).timeline() {
				if span.String() != test.want[i] {
					t.Errorf("stage %d: %s, want %s", i, span, test.want[i])
				}
				if span.From < 0 || span.From+span.Share > 1.000001 {
					t.Errorf("stage %d: %v leaves the bar", i, span)
				}
			}
		})
	}
}

func TestRedStageWithoutFindingsShowsInEveryFormat(t *testing.T) {
	run := Run{Stages: []Stage{{Name: "scan", Status: Undecided, Summary: "no database"}}}
	var log, junit bytes.Buffer
	if err := run.SARIF(&log); err != nil {
		t.Fatal(err)
	}
	findings, err := finding.FromSARIF(&log)
	if err != nil || len(findings) != 1 || findings[0].Message != "scan undecided: no database" {
		t.Errorf("SARIF: %+v, error %v", findings, err)
	}
	if err := run.JUnit(&junit); err != nil {
		t.Fatal(err)
	}
	if tests, err := finding.FromJUnit(&junit); err != nil || tests.Errored != 1 {
		t.Errorf("JUnit: %+v, error %v", tests, err)
	}
	if got := run.Annotations(); got != "::error title=scan%3A scan::scan undecided: no database\n" {
		t.Errorf("annotations: %q", got)
	}
}

func TestJUnitCountsStagesAndTheirTests(t *testing.T) {
	var out bytes.Buffer
	if err := red(t).JUnit(&out); err != nil {
		t.Fatal(err)
	}
	tests, err := finding.FromJUnit(&out)
	if err != nil {
		t.Fatal(err)
	}
	if tests.Passed != 1+4 || tests.Failed != 2+1 || tests.Errored != 1+1 || tests.Skipped != 1+1 {
		t.Errorf("counts: passed %d, failed %d, errored %d, skipped %d", tests.Passed, tests.Failed, tests.Errored, tests.Skipped)
	}
}

func TestAnnotationsSayWhatGitHubWouldCut(t *testing.T) {
	stage := Stage{Name: "s", Status: Failed, Summary: "many"}
	for range 25 {
		stage.Findings = append(stage.Findings, finding.Finding{Tool: "t", Rule: "r", Severity: finding.High, Message: "m"})
	}
	lines := strings.Split(strings.TrimSpace(Run{Stages: []Stage{stage}}.Annotations()), "\n")
	if len(lines) != 10 || lines[9] != "::error::16 more findings: see the report" {
		t.Errorf("%d lines, the last one %q", len(lines), lines[len(lines)-1])
	}
	stage.Findings = stage.Findings[:10]
	lines = strings.Split(strings.TrimSpace(Run{Stages: []Stage{stage}}.Annotations()), "\n")
	if len(lines) != 10 || strings.Contains(lines[9], "more") {
		t.Errorf("ten fit: %q", lines[len(lines)-1])
	}
}

func TestSummaryFitsIntoWhatGitHubTakes(t *testing.T) {
	var run Run
	for range 400 {
		run.Stages = append(run.Stages, Stage{Name: "s", Status: Failed, Summary: "broken", Log: strings.Repeat("log\n", 2000)})
	}
	text := run.Summary()
	if len(text) > 1<<20 {
		t.Errorf("%d bytes", len(text))
	}
	if strings.Count(text, "| ❌ | s | broken |") != 400 || !strings.Contains(text, "_Too long for here, and in the HTML and JSON reports: logs._") {
		t.Errorf("it lost the stages, or that it lost anything: %.300s", text)
	}
}

func TestMarkdownSaysWhatItLeavesOut(t *testing.T) {
	stage := Stage{Name: "s", Status: Failed, Summary: "many"}
	for range 60 {
		stage.Findings = append(stage.Findings, finding.Finding{Tool: "t", Rule: "r", Severity: finding.Low, Message: "unique message"})
	}
	text := Run{Stages: []Stage{stage}}.Summary()
	if strings.Count(text, "unique message") != 50 || !strings.Contains(text, "… and 10 obstacles more") {
		t.Errorf("of 60 findings: %s", text)
	}
}

// However much a run has to say, it fits into a comment of GitHub's: what blocks stays, the rest is shortened, and that is said.
func TestMarkdownFitsIntoAComment(t *testing.T) {
	long := strings.Repeat("<&> ", 2000)
	var tests finding.Tests
	for range 40 {
		tests.Add(finding.Suite{Name: "s", Cases: []finding.Case{{Class: "T", Name: "fails", Outcome: finding.Failed, Message: long, Detail: long}}})
	}
	for name, edit := range map[string]func(*Run){
		"many stages":   func(r *Run) { r.Stages = slices.Repeat(r.Stages, 500) },
		"many findings": func(r *Run) { r.Stages[0].Findings = slices.Repeat(r.Stages[0].Findings, 200) },
		"long texts": func(r *Run) {
			r.Title, r.Stages[0].Name, r.Stages[0].Summary, r.Stages[0].Remedy = long, long, long, long
		},
		"many facts":      func(r *Run) { r.Stages[0].Facts = slices.Repeat([]Fact{{"digest", long}}, 500) },
		"many changes":    func(r *Run) { r.Stages[0].Changes = slices.Repeat([]Change{{long, []string{long}}}, 500) },
		"many red stages": func(r *Run) { r.Stages = slices.Repeat(r.Stages[:1], 500) },
		"failing tests":   func(r *Run) { r.Stages[0].Tests = &tests },
	} {
		t.Run(name, func(t *testing.T) {
			var files []finding.Finding
			for i := range 30 {
				files = append(files, finding.Finding{Tool: "t", Rule: "r", Severity: finding.High, Message: "wrong", Location: finding.Location{File: fmt.Sprintf("f%d.go", i), Line: 7}})
			}
			run := Run{Title: "huge", Stages: []Stage{
				{Name: "scan", Status: Failed, Summary: "found", Remedy: "mend it", Findings: files, Log: long},
				{Name: "other", Status: Passed, Summary: "fine"},
			}}
			edit(&run)
			var text strings.Builder
			if err := run.Markdown(&text); err != nil {
				t.Fatal(err)
			}
			said := text.String()
			if len(said) > 60_000 {
				t.Errorf("%d bytes", len(said))
			}
			if !strings.Contains(said, "**`f0.go`**\n\n- line 7: wrong") {
				t.Errorf("what blocks is lost: %.2000s", said)
			}
			if len(said) > 40_000 && !strings.Contains(said, "in the HTML and JSON reports") {
				t.Errorf("nobody is told that it was shortened: %s", said[len(said)-500:])
			}
		})
	}
}

// What is red and does not block is seen as such in every format.
func TestAdvisoryIsSeenInEveryFormat(t *testing.T) {
	stage := Stage{Name: "lint", Status: Failed, Summary: "1 finding", Advisory: "it only reports", Remedy: "mend it", Findings: []finding.Finding{
		{Tool: "ruff", Rule: "E1", Severity: finding.High, Message: "too long", Location: finding.Location{File: "a.py", Line: 3}},
	}}
	run := Run{Title: "x", Stages: []Stage{stage, {Name: "test", Status: Passed}}}
	if run.Status() != Passed || run.Err() != nil {
		t.Errorf("%s, %v", run.Status(), run.Err())
	}
	for format, write := range map[string]func(Run, io.Writer) error{
		"markdown": Run.Markdown, "html": Run.HTML, "json": Run.JSON, "junit": Run.JUnit,
		"text": func(r Run, w io.Writer) error { return r.Text(w, false) },
	} {
		var text strings.Builder
		if err := write(run, &text); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), "it only reports") || strings.Contains(text.String(), "What blocks") {
			t.Errorf("%s: %s", format, text.String())
		}
	}
	if said := run.Annotations(); !strings.HasPrefix(said, "::notice") || strings.Contains(said, "::error") {
		t.Errorf("%s", said)
	}
	run.Stages[0].Status = Passed
	if run.Err() == nil {
		t.Error("what is green has a reason not to block")
	}
}

func TestWhatBlocksIsGroupedByFile(t *testing.T) {
	f := func(file, message string, severity finding.Severity) finding.Finding {
		return finding.Finding{Tool: "t", Rule: "r", Severity: severity, Message: message, Location: finding.Location{File: file, Line: 1}}
	}
	known := f("a", "old", finding.High)
	known.Known = true
	run := Run{Stages: []Stage{
		{Name: "one", Status: Failed, Remedy: "mend one", Findings: []finding.Finding{f("b", "b1", finding.Low), f("a", "a1", finding.Medium), f("b", "b2", finding.High), f("a", "a note", finding.Info), known}},
		{Name: "two", Status: Failed, Remedy: "mend two", Findings: []finding.Finding{f("b", "b3", finding.Critical)}},
		{Name: "three", Status: Undecided, Summary: "it crashed", Remedy: "look"},
		{Name: "four", Status: Failed, Advisory: "it only reports", Findings: []finding.Finding{f("c", "c1", finding.High)}},
	}}
	var got []string
	for _, file := range run.obstacles() {
		for _, o := range file.Said {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", file.File, o.Message, o.Remedy)))
		}
	}
	want := []string{"a a1 mend one", "b b3 mend two", "b b2", "b b1 mend one", "it crashed look"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
