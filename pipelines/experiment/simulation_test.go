package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// traffic is how an experiment goes: units a day, and how often each variant is right on a day.
type traffic struct {
	share                float64
	days, units          int
	champion, challenger func(day int) float64
}

// An accuracy that stays, one that moves with the day of the week, and one that sinks.
var (
	steady  = func(int) float64 { return 0.9 }
	weekly  = func(day int) float64 { return 0.75 + 0.2*math.Sin(2*math.Pi*float64(day)/7) }
	sinking = func(day int) float64 { return 0.95 - 0.01*float64(day) }
)

// run lets the traffic flow and looks once a day, until stop says so.
func (tr traffic) run(random *rand.Rand, stop func(Counts) bool) (stopped bool) {
	total := counts(tr.share, Variant{}, Variant{})
	right := map[string]func(int) float64{Champion: tr.champion, Challenger: tr.challenger}
	for day := range tr.days {
		challenger := binomial(random, tr.units, tr.share)
		for _, name := range []string{Champion, Challenger} {
			units, v := map[string]int{Champion: tr.units - challenger, Challenger: challenger}[name], total.Variants[name]
			v.Assigned += units
			v.Trials += units
			v.Successes += binomial(random, units, right[name](day))
			total.Variants[name] = v
		}
		if stop(total) {
			return true
		}
	}
	return false
}

func binomial(random *rand.Rand, n int, p float64) int {
	return int(distuv.Binomial{N: float64(n), P: p, Src: random}.Rand())
}

// False alarms are rare and take many runs to be counted; what is found mostly takes fewer.
const (
	many = 2000
	some = 400
)

// often is the part of the runs that stop.
func (tr traffic) often(runs int, stop func(Counts) bool) float64 {
	random, stopped := rand.New(rand.NewPCG(7, 11)), 0
	for range runs {
		if tr.run(random, stop) {
			stopped++
		}
	}
	return float64(stopped) / float64(runs)
}

func outcome(t *testing.T, c Counts) Outcome {
	t.Helper()
	verdict, err := Judge(DefaultPolicy(), c)
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Outcome
}

// significant is a z test of two proportions at 5 %.
func significant(c Counts) bool {
	a, b := c.Variants[Champion], c.Variants[Challenger]
	n, m := float64(a.Trials), float64(b.Trials)
	pooled := float64(a.Successes+b.Successes) / (n + m)
	z := (float64(a.Successes)/n - float64(b.Successes)/m) / math.Sqrt(pooled*(1-pooled)*(1/n+1/m))
	return math.Abs(z) > 1.96
}

// Looked at on each of 30 days without any difference, the test cries wolf no more often than its α; a z test does in
// about a third of the experiments, which also shows that this simulation can find what it looks for.
func TestDailyLooksWithoutADifference(t *testing.T) {
	for name, tr := range map[string]traffic{
		"steady":        {0.5, 30, 200, steady, steady},
		"small share":   {0.1, 30, 200, steady, steady},
		"weekly rhythm": {0.5, 30, 200, weekly, weekly},
		"sinking":       {0.2, 30, 200, sinking, sinking},
	} {
		alarms := tr.often(many, func(c Counts) bool { got := outcome(t, c); return got == Better || got == Worse })
		t.Logf("%s: %.2f %% false alarms", name, 100*alarms)
		if alarms > DefaultPolicy().Alpha {
			t.Errorf("%s: %.2f %% false alarms", name, 100*alarms)
		}
	}
	alarms := traffic{0.5, 30, 200, steady, steady}.often(many, significant)
	t.Logf("z test: %.2f %% false alarms", 100*alarms)
	if alarms < 0.2 {
		t.Errorf("a z test looked at daily has only %.2f %% false alarms: the simulation finds nothing", 100*alarms)
	}
}

// A real difference is found, in the right direction and not long after a test that may look only once could.
func TestDailyLooksWithADifference(t *testing.T) {
	for name, test := range map[string]struct {
		traffic
		want Outcome
	}{
		"better":           {traffic{0.5, 30, 200, steady, func(int) float64 { return 0.93 }}, Better},
		"worse":            {traffic{0.5, 30, 200, steady, func(int) float64 { return 0.86 }}, Worse},
		"better, 20 %":     {traffic{0.2, 30, 200, steady, func(int) float64 { return 0.95 }}, Better},
		"better in rhythm": {traffic{0.5, 30, 200, weekly, func(day int) float64 { return 1 - 0.7*(1-weekly(day)) }}, Better},
	} {
		wrong := 0.0
		right := test.often(some, func(c Counts) bool {
			got := outcome(t, c)
			if got != test.want && got != Undecided {
				wrong += 1. / some
			}
			return got == test.want
		})
		t.Logf("%s: found in %.2f %%, the other way round in %.2f %%", name, 100*right, 100*wrong)
		if right < 0.8 || wrong > 0.025 {
			t.Errorf("%s: found in %.2f %%, the other way round in %.2f %%", name, 100*right, 100*wrong)
		}
	}
}

// Traffic that does not split as configured is found, and is not where it does.
func TestMismatchIsFound(t *testing.T) {
	mismatch := func(c Counts) bool { return outcome(t, c) == Mismatch }
	lost := func(c Counts) bool { // one in twelve of the challenger's units is lost
		c = counts(c.Share, c.Variants[Champion], c.Variants[Challenger])
		v := c.Variants[Challenger]
		v.Assigned -= v.Assigned / 12
		v.Trials = min(v.Trials, v.Assigned)
		v.Successes = min(v.Successes, v.Trials)
		c.Variants[Challenger] = v
		return outcome(t, c) == Mismatch
	}
	tr := traffic{0.5, 30, 400, steady, steady}
	if alarms := tr.often(many, mismatch); alarms > DefaultPolicy().Mismatch.Alpha {
		t.Errorf("%.2f %% false alarms", 100*alarms)
	}
	found := tr.often(some, lost)
	t.Logf("found in %.2f %%", 100*found)
	if found < 0.8 {
		t.Errorf("one unit in twelve was lost, and it was found in %.2f %% only", 100*found)
	}
}
