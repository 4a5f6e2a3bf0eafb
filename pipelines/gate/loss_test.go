package gate

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/esteira/esteira/pipelines/predictions"
)

func TestMeanLoss(t *testing.T) {
	// By hand: 1, 2, 3, 4 have the mean 2.5 and the standard error √(5/3/4) = 0.6455; t of 3 degrees is 3.1824.
	got := MeanLoss(predictions.Moments{N: 4, Mean: 2.5, M2: 5}, 1, worstLogLoss)
	near(t, "lower", got.Lower, 2.5-3.182446*0.645497, 1e-5)
	near(t, "upper", got.Upper, 2.5+3.182446*0.645497, 1e-5)
	wider := MeanLoss(predictions.Moments{N: 4, Mean: 2.5, M2: 5}, 1.5, worstLogLoss)
	if wider.Upper <= got.Upper || wider.Lower >= got.Lower {
		t.Errorf("with a design effect: %v, without %v", wider, got)
	}
	for name, losses := range map[string]predictions.Moments{"no row": {}, "one row": {N: 1, Mean: 0.3}} {
		if got := MeanLoss(losses, 1, worstBrier); got != (Interval{0, 2}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := MeanLoss(predictions.Moments{N: 2, Mean: 0.5, M2: 0.5}, 1, worstBrier); got != (Interval{0, 2}) {
		t.Errorf("an interval beyond what can be: %v", got)
	}
	near(t, "the worst log loss", worstLogLoss, 36.0439, 1e-4)
}

func TestCalibrationError(t *testing.T) {
	if got := CalibrationError(nil); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	bins := []predictions.Bin{{}, {N: 10, Correct: 5, Confidence: 6}, {N: 30, Correct: 29, Confidence: 27}}
	near(t, "calibration error", CalibrationError(bins), 3./40, 1e-15)
}

func TestAverages(t *testing.T) {
	cells := [][]float64{{8, 2, 0}, {1, 9, 0}, {0, 0, 0}}
	// By hand: F1 is 16/19, 18/21 and 0 by convention; recall is 0.8, 0.9 and 0 by convention.
	near(t, "macro F1", MacroF1(cells), (16./19+18./21)/3, 1e-15)
	near(t, "balanced accuracy", BalancedAccuracy(cells), 1.7/3, 1e-15)
}

// The lower limit lies above the truth at most about once in forty times, on small sets too.
func TestPosteriorCovers(t *testing.T) {
	truth := [][]float64{{0.32, 0.01, 0}, {0.01, 0.30, 0.03}, {0, 0.03, 0.30}}
	f1, balanced := MacroF1(truth), BalancedAccuracy(truth)
	const runs = 150
	for _, n := range []int{40, 150} {
		tooHigh := [2]int{}
		for run := range uint64(runs) {
			random := rand.NewPCG(run, 11)
			limits := Posterior(draw(truth, n, random), Seed, MacroF1, BalancedAccuracy)
			if limits[0].Lower > f1 {
				tooHigh[0]++
			}
			if limits[1].Lower > balanced {
				tooHigh[1]++
			}
		}
		t.Logf("n %d: %d and %d of %d too high", n, tooHigh[0], tooHigh[1], runs)
		// If the rate is 1 in 40, more than 8 of 150 are seen about once in a hundred times.
		if tooHigh[0] > 8 || tooHigh[1] > 8 {
			t.Errorf("n %d: %d lower limits of macro F1 and %d of balanced accuracy of %d are too high", n, tooHigh[0], tooHigh[1], runs)
		}
	}
}

// draw are n rows from the shares of a confusion matrix.
func draw(shares [][]float64, n int, source rand.Source) [][]float64 {
	var flat []float64
	for _, row := range shares {
		flat = append(flat, row...)
	}
	cell := distuv.NewCategorical(flat, source)
	cells := newConfusion([][]int{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}, 1)
	for range n {
		i := int(cell.Rand())
		cells[i/3][i%3]++
	}
	return cells
}

func TestPosteriorIsReproducible(t *testing.T) {
	cells := [][]float64{{40, 1}, {2, 30}}
	a, b := Posterior(cells, 1, MacroF1), Posterior(cells, 1, MacroF1)
	if a[0] != b[0] {
		t.Errorf("%v, then %v", a, b)
	}
	if other := Posterior(cells, 2, MacroF1); other[0] == a[0] {
		t.Errorf("another seed draws the same %v", other)
	}
}
