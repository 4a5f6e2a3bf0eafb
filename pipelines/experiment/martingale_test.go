package experiment

import (
	"math"
	"testing"
	"testing/quick"
)

// The references are log Bayes factors of ssrm-test 0.1.5, Lindon's own implementation of the multinomial test, and
// roots that SciPy's brentq found in it at α = 0.05. The first row is the published sample-ratio mismatch of Fabijan and
// others 2019 (Diagnosing Sample Ratio Mismatch in Online Controlled Experiments, KDD): 821,588 and 815,482 users where
// both should have had half.
var references = []struct {
	events               split
	share, concentration float64
	log, lower, upper    float64
}{
	{split{821588, 815482}, 0.5, 10000, 8.765972282737494, 0.4968253103062721, 0.499444872357741},
	{split{5, 1}, 0.5, 10, 0.29465074176787276, 0.0010544991781940509, 0.7299176046918794},
	{split{0, 0}, 0.5, 10, 0, 0, 1},
	{split{0, 7}, 0.3, 20, 1.7057148093588879, 0.24950882005422265, 1},
	{split{9000, 1130}, 0.1, 1000, 5.381034686070052, 0.10202900996748308, 0.12156945751283157},
	{split{400, 250}, 0.5, 100, 14.112446543392707, 0.31843871008120017, 0.45377931924681},
	{split{120, 14}, 0.1, 50, -0.6673115572926918, 0.04723866335350431, 0.19007701266347637},
}

func TestMartingaleAgainstItsAuthors(t *testing.T) {
	for _, r := range references {
		m := martingale{r.share, r.concentration}
		if got := m.log(r.events, r.share); math.Abs(got-r.log) > 1e-7 {
			t.Errorf("%v: log martingale %v, want %v", r.events, got, r.log)
		}
		got := m.interval(r.events, 0.05)
		if math.Abs(got.Lower-r.lower) > 1e-8 || math.Abs(got.Upper-r.upper) > 1e-8 {
			t.Errorf("%v: interval %v, want %v to %v", r.events, got, r.lower, r.upper)
		}
	}
}

// By enumeration: the expectation is 1 at each number of events, whatever the mixture.
func TestMartingaleHasExpectationOne(t *testing.T) {
	for _, share := range []float64{0.5, 0.1, 0.03, 0.8} {
		for _, concentration := range []float64{1, 50, 10000} {
			m := martingale{share, concentration}
			for n := range 40 {
				sum := 0.0
				for k := range n + 1 {
					events := split{n - k, k}
					sum += math.Exp(logBinomial(n, k, share) + m.log(events, share))
				}
				if math.Abs(sum-1) > 1e-9 {
					t.Errorf("share %v, concentration %v, %d events: expectation %v", share, concentration, n, sum)
				}
			}
		}
	}
}

func logBinomial(n, k int, p float64) float64 {
	choose, _ := math.Lgamma(float64(n + 1))
	a, _ := math.Lgamma(float64(k + 1))
	b, _ := math.Lgamma(float64(n - k + 1))
	return choose - a - b + times(k, math.Log(p)) + times(n-k, math.Log1p(-p))
}

// By enumeration of all paths: somebody who looks after each of 200 events is ever misled with at most the probability
// that the policy allows, and the interval leaves the truth out no more often.
func TestEveryLookIsAllowed(t *testing.T) {
	for _, share := range []float64{0.5, 0.1} {
		for _, concentration := range []float64{1, 10, 50, 1000} {
			for _, alpha := range []float64{0.05, 0.2} {
				m := martingale{share, concentration}
				misled := everRejected(200, share, func(events split) bool { return m.pValue(events) <= alpha })
				missed := everRejected(200, share, func(events split) bool {
					limits := m.interval(events, alpha)
					return share <= limits.Lower || share >= limits.Upper
				})
				if misled > alpha || missed > alpha {
					t.Errorf("share %v, concentration %v, α %v: misled %v, missed %v", share, concentration, alpha, misled, missed)
				}
				if misled != missed {
					t.Errorf("share %v, concentration %v, α %v: the test rejects with %v, the interval with %v", share, concentration, alpha, misled, missed)
				}
			}
		}
	}
}

// The enumeration finds what has to be found: a binomial test at each look misleads far more often than its α.
func TestEnumerationFindsPeeking(t *testing.T) {
	peeking := everRejected(400, 0.5, func(events split) bool {
		n := float64(events.total())
		return n > 10 && math.Abs(float64(events.challenger)-n/2)/math.Sqrt(n/4) > 1.96
	})
	if peeking < 0.3 {
		t.Errorf("a z test after each event misleads with probability %v only", peeking)
	}
}

// everRejected is the exact probability that a rule rejects after any of n events that fall to the challenger with
// probability p.
func everRejected(n int, p float64, rejects func(split) bool) float64 {
	alive, rejected := []float64{1}, 0.0
	for events := 1; events <= n; events++ {
		next := make([]float64, events+1)
		for k, mass := range alive {
			next[k] += mass * (1 - p)
			next[k+1] += mass * p
		}
		for k := range next {
			if next[k] > 0 && rejects(split{events - k, k}) {
				rejected += next[k]
				next[k] = 0
			}
		}
		alive = next
	}
	return rejected
}

// Swapping the variants mirrors the test and the interval.
func TestMartingaleMirrors(t *testing.T) {
	mirrors := func(a, b uint16, s uint8) bool {
		share := (float64(s) + 1) / 258
		m, mirror := martingale{share, 50}, martingale{1 - share, 50}
		events, swapped := split{int(a), int(b)}, split{int(b), int(a)}
		one, other := m.interval(events, 0.05), mirror.interval(swapped, 0.05)
		return math.Abs(m.log(events, share)-mirror.log(swapped, 1-share)) < 1e-6 &&
			math.Abs(one.Lower-(1-other.Upper)) < 1e-9 && math.Abs(one.Upper-(1-other.Lower)) < 1e-9
	}
	if err := quick.Check(mirrors, nil); err != nil {
		t.Error(err)
	}
}
