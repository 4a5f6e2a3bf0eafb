package gate

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// All intervals are two-sided at 95 %, so that each of their limits is wrong at most once in forty times.
const tail = 0.025

// z is the quantile of the normal distribution that belongs to tail: 1.95996….
var z = distuv.UnitNormal.Quantile(1 - tail)

// Interval holds the values that the rows do not speak against.
type Interval struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
}

// Wilson is the two-sided 95 % score interval of a proportion: right of n rows. Neither has to be a whole number, as
// they are not after a division by a design effect. No rows say nothing: from 0 to 1.
//
// Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927) 209–212.
func Wilson(right, n float64) Interval {
	if n <= 0 {
		return Interval{0, 1}
	}
	p, square := right/n, z*z
	middle := (p + square/(2*n)) / (1 + square/n)
	half := z / (1 + square/n) * math.Sqrt(p*(1-p)/n+square/(4*n*n))
	interval := Interval{max(0, middle-half), min(1, middle+half)}
	// Rounding must not leave what is exactly 0 or 1.
	if right <= 0 {
		interval.Lower = 0
	}
	if right >= n {
		interval.Upper = 1
	}
	return interval
}

// ClopperPearson is the two-sided 95 % interval of a proportion that is never wrong more often than it says, at any rate
// and any n; it is wider than Wilson's. Its arguments are like those of Wilson.
//
// Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
// (1934) 404–413.
func ClopperPearson(right, n float64) Interval {
	interval := Interval{0, 1}
	if right > 0 && n > 0 {
		interval.Lower = distuv.Beta{Alpha: right, Beta: n - right + 1}.Quantile(tail)
	}
	if right < n {
		interval.Upper = distuv.Beta{Alpha: right + 1, Beta: n - right}.Quantile(1 - tail)
	}
	return interval
}
