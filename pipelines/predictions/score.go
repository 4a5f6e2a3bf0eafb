package predictions

import "math"

const (
	// tolerance is how far probabilities may be off: their sum from one by this for each class, one of them above one, and
	// the predicted class's below the largest. It is what float32 and six decimals leave.
	tolerance = 1e-6
	// smallest is what a probability is clipped at in the log loss, and one less it from above: the distance from 1 to the
	// next float64, as scikit-learn has it.
	smallest = 0x1p-52
)

// scorer scores the rows of one model.
type scorer struct {
	score      Score
	losses     []float64 // of the rows since the last fold
	squares    []float64
	confusions []int // [label*classes+prediction]
	classes    int
}

func newScorer(classes int, probabilities bool) *scorer {
	return &scorer{
		score:   Score{Probabilities: probabilities},
		classes: classes, confusions: make([]int, classes*classes),
	}
}

// add scores a row. Without probabilities it only counts.
func (s *scorer) add(label, prediction int, probabilities []float64) {
	s.confusions[label*s.classes+prediction]++
	if len(probabilities) == 0 {
		return
	}
	square := 0.0
	for class, p := range probabilities {
		if class == label {
			p = 1 - p
		}
		square += p * p
	}
	s.squares = append(s.squares, square)
	s.losses = append(s.losses, -math.Log(min(max(probabilities[label], smallest), 1-smallest)))
	confidence := min(probabilities[prediction], 1)
	bin := &s.score.Calibration[binOf(confidence)]
	bin.N++
	bin.Confidence += confidence
	if label == prediction {
		bin.Correct++
	}
}

// fold puts the rows since the last fold into the moments. When it is called decides the last bits of the sums, so it is
// called after every so many rows, and not when a buffer happens to be full.
func (s *scorer) fold() {
	s.score.LogLoss = s.score.LogLoss.with(s.losses)
	s.score.Brier = s.score.Brier.with(s.squares)
	s.losses, s.squares = s.losses[:0], s.squares[:0]
}

// result is the score of all rows.
func (s *scorer) result() Score {
	s.fold()
	s.score.Confusion = make([][]int, s.classes)
	for i := range s.score.Confusion {
		s.score.Confusion[i] = s.confusions[i*s.classes : (i+1)*s.classes]
	}
	return s.score
}

// binOf is the bin of a confidence between 0 and 1: bin i holds what is above i/15 and at most (i+1)/15; 0 is in the
// first.
func binOf(confidence float64) int {
	const bins = len(Score{}.Calibration)
	i := min(max(int(math.Ceil(confidence*float64(bins)))-1, 0), bins-1)
	if confidence > float64(i+1)/float64(bins) { // the product was rounded down to the edge
		i++
	}
	return i
}

// with are the moments with more values: of the values in two passes, of both together by Chan, Golub and LeVeque
// (Algorithms for computing the sample variance, 1983).
func (m Moments) with(values []float64) Moments {
	if len(values) == 0 {
		return m
	}
	sum, m2 := 0.0, 0.0
	for _, v := range values {
		sum += v
	}
	mean := sum / float64(len(values))
	for _, v := range values {
		m2 += (v - mean) * (v - mean)
	}
	n := m.N + len(values)
	delta := mean - m.Mean
	share := float64(len(values)) / float64(n)
	return Moments{N: n, Mean: m.Mean + delta*share, M2: m.M2 + m2 + delta*delta*float64(m.N)*share}
}
