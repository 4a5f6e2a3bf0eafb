package gate

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/esteira/esteira/pipelines/predictions"
)

// The most that a row can lose: its log loss is clipped at a probability of 2.22e-16, its Brier score runs from 0 to 2.
var (
	worstLogLoss = -math.Log(2.22e-16)
	worstBrier   = 2.0
)

// MeanLoss is the two-sided 95 % interval of a mean of row losses by Student's t, with the number of rows divided by a
// design effect, within 0 and the worst possible loss. Fewer than two effective rows say nothing.
//
// Student, "The probable error of a mean", Biometrika 6 (1908) 1–25.
func MeanLoss(losses predictions.Moments, designEffect, worst float64) Interval {
	n := float64(losses.N) / designEffect
	if losses.N < 2 || n <= 1 {
		return Interval{0, worst}
	}
	variance := losses.M2 / float64(losses.N-1)
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(1-tail) * math.Sqrt(variance/n)
	return Interval{max(0, losses.Mean-half), min(worst, losses.Mean+half)}
}

// CalibrationError is the expected calibration error: the distance between confidence and share of right rows, averaged
// over the bins by their rows. It is reported and never decides: on few rows it is far from 0 for a perfect model.
//
// Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
func CalibrationError(bins []predictions.Bin) float64 {
	rows, distance := 0, 0.0
	for _, bin := range bins {
		rows += bin.N
		distance += math.Abs(float64(bin.Correct) - bin.Confidence)
	}
	if rows == 0 {
		return 0
	}
	return distance / float64(rows)
}
