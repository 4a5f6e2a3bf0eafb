package gate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Tango is the two-sided 95 % score interval of the difference between the candidate's and the champion's share of right
// rows, over the same n rows: only the candidate was right on won, only the champion on lost. None has to be a whole
// number. Swapping the two mirrors it: Tango(won, lost, n) is −Tango(lost, won, n). No rows say nothing: from −1 to 1.
//
// Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
// Statistics in Medicine 17 (1998) 891–908.
func Tango(won, lost, n float64) Interval {
	if n <= 0 {
		return Interval{-1, 1}
	}
	return Interval{-tangoUpper(lost, won, n), tangoUpper(won, lost, n)}
}

// tangoUpper finds the largest difference that the rows do not speak against, by halving: the statistic falls as the
// difference grows.
func tangoUpper(won, lost, n float64) float64 {
	low, high := (won-lost)/n, 1.0
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			return low
		}
		if tangoScore(won, lost, n, middle) > -z {
			low = middle
		} else {
			high = middle
		}
	}
}

// tangoScore is Tango's statistic, equation (12): the observed difference less a supposed one, in standard errors under
// the supposition.
func tangoScore(won, lost, n, difference float64) float64 {
	above := won - lost - n*difference
	if above == 0 {
		return 0
	}
	return above / math.Sqrt(n*tangoVariance(won, lost, n, difference))
}

// tangoVariance is the variance of a row's difference if the supposed one is true: 2q + d(1 − d), with the likeliest
// probability q of a lost row.
func tangoVariance(won, lost, n, difference float64) float64 {
	a := 2 * n
	b := (2*n-won+lost)*difference - won - lost
	c := -lost * difference * (1 - difference)
	root := math.Sqrt(max(0, b*b-4*a*c))
	q := (root - b) / (2 * a)
	if b > 0 { // the same root of the equation without the difference of two near numbers
		q = -2 * c / (root + b)
	}
	return max(0, 2*q+difference*(1-difference))
}

// McNemar is the exact one-sided test of "the candidate is worse": the probability of at least lost rows among the
// won + lost ones where the two differ, if each fell either way like a coin. MidP counts the observed number half; it is
// printed and never decides, because it may be too small.
//
// McNemar, Psychometrika 12 (1947) 153–157; Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs
// data: mid-p and asymptotic are better than exact conditional", BMC Medical Research Methodology 13 (2013) 91.
func McNemar(won, lost int) (exact, midP float64) {
	exact = atLeast(lost, won+lost)
	return exact, (exact + atLeast(lost+1, won+lost)) / 2
}

// atLeast is the probability of k heads or more in n throws of a coin.
func atLeast(k, n int) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), 0.5)
}

// Holm adjusts p values of tests that are looked at together, so that one that is at most a level stays rarer than that
// level by chance among all of them.
//
// Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979) 65–70.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	adjusted := make([]float64, len(p))
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = largest
	}
	return adjusted
}
