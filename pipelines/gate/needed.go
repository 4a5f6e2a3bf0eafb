package gate

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// Needed says how many rows, in all, an undecided metric would take.
type Needed struct {
	// Rows is the number at which the rates that were seen would decide; 0 if none would.
	Rows int `json:"rows,omitempty"`
	// Power is the number at which a model that really has these rates passes four times of five; 0 if more rows would
	// not let it pass.
	Power int `json:"power,omitempty"`
	// WouldReject says that more rows would reject, because what was seen lies on the wrong side.
	WouldReject bool `json:"wouldReject,omitempty"`
}

// beyond is more rows than anybody has.
const beyond = 1 << 40

// smallest is the smallest number of rows that decides, and 0 if none does. More rows at the same rates never undo a
// decision.
func smallest(decides func(rows float64) bool) int {
	if !decides(beyond) {
		return 0
	}
	return 1 + sort.Search(beyond, func(i int) bool { return decides(float64(i + 1)) })
}

// zPower belongs to a power of 80 %.
var zPower = distuv.UnitNormal.Quantile(0.8)

// neededForShare is for a proportion and its threshold.
func neededForShare(interval func(right, n float64) Interval, rate, threshold, designEffect float64) *Needed {
	needed := &Needed{WouldReject: rate < threshold}
	needed.Rows = smallest(func(rows float64) bool {
		n := rows / designEffect
		i := interval(rate*n, n)
		return !needed.WouldReject && i.Lower >= threshold || needed.WouldReject && i.Upper < threshold
	})
	if distance := rate - threshold; distance > 0 {
		root := (z*math.Sqrt(threshold*(1-threshold)) + zPower*math.Sqrt(rate*(1-rate))) / distance
		needed.Power = max(needed.Rows, int(math.Ceil(root*root*designEffect)))
	}
	return needed
}

// neededForDifference is for a paired difference and a margin. Power is Connor's number for a supposed difference of
// −margin instead of none, with Tango's variance under the supposition.
//
// Connor, "Sample size for testing differences in proportions for the paired-sample design", Biometrics 43 (1987) 207–211.
func neededForDifference(won, lost, n, margin, designEffect float64) *Needed {
	won, lost = won/n, lost/n
	difference := won - lost
	needed := &Needed{WouldReject: difference < -margin}
	needed.Rows = smallest(func(rows float64) bool {
		n := rows / designEffect
		score := tangoScore(won*n, lost*n, n, -margin)
		return !needed.WouldReject && score > z || needed.WouldReject && score < -z
	})
	if distance := difference + margin; distance > 0 {
		supposed := tangoVariance(won, lost, 1, -margin)
		seen := max(0, won+lost-difference*difference)
		root := (z*math.Sqrt(supposed) + zPower*math.Sqrt(seen)) / distance
		needed.Power = max(needed.Rows, int(math.Ceil(root*root*designEffect)))
	}
	return needed
}
