package gate

import (
	"math/rand/v2"
	"testing"
)

func TestTangoOfIris(t *testing.T) {
	near(t, "150 equal rows with a design effect of 1.5", Tango(0, 0, 100).Lower, -0.037, 5e-4)
	if got := Tango(0, 0, 0); got != (Interval{-1, 1}) {
		t.Errorf("no rows: %v", got)
	}
}

// Examples with all their counts: both right, won, lost, both wrong.
func TestPublishedTango(t *testing.T) {
	for _, test := range []struct {
		source       string
		counts       [4]float64
		lower, upper float64
	}{
		{"Tango, Statistics in Medicine 17 (1998), section 6.2, sleeping difficulties", [4]float64{4, 9, 3, 16}, -0.027, 0.390},
		{"Agresti and Min, Statistics in Medicine 24 (2005) 729–740", [4]float64{53, 16, 8, 9}, -0.020, 0.207},
		{"Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014) 2850–2875, airway reactivity", [4]float64{1, 1, 7, 12}, -0.517, -0.026},
		{"Tang, Li and Tang, Statistics in Medicine 29 (2010) 46–62", [4]float64{8, 3, 1, 2}, -0.167, 0.433},
	} {
		n := test.counts[0] + test.counts[1] + test.counts[2] + test.counts[3]
		got := Tango(test.counts[1], test.counts[2], n)
		near(t, test.source+", lower", got.Lower, test.lower, 5e-4)
		near(t, test.source+", upper", got.Upper, test.upper, 5e-4)
	}
	// Section 6.1, contact lenses, non-inferiority with a margin of 0.1: 43, 0, 1, 0.
	near(t, "Tango's statistic", tangoScore(0, 1, 44, -0.1), 1.709, 5e-4)
}

func TestTangoIsARootOfItsScore(t *testing.T) {
	for _, test := range randomPairs(2000) {
		got := Tango(test.won, test.lost, test.n)
		for _, limit := range []struct{ at, score float64 }{{got.Lower, z}, {got.Upper, -z}} {
			if limit.at <= -1 || limit.at >= 1 {
				continue
			}
			near(t, "score", tangoScore(test.won, test.lost, test.n, limit.at), limit.score, 1e-6)
		}
		if rate := (test.won - test.lost) / test.n; got.Lower > rate || got.Upper < rate || got.Lower < -1 || got.Upper > 1 {
			t.Errorf("%+v: %v does not hold %v", test, got, rate)
		}
	}
}

// Swapping the two models mirrors the change test.
func TestSwappingMirrors(t *testing.T) {
	for _, test := range randomPairs(2000) {
		got, mirrored := Tango(test.won, test.lost, test.n), Tango(test.lost, test.won, test.n)
		if got.Lower != -mirrored.Upper || got.Upper != -mirrored.Lower {
			t.Errorf("%+v: %v, mirrored %v", test, got, mirrored)
		}
		worse, _ := McNemar(int(test.won), int(test.lost))
		better, _ := McNemar(int(test.lost), int(test.won))
		// Either or neither: the observed number is in both.
		_, midWorse := McNemar(int(test.won), int(test.lost))
		_, midBetter := McNemar(int(test.lost), int(test.won))
		near(t, "the sum of both mid-p", midWorse+midBetter, 1, 1e-12)
		if worse+better < 1-1e-12 {
			t.Errorf("%+v: worse %v and better %v", test, worse, better)
		}
	}
}

type pairs struct{ won, lost, n float64 }

func randomPairs(count int) []pairs {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]pairs, count)
	for i := range all {
		n := 1 + random.IntN(500)
		won := random.IntN(n + 1)
		all[i] = pairs{float64(won), float64(random.IntN(n - won + 1)), float64(n)}
	}
	return all
}

// Of rows that all go one way the two-sided test needs six for p < 0.05, and so does the one-sided for p < 0.025; for a
// one-sided p < 0.05 five would do.
func TestMcNemar(t *testing.T) {
	for _, test := range []struct {
		won, lost   int
		exact, midP float64
	}{
		{0, 0, 1, 0.5},
		{0, 4, 1. / 16, 1. / 32},
		{0, 5, 1. / 32, 1. / 64},
		{0, 6, 1. / 64, 1. / 128},
		{0, 9, 1. / 512, 1. / 1024},
		{1, 7, 9. / 256, 5. / 256}, // Fagerland and others 2013, airway reactivity: two-sided 0.0703, mid-p 0.0391
		{3, 0, 1, 15. / 16},
		{2, 2, 11. / 16, 8. / 16},
	} {
		exact, midP := McNemar(test.won, test.lost)
		near(t, "p", exact, test.exact, 1e-14)
		near(t, "mid-p", midP, test.midP, 1e-14)
	}
	fewest := func(level float64) int {
		for lost := 1; ; lost++ {
			if p, _ := McNemar(0, lost); p < level {
				return lost
			}
		}
	}
	if five, six := fewest(0.05), fewest(tail); five != 5 || six != 6 {
		t.Errorf("%d rows for 0.05, %d for 0.025", five, six)
	}
}

func TestHolm(t *testing.T) {
	// Computed by hand: sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, never falling.
	got := Holm([]float64{0.04, 0.01, 0.03, 0.02})
	for i, want := range []float64{0.06, 0.04, 0.06, 0.06} {
		near(t, "adjusted p", got[i], want, 1e-15)
	}
	near(t, "a large p", Holm([]float64{0.9, 0.8})[0], 1, 0)
	if len(Holm(nil)) != 0 {
		t.Error("p values of no tests")
	}
}
