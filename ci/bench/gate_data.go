package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// gateClasses and gateSlices are those of the generated predictions: three probabilities, and twenty slices in four
// columns.
var (
	gateClasses = []string{"setosa", "versicolor", "virginica"}
	gateSlices  = []string{"region", "device", "season", "size"}
	gateValues  = []string{"a", "b", "c", "d", "e"}
)

// predictionsFile is one file of predictions that is being written.
type predictionsFile struct {
	dir, model string
	accuracy   float64
	file       *os.File
	out        *bufio.Writer
	sum        interface {
		io.Writer
		Sum([]byte) []byte
	}
}

// generate writes an evaluation of a candidate and one of a champion over the same rows, the same ones for the same seed.
func generate(dir string, rows int, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0))
	files := []*predictionsFile{
		{dir: filepath.Join(dir, "candidate"), model: "candidate", accuracy: 0.931},
		{dir: filepath.Join(dir, "champion"), model: "champion", accuracy: 0.929},
	}
	for _, f := range files {
		if err := f.create(); err != nil {
			return err
		}
	}
	var common []byte
	for id := range rows {
		label := random.IntN(len(gateClasses))
		common = common[:0]
		for range gateSlices {
			common = append(append(common, ','), gateValues[random.IntN(len(gateValues))]...)
		}
		for _, f := range files {
			if err := f.row(id, label, random, common); err != nil {
				return err
			}
		}
	}
	for _, f := range files {
		if err := f.declare(rows, seed); err != nil {
			return err
		}
	}
	return nil
}

func (f *predictionsFile) create() (err error) {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	if f.file, err = os.Create(filepath.Join(f.dir, "predictions.csv")); err != nil {
		return err
	}
	f.sum = sha256.New()
	f.out = bufio.NewWriterSize(io.MultiWriter(f.file, f.sum), 1<<20)
	header := "id,label,prediction"
	for _, class := range gateClasses {
		header += ",probability_" + class
	}
	for _, name := range gateSlices {
		header += ",slice_" + name
	}
	_, err = f.out.WriteString(header + "\n")
	return err
}

// row writes a row, with probabilities as a model in float32 has them.
func (f *predictionsFile) row(id, label int, random *rand.Rand, common []byte) error {
	prediction := label
	if random.Float64() > f.accuracy {
		prediction = (label + 1 + random.IntN(len(gateClasses)-1)) % len(gateClasses)
	}
	top := float32(0.5 + random.Float64()/2)
	second := (1 - top) * random.Float32()
	line := fmt.Appendf(f.out.AvailableBuffer(), "%08d,%s,%s", id, gateClasses[label], gateClasses[prediction])
	for class := range gateClasses {
		p := 1 - top - second
		switch class {
		case prediction:
			p = top
		case (prediction + 1) % len(gateClasses):
			p = second
		}
		line = strconv.AppendFloat(append(line, ','), float64(max(p, 0)), 'f', -1, 32)
	}
	_, err := f.out.Write(append(append(line, common...), '\n'))
	return err
}

// declare writes what the file is, at its end.
func (f *predictionsFile) declare(rows int, seed uint64) error {
	if err := errors.Join(f.out.Flush(), f.file.Close()); err != nil {
		return err
	}
	digest := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	text, err := json.MarshalIndent(map[string]any{
		"version": 1, "protocol": "hold-out", "classes": gateClasses, "seed": seed,
		"model":       map[string]any{"sha256": digest(f.model)},
		"data":        map[string]any{"name": "generated", "sha256": digest("held out"), "rows": rows},
		"trained_on":  []string{digest("trained on")},
		"predictions": map[string]any{"file": "predictions.csv", "sha256": hex.EncodeToString(f.sum.Sum(nil)), "rows": rows},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(f.dir, "evaluation.json"), text, 0o644)
}
