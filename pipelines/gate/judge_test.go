package gate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/config/section"
	"github.com/esteira/esteira/pipelines/gate/policy"
	"github.com/esteira/esteira/pipelines/predictions"
	"github.com/esteira/esteira/pipelines/report"
)

var usual = Policy{Accuracy: 0.9, Margin: 0.05}

func TestJudge(t *testing.T) {
	strict := usual
	strict.Interval = policy.ClopperPearson
	for _, test := range []struct {
		name   string
		policy Policy
		duel   duel
		want   Decision
		says   []string // in the sentence or the reasons
	}{
		{"as good as the champion", usual, duel{bothRight: 1900, won: 10, lost: 10, bothWrong: 80}, Bless,
			[]string{"good enough", "95.5 % of 2000 rows", "not noticeably worse"}},
		{"much better than the champion", usual, duel{bothRight: 1000, won: 900, bothWrong: 100}, Bless, nil},
		{"not right often enough", usual, duel{bothRight: 800, bothWrong: 200}, Reject,
			[]string{"not good enough: its accuracy is 80.0 %, and at least 90.0 % is asked for"}},
		{"too few rows, all right", usual, duel{bothRight: 30}, Inconclusive,
			[]string{"30 rows could not show its accuracy even if all were right: it takes at least 35; one more requirement is undecided too", "at this rate 35 rows decide"}},
		{"enough rows, all right", usual, duel{bothRight: 73}, Bless, nil},
		{"a margin that takes more rows", usual, duel{bothRight: 40}, Inconclusive, []string{"40 rows could not show that it is not worse than the model in production even if both predicted the same: it takes at least 73"}},
		{"a rate on the wrong side", usual, duel{bothRight: 88, bothWrong: 12}, Inconclusive, []string{"looks bad", "more rows would reject it"}},
		{"not enough rows for the rates", usual, duel{bothRight: 180, won: 5, lost: 10, bothWrong: 5}, Inconclusive,
			[]string{"200 rows are too few to be sure of its accuracy; about", "difference from the champion: -2.5 points"}},
		{"exactly at the threshold", usual, duel{bothRight: 90, bothWrong: 10}, Inconclusive, []string{"no number of rows decides"}},
		{"iris, out of fold", usual, duel{bothRight: 145, bothWrong: 5, protocol: predictions.OutOfFold}, Bless, nil},
		{"far worse than the champion", usual, duel{bothRight: 1860, won: 0, lost: 140}, Reject, []string{"noticeably worse than the model in production"}},
		{"McNemar's test says worse", usual, duel{bothRight: 194, lost: 6}, Reject, []string{"McNemar's exact test says worse: 0 won, 6 lost, p = 0.016"}},
		{"five lost rows say nothing", usual, duel{bothRight: 145, lost: 5}, Inconclusive, []string{"difference from the champion: -3.3 points"}},
		{"McNemar's test does not decide out of fold", usual, duel{bothRight: 194, lost: 6, protocol: predictions.OutOfFold}, Inconclusive, nil},
		{"Wilson's interval", usual, duel{bothRight: 204, bothWrong: 13}, Bless, nil},
		{"Clopper and Pearson's, on the same rows", strict, duel{bothRight: 204, bothWrong: 13}, Inconclusive, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			candidate, champion := test.duel.samples()
			v, err := Judge(test.policy, candidate.open(t), champion.open(t))
			must(t, err)
			text := v.Markdown()
			if v.Decision != test.want {
				t.Errorf("the decision is %s, want %s\n%s", v.Decision, test.want, text)
			}
			if v.Approximate != (test.duel.protocol == predictions.OutOfFold) || v.Approximate != strings.Contains(text, "Approximate") {
				t.Errorf("approximate is %v", v.Approximate)
			}
			said := v.Sentence + "\n" + strings.Join(v.Reasons, "\n")
			for _, want := range test.says {
				if !strings.Contains(said, want) {
					t.Errorf("does not say %q:\n%s", want, said)
				}
			}
		})
	}
}

func TestUnchanged(t *testing.T) {
	candidate, champion := duel{bothRight: 10, bothWrong: 90}.samples()
	champion.model = candidate.model
	v, err := Judge(usual, candidate.open(t), champion.open(t))
	must(t, err)
	if v.Decision != Unchanged || v.Stage().Status != report.Passed || v.Blessed() {
		t.Errorf("%+v", v)
	}
	// Nor does anybody have to judge the champion if the candidate is what production has.
	v, err = Case{Policy: usual, Candidate: candidate.open(t), Production: digestOf("candidate")}.Judge()
	must(t, err)
	if v.Decision != Unchanged {
		t.Errorf("%+v", v)
	}
}

func TestWithoutChampion(t *testing.T) {
	allowed := usual
	allowed.RubberStamp = true
	good, _ := duel{bothRight: 190, bothWrong: 5}.samples()
	bad, _ := duel{bothRight: 100, bothWrong: 100}.samples()
	for _, test := range []struct {
		name       string
		policy     Policy
		candidate  sample
		approvedBy string
		want       Decision
		status     report.Status
	}{
		{"not allowed", usual, good, "somebody", Inconclusive, report.Undecided},
		{"allowed and not approved", allowed, good, "", RubberStamp, report.Undecided},
		{"allowed and approved", allowed, good, "somebody", RubberStamp, report.Passed},
		{"approved and not good", allowed, bad, "somebody", Reject, report.Failed},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := Case{Policy: test.policy, Candidate: test.candidate.open(t), ApprovedBy: test.approvedBy}.Judge()
			must(t, err)
			stage := v.Stage()
			if v.Decision != test.want || stage.Status != test.status || v.Blessed() != (test.status == report.Passed) {
				t.Errorf("%s, %s, blessed %v: %s", v.Decision, stage.Status, v.Blessed(), v.Sentence)
			}
			if stage.Status.Red() != (stage.Remedy != "") {
				t.Errorf("status %s has the remedy %q", stage.Status, stage.Remedy)
			}
		})
	}
}

func TestAnchor(t *testing.T) {
	anchored := usual
	anchored.Anchor = &policy.Anchor{SHA256: digestOf("anchor"), Margin: 0.05}
	candidate, champion := duel{bothRight: 1880, lost: 20, bothWrong: 100}.samples()
	anchor := champion
	anchor.model, anchor.rows = "anchor", slices.Clone(champion.rows)
	for i := range anchor.rows {
		anchor.rows[i].prediction = anchor.rows[i].label
	}
	v, err := Judge(usual, candidate.open(t), champion.open(t))
	must(t, err)
	if m := metric(t, v, Difference, Champion, ""); m.Outcome != Pass || v.Decision != Bless {
		t.Fatalf("without the anchor: %s, %s", v.Decision, m)
	}
	v, err = Case{Policy: anchored, Candidate: candidate.open(t), Champion: champion.open(t), Anchor: anchor.open(t)}.Judge()
	must(t, err)
	if m := metric(t, v, Difference, Anchor, ""); m.Outcome != Fail || v.Decision != Reject || !strings.Contains(v.Sentence, "worse than the anchor") {
		t.Errorf("%s: %s", v.Sentence, m)
	}
	if len(v.Comparisons) != 2 || v.Comparisons[1].Lost != 120 {
		t.Errorf("comparisons: %+v", v.Comparisons)
	}
}

func TestWear(t *testing.T) {
	candidate, champion := duel{bothRight: 1900, bothWrong: 100}.samples()
	for judged, want := range map[int]Decision{0: Bless, 19: Bless, 20: Inconclusive, 1000: Inconclusive} {
		v, err := Case{Policy: usual, Candidate: candidate.open(t), Champion: champion.open(t), Judged: judged}.Judge()
		must(t, err)
		if v.Decision != want || (want == Inconclusive) != strings.Contains(v.Sentence, "judge on fresh rows") {
			t.Errorf("after %d judgements: %s, %s", judged, v.Decision, v.Sentence)
		}
	}
}

func TestSlices(t *testing.T) {
	proof := func(accuracy, margin float64, minimum int) Policy {
		p := usual
		p.Slices.Proof = []policy.Proof{{Column: "size", Value: "small", Accuracy: accuracy, Margin: margin, MinimumRows: minimum}}
		return p
	}
	noHarm := usual
	noHarm.Slices.NoHarm = []policy.NoHarm{{Column: "size", Value: "small"}, {Column: "size", Value: "large"}}
	good := duel{bothRight: 1900, won: 10, lost: 10, bothWrong: 80, small: 80} // small: 90 of 180 right
	harm := duel{bothRight: 1900, won: 20, lost: 15, bothWrong: 80, small: 15} // small: 15 won, 15 lost
	lost := duel{bothRight: 1900, won: 0, lost: 15, bothWrong: 80, small: 15}  // small: 15 lost of 45
	few := duel{bothRight: 1900, won: 5, lost: 7, bothWrong: 80, small: 7}     // small: 26 rows
	for _, test := range []struct {
		name   string
		policy Policy
		duel   duel
		metric Name
		want   Outcome
	}{
		{"proved", proof(0.4, 0, 0), good, Accuracy, Pass},
		{"disproved", proof(0.9, 0, 0), good, Accuracy, Fail},
		{"disproved by the policy's accuracy", proof(0, 0, 0), good, Accuracy, Fail},
		{"too close", proof(0.5, 0, 0), good, Accuracy, Undecided},
		{"proved, with too few rows", proof(0.1, 0, 181), good, Accuracy, Undecided},
		{"proved, with just enough", proof(0.1, 0, 180), good, Accuracy, Pass},
		{"not worse", proof(0.1, 0.2, 0), good, Difference, Pass},
		{"perhaps worse", proof(0.1, 0.01, 0), good, Difference, Undecided},
		{"no harm", noHarm, harm, Harm, Pass},
		{"harm", noHarm, lost, Harm, Fail},
		{"harm, out of fold", noHarm, duel{bothRight: 1900, lost: 15, bothWrong: 80, small: 15, protocol: predictions.OutOfFold}, Harm, Fail},
		{"no harm seen, on too few rows", noHarm, few, Harm, Undecided},
	} {
		t.Run(test.name, func(t *testing.T) {
			candidate, champion := test.duel.samples()
			v, err := Judge(test.policy, candidate.open(t), champion.open(t))
			must(t, err)
			against := Champion
			if test.metric == Accuracy {
				against = ""
			}
			m := metric(t, v, test.metric, against, "small")
			if m.Outcome != test.want {
				t.Errorf("%s", m)
			}
			want := map[Outcome]Decision{Pass: Bless, Fail: Reject, Undecided: Inconclusive}[test.want]
			if v.Decision != want {
				t.Errorf("the decision is %s, want %s\n%s", v.Decision, want, v.Markdown())
			}
		})
	}
}

// One slice's p of 0.0156 is harm by itself, and not among two.
func TestHolmAmongSlices(t *testing.T) {
	one, two := usual, usual
	one.Slices.NoHarm = []policy.NoHarm{{Column: "size", Value: "small", MinimumRows: 1}}
	two.Slices.NoHarm = append(one.Slices.NoHarm, policy.NoHarm{Column: "size", Value: "large"})
	candidate, champion := duel{bothRight: 1900, won: 0, lost: 6, bothWrong: 80, small: 6}.samples()
	for want, p := range map[Outcome]Policy{Fail: one, Pass: two} {
		v, err := Judge(p, candidate.open(t), champion.open(t))
		must(t, err)
		if m := metric(t, v, Harm, Champion, "small"); m.Outcome != want {
			t.Errorf("of %d slices: %s", len(p.Slices.NoHarm), m)
		}
	}
}

func TestMetricThresholds(t *testing.T) {
	with := func(m policy.Metrics) Policy {
		p := usual
		p.Metrics = m
		return p
	}
	candidate, champion := duel{bothRight: 1900, bothWrong: 100}.samples()
	for _, test := range []struct {
		name    string
		metrics policy.Metrics
		want    Decision
	}{
		{"recall that is there", policy.Metrics{Recall: map[string]float64{"a": 0.9}}, Bless},
		{"recall that is not", policy.Metrics{Recall: map[string]float64{"b": 0.99}}, Reject},
		{"precision that is there", policy.Metrics{Precision: map[string]float64{"a": 0.9}}, Bless},
		{"precision that nobody can tell", policy.Metrics{Precision: map[string]float64{"c": 0.95}}, Inconclusive},
		{"macro F1 that is there", policy.Metrics{MacroF1: 0.92}, Bless},
		{"macro F1 that is not", policy.Metrics{MacroF1: 0.98}, Reject},
		{"balanced accuracy that is there", policy.Metrics{BalancedAccuracy: 0.92}, Bless},
		{"balanced accuracy that nobody can tell", policy.Metrics{BalancedAccuracy: 0.95}, Inconclusive},
		{"log loss that is there", policy.Metrics{LogLoss: 0.4}, Bless},
		{"log loss that is not", policy.Metrics{LogLoss: 0.1}, Reject},
		{"Brier score that is there", policy.Metrics{Brier: 0.2}, Bless},
		{"Brier score that is not", policy.Metrics{Brier: 0.01}, Reject},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := Judge(with(test.metrics), candidate.open(t), champion.open(t))
			must(t, err)
			if v.Decision != test.want {
				t.Errorf("the decision is %s\n%s", v.Decision, v.Markdown())
			}
		})
	}
}

// What cannot be judged is an error, and no verdict.
func TestRefusals(t *testing.T) {
	candidate, champion := duel{bothRight: 100, bothWrong: 5}.samples()
	other := champion
	other.protocol = predictions.OutOfFold
	shorter := champion
	shorter.rows = champion.rows[:50]
	anchored, empty, unknown, impossible := usual, usual, usual, usual
	anchored.Anchor = &policy.Anchor{SHA256: digestOf("anchor"), Margin: 0.05}
	empty.Slices.Proof = []policy.Proof{{Column: "size", Value: "huge"}}
	unknown.Metrics.Recall = map[string]float64{"dog": 0.5}
	impossible.Margin = 0
	for _, test := range []struct {
		name string
		Case
		says []string
	}{
		{"no candidate", Case{Policy: usual}, []string{"no candidate"}},
		{"an impossible margin", Case{Policy: impossible, Candidate: candidate.open(t)}, []string{"policy: margin: 0", "between 0 and 1"}},
		{"a class that nobody knows", Case{Policy: unknown, Candidate: candidate.open(t)}, []string{"metrics.recall.dog", `["a" "b" "c"]`}},
		{"an empty slice", Case{Policy: empty, Candidate: candidate.open(t)}, []string{"size", "huge"}},
		{"another protocol", Case{Policy: usual, Candidate: candidate.open(t), Champion: other.open(t)}, []string{"protocol", "hold-out", "out-of-fold"}},
		{"other rows", Case{Policy: usual, Candidate: candidate.open(t), Champion: shorter.open(t)}, []string{"rows", "105", "50"}},
		{"no predictions of the champion", Case{Policy: usual, Candidate: candidate.open(t), Production: digestOf("champion")}, []string{digestOf("champion"), "no predictions of it"}},
		{"predictions of another champion", Case{Policy: usual, Candidate: candidate.open(t), Champion: champion.open(t), Production: digestOf("older")}, []string{digestOf("champion"), digestOf("older")}},
		{"no predictions of the anchor", Case{Policy: anchored, Candidate: candidate.open(t), Champion: champion.open(t)}, []string{"anchor", digestOf("anchor")}},
		{"predictions of another anchor", Case{Policy: anchored, Candidate: candidate.open(t), Anchor: champion.open(t)}, []string{digestOf("champion"), digestOf("anchor")}},
		{"an anchor that nobody named", Case{Policy: usual, Candidate: candidate.open(t), Anchor: champion.open(t)}, []string{"the policy names none"}},
		{"fewer than no judgements", Case{Policy: usual, Candidate: candidate.open(t), Judged: -1}, []string{"-1 earlier judgements"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := test.Judge()
			if err == nil {
				t.Fatalf("was judged: %s", v.Sentence)
			}
			for _, want := range test.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\ndoes not say %q", err, want)
				}
			}
		})
	}
	var field *section.FieldError
	if _, err := Judge(unknown, candidate.open(t), nil); !errors.As(err, &field) || field.Field != "metrics.recall.dog" {
		t.Errorf("%v is no FieldError", err)
	}
}

// A threshold for probabilities cannot be met where there are none.
func TestNoProbabilities(t *testing.T) {
	p := usual
	p.Metrics.LogLoss = 0.5
	confusion := [][]int{{50, 0}, {0, 50}}
	tally := predictions.Tally{Protocol: predictions.HoldOut, Classes: []string{"a", "b"}, Rows: 100, Candidate: predictions.Score{Confusion: confusion}}
	if _, err := judgeTally(p, evidence{tally: tally}); err == nil || !strings.Contains(err.Error(), "no probabilities") {
		t.Errorf("%v", err)
	}
}
