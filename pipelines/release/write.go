package release

import (
	"bytes"
	"fmt"

	"github.com/esteira/esteira/pipelines/manifest/edit"
)

// Write brings the text of a set's file to another set. Only lines of what differs are touched; comments, order and fields
// that nobody here knows stay. file is what errors call it.
func Write(file string, text []byte, to Set) ([]byte, error) {
	from, err := Read(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := to.Check(); err != nil {
		return nil, fmt.Errorf("%s: the set to be written: %w", file, err)
	}
	parsed, err := edit.Parse(file, text)
	if err != nil {
		return nil, err
	}
	if len(parsed.Documents()) != 1 {
		return nil, fmt.Errorf("%s: there are %d documents: a release is one", file, len(parsed.Documents()))
	}
	if err := parsed.Merge(parsed.Documents()[0], from, to); err != nil {
		return nil, err
	}
	written, err := parsed.Bytes()
	if err != nil {
		return nil, err
	}
	again, err := Read(bytes.NewReader(written))
	if err != nil || !same(again, to) {
		return nil, fmt.Errorf("%s: it can't be edited safely: it would not say what it has to (%v): write a key a line there", file, err)
	}
	return written, nil
}
