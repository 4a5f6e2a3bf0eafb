package gate

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/esteira/esteira/pipelines/gate/policy"
	"github.com/esteira/esteira/pipelines/predictions"
)

// Whatever was counted, the verdict follows from the metrics' outcomes, and no figure is one that cannot be.
func FuzzJudge(f *testing.F) {
	f.Add(uint16(140), uint16(2), uint16(1), uint16(7), uint8(3), 0.9, 0.05, true)
	f.Add(uint16(1), uint16(0), uint16(0), uint16(0), uint8(0), 0.5, 0.5, false)
	f.Add(uint16(0), uint16(0), uint16(0), uint16(1), uint8(255), 0.999999, 1e-9, true)
	f.Fuzz(func(t *testing.T, bothRight, won, lost, bothWrong uint16, split uint8, accuracy, margin float64, outOfFold bool) {
		p := Policy{Accuracy: accuracy, Margin: margin}
		p.Slices.NoHarm = []policy.NoHarm{{Column: "size", Value: "small"}}
		tally := tallyOf(predictions.Paired{BothRight: int(bothRight), Won: int(won), Lost: int(lost), BothWrong: int(bothWrong)}, int(split))
		if outOfFold {
			tally.Protocol = predictions.OutOfFold
		}
		if p.Check() != nil || tally.Rows == 0 {
			return
		}
		v, err := judgeTally(p, evidence{tally: tally})
		if err != nil {
			t.Fatal(err)
		}
		checkVerdict(t, v)
	})
}

// tallyOf is a tally of two classes; every split-th right and wrong row is of the second.
func tallyOf(paired predictions.Paired, split int) predictions.Tally {
	right, wrong := paired.BothRight+paired.Won, paired.Lost+paired.BothWrong
	rightOfB, wrongOfB := right/(split+1), wrong/(split+1)
	all := right + wrong
	score := predictions.Score{Confusion: [][]int{{right - rightOfB, wrong - wrongOfB}, {wrongOfB, rightOfB}}}
	return predictions.Tally{
		Protocol: predictions.HoldOut, Classes: []string{"a", "b"}, Rows: all, Candidate: score, Champion: &score, Paired: paired,
		Slices: []predictions.SliceTally{{Slice: predictions.Slice{Column: "size", Value: "small"}, N: all, Paired: paired}},
	}
}

func checkVerdict(t *testing.T, v Verdict) {
	t.Helper()
	for _, m := range v.Metrics {
		if m.Interval != nil && !(m.Interval.Lower <= m.Interval.Upper && m.Interval.Lower >= -1 && m.Interval.Upper <= 1) {
			t.Errorf("%s: %+v", m, *m.Interval)
		}
		if (m.Outcome == Reported) != (m.Threshold == nil) {
			t.Errorf("%s is %s", m, m.Outcome)
		}
	}
	outcome := func(o Outcome) bool {
		return slices.ContainsFunc(v.Metrics, func(m Metric) bool { return m.Outcome == o })
	}
	want := Bless
	if outcome(Undecided) {
		want = Inconclusive
	}
	if outcome(Fail) {
		want = Reject
	}
	if v.Decision != want || v.Sentence == "" || len(v.Reasons) == 0 || v.Stage().Status.Red() == v.Blessed() {
		t.Errorf("%s, want %s: %s %v", v.Decision, want, v.Sentence, v.Reasons)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err) // such as NaN
	}
}
