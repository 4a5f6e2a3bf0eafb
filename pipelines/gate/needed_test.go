package gate

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestNeededForShare(t *testing.T) {
	for _, test := range []struct {
		name                    string
		rate, threshold, effect float64
		want                    Needed
	}{
		{"all right", 1, 0.9, 1, Needed{Rows: 35, Power: 35}},
		{"all right, of more", 1, 0.95, 1, Needed{Rows: 73, Power: 73}},
		{"all right, out of fold", 1, 0.9, 1.5, Needed{Rows: 52, Power: 52}},
		// By hand: z² t(1−t)/(p−t)² = 138.3, and (z √0.09 + 0.8416 √0.0475)²/0.0025 = 238.0.
		{"on the right side", 0.95, 0.9, 1, Needed{Rows: 139, Power: 239}},
		{"on the wrong side", 0.85, 0.9, 1, Needed{Rows: 139, WouldReject: true}},
		{"at the threshold", 0.9, 0.9, 1, Needed{}},
	} {
		if got := neededForShare(Wilson, test.rate, test.threshold, test.effect); *got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, *got, test.want)
		}
	}
}

// Exactly that many rows decide, and one less do not.
func TestNeededRowsAreTheFewest(t *testing.T) {
	for _, d := range []struct{ won, lost, n, margin float64 }{{2, 4, 150, 0.05}, {0, 0, 20, 0.05}, {10, 5, 60, 0.1}, {0, 9, 100, 0.05}} {
		needed := neededForDifference(d.won, d.lost, d.n, d.margin, 1)
		decided := func(rows int) bool {
			scale := float64(rows) / d.n
			i := Tango(d.won*scale, d.lost*scale, float64(rows))
			return i.Lower > -d.margin || i.Upper < -d.margin
		}
		if !decided(needed.Rows) || decided(needed.Rows-1) {
			t.Errorf("%+v: %+v", d, *needed)
		}
	}
	for _, interval := range []func(right, n float64) Interval{Wilson, ClopperPearson} {
		needed := neededForShare(interval, 0.93, 0.9, 1).Rows
		if n := float64(needed); interval(0.93*n, n).Lower < 0.9 || interval(0.93*(n-1), n-1).Lower >= 0.9 {
			t.Errorf("%d", needed)
		}
	}
}

// Without a margin it is Connor's formula: 10 % won and 20 % lost rows take
// (1.96 √0.3 + 0.8416 √(0.3 − 0.01))²/0.01 = 233 rows to be told apart.
func TestConnor(t *testing.T) {
	needed := neededForDifference(20, 10, 100, 0, 1)
	want := math.Pow(z*math.Sqrt(0.3)+zPower*math.Sqrt(0.3-0.01), 2) / 0.01
	near(t, "rows", float64(needed.Power), math.Ceil(want), 0)
	near(t, "rows", float64(needed.Power), 233, 1)
}

// A model that really has the rates passes about 4 times of 5 with that many rows: simulated.
func TestPower(t *testing.T) {
	source := rand.NewPCG(9, 10)
	const runs = 4000
	share := neededForShare(Wilson, 0.95, 0.9, 1).Power
	difference := neededForDifference(4, 6, 100, 0.05, 1).Power
	passed := [2]int{}
	for range runs {
		right := distuv.Binomial{N: float64(share), P: 0.95, Src: source}.Rand()
		if Wilson(right, float64(share)).Lower >= 0.9 {
			passed[0]++
		}
		won := distuv.Binomial{N: float64(difference), P: 0.04, Src: source}.Rand()
		lost := distuv.Binomial{N: float64(difference) - won, P: 0.06 / 0.96, Src: source}.Rand()
		if Tango(won, lost, float64(difference)).Lower > -0.05 {
			passed[1]++
		}
	}
	near(t, "power of the value part", float64(passed[0])/runs, 0.8, 0.03)
	near(t, "power of the change part", float64(passed[1])/runs, 0.8, 0.03)
}

// Two models that differ by exactly the margin pass the change part by chance: how often, is summed over all outcomes.
func TestFalsePassesAtTheMargin(t *testing.T) {
	worst := 0.0
	for _, n := range []int{20, 35, 73, 100, 150, 200} {
		for _, margin := range []float64{0.05, 0.1} {
			for _, won := range []float64{1e-9, 0.01, 0.02, 0.05, 0.1} {
				size := falsePasses(n, won, won+margin, margin)
				worst = max(worst, size)
				if !(size <= 0.05) {
					t.Errorf("n %d, margin %v, won %v: %.4f", n, margin, won, size)
				}
			}
		}
	}
	t.Logf("the most false passes: %.4f", worst)
}

func falsePasses(n int, won, lost, margin float64) float64 {
	sum := 0.0
	for w := range n + 1 {
		ofWon := distuv.Binomial{N: float64(n), P: won}.Prob(float64(w))
		if ofWon < 1e-12 {
			continue
		}
		for l := range n - w + 1 {
			if tangoScore(float64(w), float64(l), float64(n), -margin) <= z {
				break // more lost rows pass even less
			}
			sum += ofWon * distuv.Binomial{N: float64(n - w), P: lost / (1 - won)}.Prob(float64(l))
		}
	}
	return sum
}
