// Package edit changes values in YAML files that people write, and leaves every other byte as it is: comments, order, quotes,
// line ends and fields that nobody here knows. It works on the text, by the positions of the parsed nodes, and reads again
// what it wrote: a text that does not say exactly what was meant is an error and not a file.
package edit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// File is a YAML file of one or more documents, and the edits that are to be made in it.
type File struct {
	name      string
	text      []byte
	lines     []int // offsets of their starts
	newline   string
	documents []*yaml.Node
	edits     []edit
}

// edit puts a text in the place of what is between two offsets.
type edit struct {
	start, end int
	text       string
}

// Parse reads a file. What is wrong with it is a *manifest.FileError.
func Parse(name string, text []byte) (*File, error) {
	documents, err := parse(name, text)
	if err != nil {
		return nil, err
	}
	f := &File{name: name, text: text, lines: lineStarts(text), newline: "\n", documents: documents}
	if at := bytes.IndexAny(text, "\r\n"); at >= 0 && text[at] == '\r' {
		f.newline = "\r"
		if bytes.HasPrefix(text[at:], []byte("\r\n")) {
			f.newline = "\r\n"
		}
	}
	return f, nil
}

// parse reads the roots of all documents that have content, and refuses keys that stand twice.
func parse(name string, text []byte) ([]*yaml.Node, error) {
	documents, err := manifest.Documents(name, text)
	if err != nil {
		return nil, err
	}
	var roots []*yaml.Node
	for _, document := range documents {
		roots = append(roots, document.Node)
	}
	return roots, nil
}

// Documents are the roots of its documents. Edits name nodes that are reached from them, and change those, too.
func (f *File) Documents() []*yaml.Node { return f.documents }

// wrong is an error at a node.
func (f *File) wrong(node *yaml.Node, format string, args ...any) error {
	return &manifest.FileError{File: f.name, Line: node.Line, Reason: fmt.Sprintf(format, args...)}
}

// Bytes are the file with all edits made, once it is made sure that it says what was meant.
func (f *File) Bytes() ([]byte, error) {
	slices.SortStableFunc(f.edits, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	var out bytes.Buffer
	at := 0
	for _, e := range f.edits {
		if e.start < at {
			return nil, &manifest.FileError{File: f.name, Line: f.lineOf(e.start), Reason: "two edits meet here: make one after the other"}
		}
		out.Write(f.text[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(f.text[at:])
	if err := f.verify(out.Bytes()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// verify reads what was written, and compares it with what was meant.
func (f *File) verify(text []byte) error {
	written, err := parse(f.name, text)
	if err != nil {
		return fmt.Errorf("it can't be edited safely: write a key a line there, without tricks: %w", err)
	}
	if len(written) != len(f.documents) {
		return &manifest.FileError{File: f.name, Reason: "it can't be edited safely: it would have another number of documents"}
	}
	for i, want := range f.documents {
		if at := differs(want, written[i]); at != nil {
			return f.wrong(at, "it can't be edited safely: write a key a line here, without tricks")
		}
	}
	return nil
}

// differs is the first node of what was meant that the other does not say.
func differs(want, got *yaml.Node) *yaml.Node {
	if want.Kind != got.Kind || want.ShortTag() != got.ShortTag() || want.Anchor != got.Anchor || len(want.Content) != len(got.Content) {
		return want
	}
	if want.Value != got.Value {
		return want
	}
	for i := range want.Content {
		if at := differs(want.Content[i], got.Content[i]); at != nil {
			return at
		}
	}
	return nil
}

// lineStarts are the offsets at which lines start, by what ends a line in YAML.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for i := 0; i < len(text); {
		if width := lineBreak(text[i:]); width > 0 {
			i += width
			starts = append(starts, i)
			continue
		}
		i++
	}
	return starts
}

// lineBreak is the width of the line break that a text begins with: CR LF, LF, CR, NEL, LS or PS; 0 for none.
func lineBreak(text []byte) int {
	for _, end := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if bytes.HasPrefix(text, []byte(end)) {
			return len(end)
		}
	}
	return 0
}

// lineOf is the line of an offset, from 1.
func (f *File) lineOf(offset int) int {
	at, found := slices.BinarySearch(f.lines, offset)
	if found {
		at++
	}
	return at
}

// offset is where a node begins. Columns count characters.
func (f *File) offset(node *yaml.Node) (int, error) {
	if node.Line < 1 || node.Line > len(f.lines) {
		return 0, errors.New("its place is not known")
	}
	start := f.lines[node.Line-1]
	reader := bytes.NewReader(f.text[start:])
	if start == 0 && bytes.HasPrefix(f.text, []byte("\ufeff")) {
		if _, err := reader.Seek(3, io.SeekStart); err != nil {
			return 0, err
		}
	}
	for range node.Column - 1 {
		if _, _, err := reader.ReadRune(); err != nil {
			return 0, errors.New("its place is not known")
		}
	}
	return len(f.text) - reader.Len(), nil
}

// indentOf is the white space that a line begins with, up to an offset in it; false if there is something else.
func (f *File) indentOf(offset int) (string, bool) {
	before := string(f.text[f.lines[f.lineOf(offset)-1]:offset])
	return before, strings.Trim(before, " ") == ""
}
