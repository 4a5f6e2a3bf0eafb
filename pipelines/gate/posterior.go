package gate

import (
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// The posterior is drawn mostDraws times; where there are so many classes that this would take minutes, as often as
// drawnCells allows, and never less than leastDraws.
const (
	mostDraws  = 10_000
	leastDraws = 1_000
	drawnCells = 20_000_000
)

// Posterior is the central 95 % of what the cells of a confusion matrix make likely for each of several statistics of
// them, with Dirichlet(1/K) as the prior for K cells. The same seed gives the same limits. The bootstrap, which cannot draw
// a mistake that it has not seen, covers badly on small sets; this prior's lower limits are too high about once in forty
// times (1/K for K classes: hardly ever).
//
// Perks, "Some observations on inverse probability including a new indifference rule", Journal of the Institute of
// Actuaries 73 (1947) 285–334; Goutte and Gaussier, "A probabilistic interpretation of precision, recall and F-score",
// ECIR 2005.
func Posterior(cells [][]float64, seed uint64, statistics ...func([][]float64) float64) []Interval {
	classes := len(cells)
	draws := min(mostDraws, max(leastDraws, drawnCells/(classes*classes)))
	prior := 1 / float64(classes*classes)
	source := rand.NewPCG(seed, 0)
	values := make([][]float64, len(statistics))
	drawn := make([][]float64, classes)
	for label := range drawn {
		drawn[label] = make([]float64, classes)
	}
	for range draws {
		for label, row := range cells {
			for prediction, n := range row {
				// Gamma draws are a Dirichlet draw but for their sum, which shares do not depend on.
				drawn[label][prediction] = distuv.Gamma{Alpha: n + prior, Beta: 1, Src: source}.Rand()
			}
		}
		for i, statistic := range statistics {
			values[i] = append(values[i], statistic(drawn))
		}
	}
	intervals := make([]Interval, len(statistics))
	for i := range values {
		slices.Sort(values[i])
		intervals[i] = Interval{
			stat.Quantile(tail, stat.LinInterp, values[i], nil),
			stat.Quantile(1-tail, stat.LinInterp, values[i], nil),
		}
	}
	return intervals
}
