package predictions

import (
	"fmt"
	"slices"
	"strings"
)

const (
	probabilityPrefix = "probability_"
	slicePrefix       = "slice_"
	foldColumn        = "fold"
)

// given are the columns that every file begins with.
var given = []string{"id", "label", "prediction"}

// columns are those of a file, by their names in its header.
type columns struct {
	names         []string
	probabilities int // how many: one for each class, or none
	slices        int
	fold          bool
}

// parseHeader reads a header: given, then all probabilities in the order of the classes or none, then slices, then the
// fold exactly where the protocol is out-of-fold.
func parseHeader(names []string, d Declaration) (columns, error) {
	c := columns{names: names, fold: d.Protocol == OutOfFold}
	rest := names
	take := func(want string) error {
		at := len(names) - len(rest) + 1
		if len(rest) == 0 {
			return fmt.Errorf("header: it ends after %d columns, want column %d to be %q", at-1, at, want)
		}
		if rest[0] != want {
			return fmt.Errorf("header: column %d is %q, want %q", at, rest[0], want)
		}
		rest = rest[1:]
		return nil
	}
	for _, name := range given {
		if err := take(name); err != nil {
			return columns{}, err
		}
	}
	if len(rest) > 0 && strings.HasPrefix(rest[0], probabilityPrefix) {
		c.probabilities = len(d.Classes)
		for _, class := range d.Classes {
			if err := take(probabilityPrefix + class); err != nil {
				return columns{}, err
			}
		}
	}
	for len(rest) > 0 && strings.HasPrefix(rest[0], slicePrefix) {
		if slices.Contains(c.sliceNames(), rest[0]) {
			return columns{}, fmt.Errorf("header: column %d: %q is named twice", len(names)-len(rest)+1, rest[0])
		}
		c.slices++
		rest = rest[1:]
	}
	if c.fold {
		if err := take(foldColumn); err != nil {
			return columns{}, fmt.Errorf("%w, since the protocol is %s", err, OutOfFold)
		}
	}
	if len(rest) == 0 {
		return c, nil
	}
	if rest[0] == foldColumn {
		return columns{}, fmt.Errorf("header: column %d is %q, and the protocol is %s: rows with folds were trained on", len(names)-len(rest)+1, foldColumn, d.Protocol)
	}
	return columns{}, fmt.Errorf("header: column %d is %q, which is none of %s, in this order", len(names)-len(rest)+1, rest[0],
		"id, label, prediction, probability_<class>, slice_<name>, fold")
}

// tail is the first column after the probabilities: slices and fold, which two files have in common.
func (c columns) tail() int { return len(given) + c.probabilities }

func (c columns) sliceNames() []string { return c.names[c.tail() : c.tail()+c.slices] }
