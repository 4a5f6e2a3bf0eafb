package gate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/gate/policy"
	"github.com/esteira/esteira/pipelines/predictions"
	"github.com/esteira/esteira/pipelines/report"
)

// The names of classes, slices and rows, and that of whoever approves, are data: none becomes markup.
func TestHostileNames(t *testing.T) {
	const hostile = "|<script>[x](http://x.example) @everyone `a\n# b"
	tally := predictions.Tally{
		Protocol: predictions.HoldOut, Classes: []string{hostile, "b"}, Rows: 200,
		Candidate: predictions.Score{Confusion: [][]int{{100, 0}, {0, 100}}},
		Champion:  &predictions.Score{Confusion: [][]int{{100, 0}, {0, 100}}},
		Paired:    predictions.Paired{BothRight: 199, Won: 1},
		Slices:    []predictions.SliceTally{{Slice: predictions.Slice{Column: hostile, Value: hostile}, N: 1}},
		Flips:     []predictions.Flip{{ID: hostile, Label: hostile, Candidate: hostile, Champion: hostile}},
	}
	p := usual
	p.Slices.NoHarm = append(p.Slices.NoHarm, policy.NoHarm{Column: hostile, Value: hostile})
	v, err := judgeTally(p, evidence{tally: tally, approvedBy: hostile})
	must(t, err)
	text := v.Markdown()
	for _, bad := range []string{"<script>", "[x](http", "@everyone", "\n# b"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in\n%s", bad, text)
		}
	}
	for line := range strings.Lines(text) {
		if cells := strings.Count(line, "|") - strings.Count(line, `\|`); strings.HasPrefix(line, "|") && cells != 8 && cells != 5 {
			t.Errorf("%d bars in %s", cells, line)
		}
	}
	// The report cleans and escapes what a stage says.
	if err := (report.Run{Title: "run", Stages: []report.Stage{v.Stage()}}).Markdown(&strings.Builder{}); err != nil {
		t.Error(err)
	}
}

// Each decision's stage is one that the report takes, and is red unless the model may be deployed or is deployed.
func TestStages(t *testing.T) {
	for _, test := range []struct {
		verdict Verdict
		want    report.Status
	}{
		{Verdict{Decision: Bless}, report.Passed},
		{Verdict{Decision: Unchanged}, report.Passed},
		{Verdict{Decision: RubberStamp, ApprovedBy: "somebody"}, report.Passed},
		{Verdict{Decision: RubberStamp}, report.Undecided},
		{Verdict{Decision: Inconclusive}, report.Undecided},
		{Verdict{Decision: Reject}, report.Failed},
		{Verdict{}, report.Undecided},
	} {
		if got := test.verdict.Stage().Status; got != test.want {
			t.Errorf("%s approved by %q: %s, want %s", test.verdict.Decision, test.verdict.ApprovedBy, got, test.want)
		}
	}
	candidate, champion := duel{bothRight: 800, bothWrong: 200}.samples()
	v, err := Judge(usual, candidate.open(t), champion.open(t))
	must(t, err)
	stage := v.Stage()
	if len(stage.Findings) != 1 || stage.Findings[0].Rule != "accuracy" || stage.Remedy == "" {
		t.Errorf("%+v", stage)
	}
	if _, err := json.Marshal(stage); err != nil {
		t.Error(err)
	}
}
