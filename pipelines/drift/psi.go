package drift

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// smoothing is added to each bin of both histograms, so that an empty one does not make the index infinite: half an
// observation, as Krichevsky and Trofimov estimate a share. The inference service's own gauges do the same.
const smoothing = 0.5

// index is the population stability index of two histograms over the same bins: the sum over bins of
// (a − e)·ln(a / e), with the bins' shares a and e. Below 0.1 little has changed, above 0.25 much (Siddiqi 2006, Credit
// Risk Scorecards).
func index(expected, actual []int) float64 {
	e, a := shares(expected), shares(actual)
	sum := 0.0
	for i := range e {
		sum += (a[i] - e[i]) * math.Log(a[i]/e[i])
	}
	return sum
}

func shares(counts []int) []float64 {
	all := float64(total(counts)) + smoothing*float64(len(counts))
	shares := make([]float64, len(counts))
	for i, n := range counts {
		shares[i] = (float64(n) + smoothing) / all
	}
	return shares
}

func total(counts []int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

// reach is how far chance alone takes the index of two samples of one distribution with a probability of at most p, for
// samples of which 1/m + 1/n is 1: it is distributed as (1/m + 1/n) times a χ² with one degree of freedom less than there
// are bins (Yurdakul and Naranjo 2020, Statistical properties of the population stability index, Journal of Risk Model
// Validation 14). The more bins, and the fewer rows in either sample, the larger an index means nothing.
func reach(bins int, p float64) float64 {
	if bins < 2 {
		return 0
	}
	return distuv.ChiSquared{K: float64(bins - 1)}.Quantile(1 - p)
}

// needed is the least number of observations, and minimum at least, at which chance alone stays below the limit, given a
// reference of m rows; ok is false where no number is enough.
func needed(limit, reach float64, m, minimum int) (n int, ok bool) {
	room := limit/math.Max(reach, math.SmallestNonzeroFloat64) - 1/float64(m)
	if room <= 0 {
		return 0, false
	}
	return int(math.Max(float64(minimum), math.Ceil(1/room))), true
}
