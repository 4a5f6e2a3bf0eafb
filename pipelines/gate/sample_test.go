package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/predictions"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// digestOf makes a digest for a test out of a letter or two.
func digestOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// row is a row of an evaluation; label and prediction are places in the classes.
type row struct {
	label, prediction int
	size              string // the value of slice_size
}

// sample is an evaluation to be written.
type sample struct {
	model    string
	protocol predictions.Protocol
	classes  int
	rows     []row
}

// open writes the evaluation, the predicted class with a probability of 0.9, and opens it.
func (s sample) open(t *testing.T) *predictions.Evaluation {
	t.Helper()
	declared := predictions.Declaration{
		Version: 1, Protocol: s.protocol, Model: predictions.Model{SHA256: digestOf(s.model)},
		Data:      predictions.Data{Name: "sample", SHA256: digestOf("data"), Rows: len(s.rows)},
		TrainedOn: []string{digestOf("training data")}, Seed: 7, Versions: map[string]string{"scikit-learn": "1.9.1"},
	}
	if s.protocol == predictions.OutOfFold {
		declared.Folds = 5
	}
	for class := range s.classes {
		declared.Classes = append(declared.Classes, className(class))
	}
	text := s.csv()
	sum := sha256.Sum256([]byte(text))
	declared.Predictions = predictions.File{File: "predictions.csv", SHA256: hex.EncodeToString(sum[:]), Rows: len(s.rows)}
	declaration, err := json.Marshal(declared)
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "evaluation.json"), declaration, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "predictions.csv"), []byte(text), 0o644))
	evaluation, err := predictions.Open(dir)
	must(t, err)
	return evaluation
}

func className(class int) string { return string(rune('a' + class)) }

func (s sample) csv() string {
	var b strings.Builder
	b.WriteString("id,label,prediction")
	for class := range s.classes {
		b.WriteString(",probability_" + className(class))
	}
	b.WriteString(",slice_size")
	if s.protocol == predictions.OutOfFold {
		b.WriteString(",fold")
	}
	for i, r := range s.rows {
		fmt.Fprintf(&b, "\n%06d,%s,%s", i, className(r.label), className(r.prediction))
		for class := range s.classes {
			p := 0.1 / float64(s.classes-1)
			if class == r.prediction {
				p = 0.9
			}
			fmt.Fprintf(&b, ",%v", p)
		}
		b.WriteString("," + r.size)
		if s.protocol == predictions.OutOfFold {
			fmt.Fprintf(&b, ",%d", i%5)
		}
	}
	return b.String() + "\n"
}

// duel is a candidate and a champion over the same rows, by how many of these each was right on.
type duel struct {
	bothRight, won, lost, bothWrong int
	protocol                        predictions.Protocol // hold-out if empty
	small                           int                  // the first so many of the rows of each kind are of size small, the others large
}

const duelClasses = 3

func (d duel) samples() (candidate, champion sample) {
	candidate = sample{model: "candidate", protocol: d.protocol, classes: duelClasses}
	if d.protocol == "" {
		candidate.protocol = predictions.HoldOut
	}
	champion = candidate
	champion.model = "champion"
	add := func(count int, candidateRight, championRight bool) {
		for i := range count {
			label, size := i%duelClasses, "large"
			if i < d.small {
				size = "small"
			}
			candidate.rows = append(candidate.rows, row{label, answer(label, candidateRight), size})
			champion.rows = append(champion.rows, row{label, answer(label, championRight), size})
		}
	}
	add(d.bothRight, true, true)
	add(d.won, true, false)
	add(d.lost, false, true)
	add(d.bothWrong, false, false)
	return candidate, champion
}

func answer(label int, right bool) int {
	if right {
		return label
	}
	return (label + 1) % duelClasses
}

// metric is the one metric of a verdict with this name, against this model, in this slice ("" is none).
func metric(t *testing.T, v Verdict, name Name, against, size string) Metric {
	t.Helper()
	for _, m := range v.Metrics {
		if m.Name == name && m.Against == against && (m.Slice == nil && size == "" || m.Slice != nil && m.Slice.Value == size) {
			return m
		}
	}
	t.Fatalf("no metric %s against %q of size %q in %v", name, against, size, v.Metrics)
	return Metric{}
}
