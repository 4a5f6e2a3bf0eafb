package gate

import "math"

// confusion counts rows by label and prediction: cells[label][prediction]. Cells need not be whole numbers.
type confusion [][]float64

func newConfusion(counts [][]int, designEffect float64) confusion {
	cells := make(confusion, len(counts))
	for label, row := range counts {
		cells[label] = make([]float64, len(row))
		for prediction, n := range row {
			cells[label][prediction] = float64(n) / designEffect
		}
	}
	return cells
}

// sums are the rows by label, the rows by prediction, and all of them.
func (c confusion) sums() (labels, predictions []float64, all float64) {
	labels, predictions = make([]float64, len(c)), make([]float64, len(c))
	for label, row := range c {
		for prediction, n := range row {
			labels[label] += n
			predictions[prediction] += n
			all += n
		}
	}
	return labels, predictions, all
}

// ratio is a / b, and 0 where nothing can be divided, as scikit-learn's zero_division=0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// MacroF1 is the mean over the classes of F1 = 2·TP / (2·TP + FP + FN); a class with neither rows nor predictions counts 0.
func MacroF1(cells [][]float64) float64 {
	labels, predictions, _ := confusion(cells).sums()
	sum := 0.0
	for class := range cells {
		sum += ratio(2*cells[class][class], labels[class]+predictions[class])
	}
	return ratio(sum, float64(len(cells)))
}

// BalancedAccuracy is the mean over the classes of recall; a class without rows counts 0.
func BalancedAccuracy(cells [][]float64) float64 {
	labels, _, _ := confusion(cells).sums()
	sum := 0.0
	for class := range cells {
		sum += ratio(cells[class][class], labels[class])
	}
	return ratio(sum, float64(len(cells)))
}

// Skill is how many standard deviations the number of right rows lies above what the same predictions would get if they
// were shuffled over the rows. It is 0 where shuffling changes nothing, as for a constant.
//
// The moments are those of Hoeffding, "A combinatorial central limit theorem", Annals of Mathematical Statistics 22 (1951)
// 558–566.
func Skill(cells [][]float64) float64 {
	labels, predictions, n := confusion(cells).sums()
	right, expected := 0.0, 0.0
	for class := range cells {
		right += cells[class][class]
		expected += ratio(labels[class]*predictions[class], n)
	}
	variance := 0.0
	for label := range cells {
		for prediction := range cells {
			hit := 0.0
			if label == prediction {
				hit = 1
			}
			d := hit - ratio(predictions[label]+labels[prediction]-expected, n)
			variance += labels[label] * predictions[prediction] * d * d
		}
	}
	// What remains of an exact 0 after rounding is no variance.
	if n <= 1 || variance/(n*n) < 1e-12 {
		return 0
	}
	return (right - expected) / math.Sqrt(variance/(n-1))
}
