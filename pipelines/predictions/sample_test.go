package predictions

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The digests of the samples.
var (
	dataDigest     = strings.Repeat("d", 64)
	trainingDigest = strings.Repeat("e", 64)
	modelDigest    = strings.Repeat("a", 64)
)

// sample is an evaluation that a test may damage before it is written.
type sample struct {
	declaration Declaration
	lines       []string
}

// heldOut is a sound one of five rows, with everything that a held-out row may have.
func heldOut() sample {
	return sampleOf(HoldOut,
		"id,label,prediction,probability_cat,probability_dog,slice_region,slice_size",
		"1,cat,cat,0.75,0.25,north,s",
		"2,cat,dog,0.4,0.6,north,m",
		"3,dog,dog,0.1,0.9,south,m",
		"4,dog,dog,0,1,south,s",
		"5,dog,cat,0.5,0.5,west,s",
	)
}

// outOfFold is a sound one without probabilities.
func outOfFold() sample {
	s := sampleOf(OutOfFold,
		"id,label,prediction,slice_region,fold",
		"a,cat,cat,north,0",
		"b,cat,dog,south,1",
		"c,dog,dog,north,0",
	)
	s.declaration.Folds, s.declaration.TrainedOn = 2, []string{dataDigest}
	return s
}

func sampleOf(protocol Protocol, lines ...string) sample {
	rows := len(lines) - 1
	return sample{
		declaration: Declaration{
			Version: 1, Protocol: protocol, Classes: []string{"cat", "dog"}, Seed: 7,
			Model: Model{SHA256: modelDigest}, Data: Data{Name: "animals", SHA256: dataDigest, Rows: rows},
			TrainedOn: []string{trainingDigest}, Predictions: File{File: "predictions.csv", Rows: rows},
		},
		lines: lines,
	}
}

// with is the sample with one line replaced; 1 is the header.
func (s sample) with(line int, text string) sample {
	lines := append([]string(nil), s.lines...)
	lines[line-1] = text
	s.lines = lines
	return s
}

// declaring is the sample with another declaration.
func (s sample) declaring(change func(*Declaration)) sample {
	s.declaration.Classes = append([]string(nil), s.declaration.Classes...)
	change(&s.declaration)
	return s
}

// write makes the folder. The digest is the file's unless the sample names one.
func (s sample) write(t testing.TB) string {
	t.Helper()
	return s.writeText(t, strings.Join(s.lines, "\n")+"\n")
}

func (s sample) writeText(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	if s.declaration.Predictions.SHA256 == "" {
		sum := sha256.Sum256([]byte(text))
		s.declaration.Predictions.SHA256 = hex.EncodeToString(sum[:])
	}
	declaration, err := json.Marshal(s.declaration)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{declarationFile: string(declaration), "predictions.csv": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// count opens and counts what lies in two folders, or in one.
func count(candidate, champion string, asked ...Slice) (Tally, error) {
	ours, err := Open(candidate)
	if err != nil {
		return Tally{}, err
	}
	if champion == "" {
		return Count(ours, nil, asked)
	}
	theirs, err := Open(champion)
	if err != nil {
		return Tally{}, fmt.Errorf("champion: %w", err)
	}
	return Count(ours, theirs, asked)
}
