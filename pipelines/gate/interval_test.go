package gate

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.6f, want %v", what, got, want)
	}
}

// Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven methods", Statistics in
// Medicine 17 (1998) 857–872, table I: methods 3 (Wilson) and 5 (Clopper–Pearson).
func TestPublishedIntervals(t *testing.T) {
	for _, test := range []struct {
		right, n      float64
		wilson, exact Interval
	}{
		{81, 263, Interval{0.2553, 0.3662}, Interval{0.2527, 0.3676}},
		{15, 148, Interval{0.0624, 0.1605}, Interval{0.0578, 0.1617}},
		{0, 20, Interval{0, 0.1611}, Interval{0, 0.1684}},
		{1, 29, Interval{0.0061, 0.1718}, Interval{0.0009, 0.1776}},
	} {
		name := fmt.Sprintf("%v of %v", test.right, test.n)
		wilson, exact := Wilson(test.right, test.n), ClopperPearson(test.right, test.n)
		near(t, name+", Wilson, lower", wilson.Lower, test.wilson.Lower, 5e-5)
		near(t, name+", Wilson, upper", wilson.Upper, test.wilson.Upper, 5e-5)
		near(t, name+", Clopper–Pearson, lower", exact.Lower, test.exact.Lower, 5e-5)
		near(t, name+", Clopper–Pearson, upper", exact.Upper, test.exact.Upper, 5e-5)
	}
}

func TestWilsonOfIris(t *testing.T) {
	near(t, "30 of 30", Wilson(30, 30).Lower, 0.8865, 5e-5)
	near(t, "29 of 30", Wilson(29, 30).Lower, 0.833, 5e-4)
	near(t, "145 of 150", Wilson(145, 150).Lower, 0.924, 5e-4)
	near(t, "145 of 150 with a design effect of 1.5", Wilson(145/1.5, 100).Lower, 0.911, 5e-4)
	for threshold, fewest := range map[float64]float64{0.9: 35, 0.95: 73} {
		if Wilson(fewest, fewest).Lower < threshold || Wilson(fewest-1, fewest-1).Lower >= threshold {
			t.Errorf("%v perfect rows are not the fewest that show %v", fewest, threshold)
		}
	}
}

func TestIntervalOfNothing(t *testing.T) {
	for name, interval := range map[string]Interval{"Wilson": Wilson(0, 0), "Clopper–Pearson": ClopperPearson(0, 0)} {
		if interval != (Interval{0, 1}) {
			t.Errorf("%s of no rows is %v", name, interval)
		}
	}
	for n := 1.0; n < 200; n++ {
		for name, interval := range map[string]func(right, n float64) Interval{"Wilson": Wilson, "Clopper–Pearson": ClopperPearson} {
			if got := interval(n, n).Upper; got != 1 {
				t.Errorf("%s, upper of %v of %v, is %v", name, n, n, got)
			}
			if got := interval(0, n).Lower; got != 0 {
				t.Errorf("%s, lower of 0 of %v, is %v", name, n, got)
			}
		}
	}
}

// More right rows never lower a limit, so that a better candidate never does worse in the value part.
func TestIntervalsAreMonotone(t *testing.T) {
	for name, interval := range map[string]func(right, n float64) Interval{"Wilson": Wilson, "Clopper–Pearson": ClopperPearson} {
		for _, n := range []float64{1, 7, 30, 100, 150 / 1.5, 1001} {
			before := interval(0, n)
			for right := 1.0; right <= n; right++ {
				now := interval(right, n)
				if now.Lower < before.Lower || now.Upper < before.Upper || now.Lower > right/n || now.Upper < right/n {
					t.Errorf("%s of %v of %v is %v after %v", name, right, n, now, before)
				}
				before = now
			}
		}
	}
}

// Models that are exactly as good as the threshold are blessed by chance: how often, is summed over all outcomes.
func TestFalseBlessingsAtTheThreshold(t *testing.T) {
	worst := map[bool]float64{}
	for n := 20; n <= 2000; n++ {
		for percent := 50; percent <= 99; percent++ {
			threshold := float64(percent) / 100
			size := falseBlessings(Wilson, n, threshold)
			strict := percent >= 90
			worst[strict] = max(worst[strict], size)
			if size > 0.04 || strict && size > 0.027 {
				t.Errorf("n %d, threshold %v: %.4f", n, threshold, size)
			}
		}
	}
	t.Logf("the most false blessings: %.4f, for thresholds of 0.9 and more %.4f", worst[false], worst[true])
}

// falseBlessings is the probability that a model with the threshold as its true rate passes.
func falseBlessings(interval func(right, n float64) Interval, n int, threshold float64) float64 {
	low, high := 0, n+1 // the fewest right rows that pass lie in (low, high]
	for high-low > 1 {
		middle := (low + high) / 2
		if interval(float64(middle), float64(n)).Lower >= threshold {
			high = middle
		} else {
			low = middle
		}
	}
	if high > n {
		return 0
	}
	return distuv.Binomial{N: float64(n), P: threshold}.Survival(float64(high - 1))
}

// Clopper and Pearson promise it for each n and rate.
func TestClopperPearsonIsNeverTooSure(t *testing.T) {
	for n := 20; n <= 300; n += 7 {
		for percent := 50; percent <= 99; percent++ {
			if size := falseBlessings(ClopperPearson, n, float64(percent)/100); size > tail {
				t.Errorf("n %d, threshold %d %%: %.4f", n, percent, size)
			}
		}
	}
}
