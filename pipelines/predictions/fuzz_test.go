package predictions

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"
)

// FuzzNumber: the number is the one of strconv, to the bit, and so is what is none.
func FuzzNumber(f *testing.F) {
	for _, text := range []string{
		"", ".", "0", "1", "-0", "0.1", ".5", "5.", "0.30000001192092896", "123456789012345", "1234567890123456", "0.00000000000001",
		"9007199254740993", "1e-7", "1E22", "NaN", "-inf", "+.1", "1..2", "1_0", "0x1p-2", "0.1 ", "00000000000000.1", "999999999999999.", "١",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := number(text)
		want, wantErr := strconv.ParseFloat(string(text), 64)
		if (err == nil) != (wantErr == nil) || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%q is %v (%v), strconv says %v (%v)", text, got, err, want, wantErr)
		}
	})
}

// FuzzCount: no text breaks the reader, and what it accepts encoding/csv reads the same.
func FuzzCount(f *testing.F) {
	for _, s := range []sample{heldOut(), outOfFold(), sampleOf(HoldOut, "id,label,prediction,slice_a", `"1,""",cat,"dog",`+"\"a\nb\"")} {
		f.Add(strings.Join(s.lines, "\n"), len(s.lines)-1)
		f.Add(strings.Join(s.lines, "\r\n")+"\r\n", len(s.lines)-1)
	}
	for _, test := range refused {
		f.Add(strings.Join(test.sample.lines, "\n")+"\n", 5)
	}
	f.Fuzz(func(t *testing.T, text string, rows int) {
		s := sampleOf(HoldOut)
		s.declaration.Data.Rows, s.declaration.Predictions.Rows = rows, rows
		if header, _, _ := strings.Cut(text, "\n"); strings.Contains(header, "fold") {
			s.declaration.Protocol, s.declaration.Folds = OutOfFold, 2
		}
		dir := s.writeText(t, text)
		got, err := count(dir, dir)
		if err != nil {
			return
		}
		read, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatalf("%q is accepted, and encoding/csv says: %v", text, err)
		}
		right := 0
		for _, fields := range read[1:] {
			if fields[1] == fields[2] {
				right++
			}
		}
		if len(read)-1 != rows || got.Paired.BothRight != right || got.Paired.BothWrong != rows-right {
			t.Errorf("%q: %d rows, %d right; counted %+v", text, len(read)-1, right, got.Paired)
		}
	})
}

// FuzzDeclaration: no text breaks it, and what is accepted is sound.
func FuzzDeclaration(f *testing.F) {
	f.Add([]byte(`{"version":1,"protocol":"hold-out","classes":["a","b"],"model":{"sha256":"` + modelDigest + `"},"data":{"name":"n","sha256":"` + dataDigest +
		`","rows":1},"trained_on":["` + trainingDigest + `"],"seed":1,"predictions":{"file":"p.csv","sha256":"` + modelDigest + `","rows":1},"versions":{"a":"1"}}`))
	f.Add([]byte(`{"folds":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := readDeclaration(bytes.NewReader(text))
		if err == nil && (d.Version != 1 || len(d.Classes) < 2 || d.Predictions.Rows < 1 || len(d.TrainedOn) == 0) {
			t.Errorf("%q is accepted", text)
		}
	})
}
