package predictions

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"strconv"
)

// rows reads and checks the file of one evaluation, row by row, and scores it.
type rows struct {
	declared Declaration
	path     string
	sum      hash.Hash
	records  *records
	columns  columns
	classes  map[string]uint16
	scorer   *scorer
	folds    []bool // which occurred
	count    int

	fields        [][]byte // of the record at hand
	probabilities []float64
	quoted        []byte
	last          []byte // the id before
}

// newRows reads the header.
func newRows(e *Evaluation, source io.Reader) (*rows, error) {
	r := &rows{declared: e.Declaration, path: e.path(), sum: sha256.New(), classes: map[string]uint16{}, folds: make([]bool, e.Folds)}
	r.records = newRecords(io.TeeReader(source, r.sum))
	for i, class := range e.Classes {
		r.classes[class] = uint16(i)
	}
	record, quoted, err := r.records.next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: it is empty: want a header and %d rows", r.path, e.Predictions.Rows)
	}
	if err == nil {
		r.fields, err = split(record, quoted, nil)
	}
	if err != nil {
		return nil, r.wrong(err)
	}
	var names []string
	for _, field := range r.fields {
		names = append(names, string(field))
	}
	if r.columns, err = parseHeader(names, e.Declaration); err != nil {
		return nil, r.wrong(err)
	}
	r.probabilities = make([]float64, r.columns.probabilities)
	r.scorer = newScorer(len(e.Classes), r.columns.probabilities > 0)
	return r, nil
}

// read fills a batch, unless it is the last one.
func (r *rows) read(b *batch) {
	for len(b.rows) < batchRows {
		record, quoted, err := r.records.next()
		if errors.Is(err, io.EOF) {
			b.last, b.err = true, r.end()
			return
		}
		if err == nil {
			r.fields, err = split(record, quoted, r.fields[:0])
		}
		if err == nil {
			err = r.row(b, quoted)
		}
		if err != nil {
			b.last, b.err = true, r.wrong(err)
			return
		}
	}
	r.scorer.fold()
}

// end is an error unless the file was what its declaration says.
func (r *rows) end() error {
	if want := r.declared.Predictions.Rows; r.count != want {
		return fmt.Errorf("%s: it has %d rows, and %s says %d", r.path, r.count, declarationFile, want)
	}
	if sum := hex.EncodeToString(r.sum.Sum(nil)); sum != r.declared.Predictions.SHA256 {
		return fmt.Errorf("%s: its sha256 is %s, and %s says %s: it was changed after it was declared", r.path, sum, declarationFile, r.declared.Predictions.SHA256)
	}
	for fold, occurred := range r.folds {
		if !occurred {
			return fmt.Errorf("%s: no row is of fold %d, and %s says %d folds", r.path, fold, declarationFile, len(r.folds))
		}
	}
	return nil
}

// row checks the fields at hand and appends them to the batch.
func (r *rows) row(b *batch, quoted bool) error {
	if len(r.fields) != len(r.columns.names) {
		return fmt.Errorf("it has %d fields, the header %d", len(r.fields), len(r.columns.names))
	}
	if want := r.declared.Predictions.Rows; r.count == want {
		return fmt.Errorf("it is one row more than the %d that %s says", want, declarationFile)
	}
	if err := r.ascends(r.fields[0]); err != nil {
		return err
	}
	label, err := r.class(1)
	if err != nil {
		return err
	}
	prediction := label
	if !bytes.Equal(r.fields[2], r.fields[1]) {
		if prediction, err = r.class(2); err != nil {
			return err
		}
	}
	if err := r.readProbabilities(prediction); err != nil {
		return err
	}
	if err := r.readFold(); err != nil {
		return err
	}
	r.scorer.add(int(label), int(prediction), r.probabilities)
	tail, fold := r.tail(quoted)
	b.add(row{label: label, prediction: prediction, line: r.records.line}, r.fields[0], tail, fold)
	r.count++
	return nil
}

// tail is what follows the probabilities, and how many bytes at its end are the fold.
func (r *rows) tail(quoted bool) (tail []byte, fold int) {
	fields := r.fields[r.columns.tail():]
	if len(fields) == 0 {
		return nil, 0
	}
	if r.columns.fold {
		fold = len(fields[len(fields)-1])
	}
	if quoted {
		r.quoted = appendQuoted(r.quoted[:0], fields)
		return r.quoted, fold
	}
	size := len(fields) - 1
	for _, field := range fields {
		size += len(field)
	}
	return fields[0][:size], fold // the fields lie in the record side by side
}

// ascends checks an id, and keeps it for the next one.
func (r *rows) ascends(id []byte) error {
	switch order := bytes.Compare(r.last, id); {
	case len(id) == 0:
		return r.cell(0, "is empty: each row needs an id")
	case order == 0:
		return r.cell(0, "is the id of the row before, too: ids are unique")
	case order > 0:
		return r.cell(0, fmt.Sprintf("follows %s: sort the rows by the bytes of their ids", shown(r.last)))
	}
	r.last = append(r.last[:0], id...)
	return nil
}

func (r *rows) class(column int) (uint16, error) {
	class, known := r.classes[string(r.fields[column])]
	if !known {
		return 0, r.cell(column, fmt.Sprintf("is none of the classes that %s names", declarationFile))
	}
	return class, nil
}

func (r *rows) readProbabilities(prediction uint16) error {
	if len(r.probabilities) == 0 {
		return nil
	}
	sum, largest := 0.0, 0
	for class := range r.probabilities {
		column := len(given) + class
		p, err := number(r.fields[column])
		switch {
		case err != nil:
			return r.cell(column, "is no number")
		case math.IsNaN(p):
			return r.cell(column, "is not a number")
		case math.IsInf(p, 0):
			return r.cell(column, "is infinite")
		case p < 0:
			return r.cell(column, "is negative")
		case p > 1+tolerance:
			return r.cell(column, "is more than one")
		}
		r.probabilities[class] = p
		sum += p
		if p > r.probabilities[largest] {
			largest = class
		}
	}
	if off := math.Abs(sum - 1); off > tolerance*float64(len(r.probabilities)) {
		return fmt.Errorf("columns %s to %s: the probabilities' sum is %g, not one", r.columns.names[len(given)], r.columns.names[r.columns.tail()-1], sum)
	}
	if r.probabilities[largest]-r.probabilities[prediction] > tolerance {
		return r.cell(2, fmt.Sprintf("has a probability of %g, and %s has the larger one of %g: predict the most probable class",
			r.probabilities[prediction], shown([]byte(r.declared.Classes[largest])), r.probabilities[largest]))
	}
	return nil
}

func (r *rows) readFold() error {
	if !r.columns.fold {
		return nil
	}
	column := len(r.fields) - 1
	fold, err := strconv.ParseUint(string(r.fields[column]), 10, 31)
	if err != nil {
		return r.cell(column, "is no integer of zero or more")
	}
	if fold >= uint64(len(r.folds)) {
		return r.cell(column, fmt.Sprintf("is not below the %d folds that %s says", len(r.folds), declarationFile))
	}
	r.folds[fold] = true
	return nil
}

// wrong says where in the file an error is.
func (r *rows) wrong(err error) error { return fmt.Errorf("%s:%d: %w", r.path, r.records.line, err) }

// cell is an error of one field of the row at hand.
func (r *rows) cell(column int, complaint string) error {
	return fmt.Errorf("column %s: %s %s", r.columns.names[column], shown(r.fields[column]), complaint)
}

// shown is a value in quotes, of a long one its beginning.
func shown(value []byte) string {
	const most = 80
	if len(value) > most {
		return strconv.Quote(string(value[:most])) + "…"
	}
	return strconv.Quote(string(value))
}
