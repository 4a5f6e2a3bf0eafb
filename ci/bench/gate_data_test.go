package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestGenerate: the same seed makes the same files, and a declaration says what they are. Whether they are sound, the
// gates say that read them.
func TestGenerate(t *testing.T) {
	one, same, other := t.TempDir(), t.TempDir(), t.TempDir()
	for dir, seed := range map[string]uint64{one: 1, same: 1, other: 2} {
		if err := generate(dir, 1000, seed); err != nil {
			t.Fatal(err)
		}
	}
	for _, model := range []string{"candidate", "champion"} {
		read := func(dir, name string) []byte {
			text, err := os.ReadFile(filepath.Join(dir, model, name))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		rows := read(one, "predictions.csv")
		if !bytes.Equal(rows, read(same, "predictions.csv")) || bytes.Equal(rows, read(other, "predictions.csv")) {
			t.Errorf("%s: the seed does not decide", model)
		}
		if n := bytes.Count(rows, []byte("\n")); n != 1001 {
			t.Errorf("%s: %d lines", model, n)
		}
		var declared struct{ Predictions struct{ SHA256 string } }
		if err := json.Unmarshal(read(one, "evaluation.json"), &declared); err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(rows); hex.EncodeToString(sum[:]) != declared.Predictions.SHA256 {
			t.Errorf("%s: declared is %s", model, declared.Predictions.SHA256)
		}
	}
}

func TestPeakMemory(t *testing.T) {
	small, large := command(t.Context(), "true"), command(t.Context(), "sh", "-c", "head -c 200000000 /dev/zero | tail -c 200000000 | wc -c; true")
	if err := inTurn(small, large); err != nil {
		t.Fatal(err)
	}
	if peakMemory(small.ProcessState) > 100 || peakMemory(large.ProcessState) < 190 {
		t.Errorf("true took %.0f MB, a child that holds 200 MB %.0f MB", peakMemory(small.ProcessState), peakMemory(large.ProcessState))
	}
}
