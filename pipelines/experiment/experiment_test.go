package experiment

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

func counts(share float64, champion, challenger Variant) Counts {
	return Counts{Experiment: "iris 7 against 8", Share: share, Variants: map[string]Variant{Champion: champion, Challenger: challenger}}
}

func TestJudge(t *testing.T) {
	effect := DefaultPolicy()
	effect.MinimalEffect = 0.3
	short := DefaultPolicy()
	short.Horizon = 2000
	cases := []struct {
		name    string
		policy  Policy
		counts  Counts
		outcome Outcome
		ended   bool
		status  report.Status
		says    string
	}{
		{"half the errors", DefaultPolicy(), counts(0.5, Variant{5000, 4000, 3600}, Variant{5000, 4000, 3800}), Better, false, report.Passed, "the challenger is better"},
		{"twice the errors", DefaultPolicy(), counts(0.5, Variant{5000, 4000, 3800}, Variant{5000, 4000, 3600}), Worse, false, report.Failed, "the challenger is worse"},
		{"a small share", DefaultPolicy(), counts(0.1, Variant{9000, 9000, 8100}, Variant{1000, 1000, 970}), Better, false, report.Passed, "the challenger is better"},
		{"nothing yet", DefaultPolicy(), counts(0.5, Variant{}, Variant{}), Undecided, false, report.Undecided, "no decision yet after 0 trials with 0 errors"},
		{"no feedback yet", DefaultPolicy(), counts(0.5, Variant{510, 0, 0}, Variant{490, 0, 0}), Undecided, false, report.Undecided, "no decision yet"},
		{"the champion has no error", DefaultPolicy(), counts(0.5, Variant{100, 100, 100}, Variant{100, 100, 95}), Undecided, false, report.Undecided, "no upper limit yet"},
		{"equal", DefaultPolicy(), counts(0.5, Variant{1000, 800, 720}, Variant{1000, 800, 721}), Undecided, false, report.Undecided, "after 1600 trials with 159 errors"},
		{"better, not by as much", effect, counts(0.5, Variant{5000, 4000, 3600}, Variant{5000, 4000, 3720}), Undecided, false, report.Undecided, "no decision yet"},
		{"better by as much", effect, counts(0.5, Variant{5000, 4000, 3600}, Variant{5000, 4000, 3800}), Better, false, report.Passed, "the challenger is better"},
		{"the effect is excluded", effect, counts(0.5, Variant{50000, 40000, 36000}, Variant{50000, 40000, 36000}), Undecided, true, report.Undecided, "not better by the minimal effect of 0.3"},
		{"the horizon", short, counts(0.5, Variant{1000, 1000, 900}, Variant{1000, 1000, 900}), Undecided, true, report.Undecided, "no decision within the horizon of 2000 trials"},
		{"assignments do not fit", DefaultPolicy(), counts(0.5, Variant{821588, 4000, 3600}, Variant{815482, 4000, 3800}), Mismatch, false, report.Failed, "the challenger has 0.4981 of the assignments, and 0.5 was configured"},
		{"feedback does not fit", DefaultPolicy(), counts(0.5, Variant{5000, 4000, 3600}, Variant{5000, 3000, 2900}), Mismatch, false, report.Failed, "the challenger has 0.4286 of the feedback"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			verdict, err := Judge(test.policy, test.counts)
			if err != nil {
				t.Fatal(err)
			}
			if verdict.Outcome != test.outcome || verdict.Ended != test.ended || !strings.Contains(verdict.Reason, test.says) {
				t.Errorf("%s, ended: %v: %q; want %s, %v, %q", verdict.Outcome, verdict.Ended, verdict.Reason, test.outcome, test.ended, test.says)
			}
			if (verdict.Errors == nil) != (test.outcome == Mismatch) {
				t.Errorf("a mismatch stops the judgement: %+v", verdict.Errors)
			}
			stage := verdict.Stage()
			if stage.Status != test.status || stage.Status.Red() && stage.Remedy == "" {
				t.Errorf("status %s, remedy %q, want %s", stage.Status, stage.Remedy, test.status)
			}
			run := report.Run{Title: "experiment", Stages: []report.Stage{stage}}
			if run.Status() != test.status {
				t.Errorf("the stage is not sound: %v", run.Err())
			}
			if _, err := json.Marshal(verdict); err != nil {
				t.Errorf("it can't be written: %v", err)
			}
		})
	}
}

// Swapping the variants mirrors a verdict that asks for no minimal effect.
func TestJudgeMirrors(t *testing.T) {
	mirrored := map[Outcome]Outcome{Better: Worse, Worse: Better, Undecided: Undecided, Mismatch: Mismatch}
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[Outcome]int{}
	for range 2000 {
		share := []float64{0.1, 0.5, 0.7}[random.IntN(3)]
		units := random.IntN(5000)
		one, other := draw(random, units, 1-share, random.Float64()), draw(random, units, share, random.Float64())
		verdict, err := Judge(DefaultPolicy(), counts(share, one, other))
		if err != nil {
			t.Fatal(err)
		}
		swapped, err := Judge(DefaultPolicy(), counts(1-share, other, one))
		if err != nil {
			t.Fatal(err)
		}
		seen[verdict.Outcome]++
		if swapped.Outcome != mirrored[verdict.Outcome] {
			t.Errorf("%v at %v: %s, swapped %s", verdict.Counts.Variants, share, verdict.Outcome, swapped.Outcome)
		}
	}
	for outcome := range mirrored {
		if outcome != Mismatch && seen[outcome] < 50 {
			t.Errorf("only %d of the verdicts were %s", seen[outcome], outcome)
		}
	}
}

// draw counts about share of the units, each right with probability p.
func draw(random *rand.Rand, units int, share, p float64) Variant {
	v := Variant{Assigned: int(math.Round(float64(units) * share))}
	for range v.Assigned {
		if random.Float64() < 0.8 {
			v.Trials++
			if random.Float64() < p {
				v.Successes++
			}
		}
	}
	return v
}

func TestCountsThatCannotBe(t *testing.T) {
	good := Variant{100, 80, 70}
	for _, test := range []struct {
		name   string
		counts Counts
		want   string
	}{
		{"negative", counts(0.5, good, Variant{100, -1, 0}), "variants.challenger.trials is -1: no count is negative"},
		{"too many", counts(0.5, Variant{1 << 40, 1, 1}, good), "variants.champion.assigned is 1099511627776"},
		{"more right than tried", counts(0.5, Variant{100, 80, 81}, good), "variants.champion.successes is 81, of 80 trials"},
		{"more tried than assigned", counts(0.5, good, Variant{79, 80, 70}), "variants.challenger.trials is 80, of 79 assigned"},
		{"zero share", counts(0, good, good), "share is 0"},
		{"whole share", counts(1, good, good), "share is 1"},
		{"no number", counts(math.NaN(), good, good), "share is NaN"},
		{"no name", Counts{Share: 0.5}, "experiment is empty"},
		{"missing variant", Counts{Experiment: "x", Share: 0.5, Variants: map[string]Variant{Champion: good}}, "variants.challenger is missing"},
		{"unknown variant", Counts{Experiment: "x", Share: 0.5, Variants: map[string]Variant{Champion: good, "control": good}}, "variants.control is unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Judge(DefaultPolicy(), test.counts); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestReadCounts(t *testing.T) {
	const good = `{"experiment":"x","share":0.5,"variants":{"champion":{"assigned":2,"trials":1,"successes":1},"challenger":{"assigned":0,"trials":0,"successes":0}}}`
	if got, err := ReadCounts(strings.NewReader(good)); err != nil || got.Variants[Champion].Assigned != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	for old, test := range map[string]struct{ new, want string }{
		`"share"`:  {`"part"`, `unknown field "part"`},
		`"trials"`: {`"clicks"`, `unknown field "clicks"`},
		`:2,`:      {`:2.5,`, "no JSON of counts"},
		`}}}`:      {`}}`, "unexpected EOF"},
		`0.5`:      {`-0.5`, "share is -0.5"},
	} {
		text := strings.Replace(good, old, test.new, 1)
		if _, err := ReadCounts(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", text, err, test.want)
		}
	}
	if _, err := ReadCounts(strings.NewReader(good + "{}")); err == nil || !strings.Contains(err.Error(), "something follows") {
		t.Errorf("error %v", err)
	}
}

func FuzzReadCounts(f *testing.F) {
	f.Add([]byte(`{"experiment":"x","share":0.5,"variants":{"champion":{"assigned":2,"trials":1,"successes":1},"challenger":{}}}`))
	f.Add([]byte(`{"share":1e-300,"experiment":"x","variants":{"champion":{"assigned":2147483647},"challenger":{"assigned":2147483647,"trials":9}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		counts, err := ReadCounts(strings.NewReader(string(text)))
		if err != nil {
			return
		}
		verdict, err := Judge(DefaultPolicy(), counts)
		if err != nil {
			t.Fatalf("counts that were read can't be judged: %v", err)
		}
		if _, err := json.Marshal(verdict); err != nil {
			t.Fatalf("%+v: %v", verdict, err)
		}
	})
}

func TestPolicyThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*Policy){
		"alpha is 0: it lies between 1e-06 and 0.2": func(p *Policy) { p.Alpha = 0 },
		"alpha is 0.5":                    func(p *Policy) { p.Alpha = 0.5 },
		"alpha is NaN":                    func(p *Policy) { p.Alpha = math.NaN() },
		"minimalEffect is 1":              func(p *Policy) { p.MinimalEffect = 1 },
		"minimalEffect is -0.1":           func(p *Policy) { p.MinimalEffect = -0.1 },
		"concentration is 0":              func(p *Policy) { p.Concentration = 0 },
		"horizon is 0":                    func(p *Policy) { p.Horizon = 0 },
		"mismatch.alpha is 1":             func(p *Policy) { p.Mismatch.Alpha = 1 },
		"mismatch.concentration is 1e+10": func(p *Policy) { p.Mismatch.Concentration = 1e10 },
	} {
		policy := DefaultPolicy()
		change(&policy)
		if _, err := Judge(policy, counts(0.5, Variant{}, Variant{})); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
