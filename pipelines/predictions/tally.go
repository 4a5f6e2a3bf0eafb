package predictions

// Protocol says on which rows a model was judged.
type Protocol string

// The two ways to judge a model on rows that it was not trained on.
const (
	// HoldOut: one locked set of rows that no model has seen.
	HoldOut Protocol = "hold-out"
	// OutOfFold: every row is predicted by a model of the same recipe that was trained on the other folds.
	OutOfFold Protocol = "out-of-fold"
)

// Slice is a part of the rows: those with a value in a column.
type Slice struct {
	// Column is the column's name without its prefix slice_.
	Column string `json:"column"`
	Value  string `json:"value"`
}

// Tally is what a judge needs of one or two evaluations over the same rows.
type Tally struct {
	Protocol  Protocol
	Classes   []string
	Rows      int
	Candidate Score
	Champion  *Score // nil where there is none
	Paired    Paired // zero without a champion
	Slices    []SliceTally
	Flips     []Flip // the first rows on which only one of the two is right, in the order of their ids
}

// Paired counts rows by which of the two models was right.
type Paired struct {
	BothRight int
	Won       int // only the candidate
	Lost      int // only the champion
	BothWrong int
}

// Score is what one model made of the rows.
type Score struct {
	// Confusion counts rows by label and prediction: Confusion[label][prediction].
	Confusion [][]int
	// Probabilities says whether there was a probability for each class; without them all below is zero.
	Probabilities bool
	LogLoss       Moments
	Brier         Moments
	// Calibration has bins of equal width over the probability of the predicted class, closed on the right.
	Calibration [15]Bin
}

// Moments are the mean of values and the sum of the squares of their distances from it.
type Moments struct {
	N    int
	Mean float64
	M2   float64
}

// Bin is one bin of a reliability diagram.
type Bin struct {
	N          int
	Correct    int
	Confidence float64 // the sum over its rows
}

// SliceTally is what the models made of a slice.
type SliceTally struct {
	Slice          Slice
	N              int
	CandidateRight int
	ChampionRight  int
	Paired         Paired
}

// Flip is a row on which only one of the two models is right.
type Flip struct {
	ID        string `json:"id"`
	Label     string `json:"label"`
	Candidate string `json:"candidate"`
	Champion  string `json:"champion"`
}
