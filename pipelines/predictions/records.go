package predictions

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

const (
	bufferSize  = 1 << 18 // bytes, and the most that one row may have
	quote, feed = '"', '\n'
)

// records cuts a CSV file into its records. It holds one buffer, whatever the size of the file.
type records struct {
	source     io.Reader
	buffer     []byte
	start, end int // what is read and not handed out yet
	ended      bool
	line       int // where the record at hand begins, from 1
	lines      int // how many it has
}

func newRecords(source io.Reader) *records {
	return &records{source: source, buffer: make([]byte, bufferSize), lines: 1}
}

// next is the next record without the end of its line, and whether it has a quote; it holds until next is called again.
// After the last one it is io.EOF.
func (r *records) next() (record []byte, quoted bool, err error) {
	r.line += r.lines
	r.lines = 1
	looked, quotes := 0, 0 // how far, and how many are there
	for {
		unread := r.buffer[r.start:r.end]
		i := bytes.IndexByte(unread[looked:], feed)
		if i < 0 && !r.ended {
			quotes += bytes.Count(unread[looked:], []byte{quote})
			looked = len(unread)
			if err := r.fill(); err != nil {
				return nil, false, err
			}
			continue
		}
		if i < 0 {
			i = len(unread) - looked
		}
		quotes += bytes.Count(unread[looked:looked+i], []byte{quote})
		looked += i
		switch {
		case looked == len(unread): // the last line needs no end
			r.start = r.end
			if looked == 0 {
				return nil, false, io.EOF
			}
			return unread, quotes > 0, nil
		case quotes%2 == 0:
			r.start += looked + 1
			return bytes.TrimSuffix(unread[:looked], []byte("\r")), quotes > 0, nil
		}
		looked++ // an end of line after an odd number of quotes is inside of them
		r.lines++
	}
}

// fill reads on, behind what is not handed out yet.
func (r *records) fill() error {
	if r.start == 0 && r.end == len(r.buffer) {
		return fmt.Errorf("the row has more than %d bytes: is a quote not closed?", bufferSize)
	}
	copy(r.buffer, r.buffer[r.start:r.end])
	r.start, r.end = 0, r.end-r.start
	n, err := r.source.Read(r.buffer[r.end:])
	r.end += n
	if errors.Is(err, io.EOF) {
		r.ended, err = true, nil
	}
	return err
}

// split cuts a record at its commas. One with quotes is left to encoding/csv, which refuses what RFC 4180 does.
func split(record []byte, quoted bool, fields [][]byte) ([][]byte, error) {
	if quoted {
		return splitQuoted(record, fields)
	}
	for {
		i := bytes.IndexByte(record, ',')
		if i < 0 {
			return append(fields, record), nil
		}
		fields = append(fields, record[:i])
		record = record[i+1:]
	}
}

func splitQuoted(record []byte, fields [][]byte) ([][]byte, error) {
	texts, err := csv.NewReader(bytes.NewReader(record)).Read()
	if err != nil {
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("byte %d of the record: %w", wrong.Column, wrong.Err)
		}
		return nil, err
	}
	for _, text := range texts {
		fields = append(fields, []byte(text))
	}
	return fields, nil
}

// fields are those of a part of a record.
func fields(part []byte) ([][]byte, error) {
	return split(part, bytes.IndexByte(part, quote) >= 0, nil)
}

// appendQuoted appends fields as a record with no more quotes than it needs, so that equal fields are equal bytes.
func appendQuoted(record []byte, fields [][]byte) []byte {
	for i, field := range fields {
		if i > 0 {
			record = append(record, ',')
		}
		if !bytes.ContainsAny(field, "\",\n") {
			record = append(record, field...)
			continue
		}
		record = append(record, quote)
		record = append(record, bytes.ReplaceAll(field, []byte{quote}, []byte{quote, quote})...)
		record = append(record, quote)
	}
	return record
}
