package monitoring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// node is a value of a JSON document and its line.
type node struct {
	line   int
	text   string // of a string
	fields map[string]node
	items  []node
}

// in is the value at a path of fields; where there is none it is empty.
func (n node) in(names ...string) node {
	for _, name := range names {
		n = n.fields[name]
	}
	return n
}

// readJSON reads a document of one value.
func readJSON(content []byte) (node, error) {
	r := &jsonReader{decoder: json.NewDecoder(bytes.NewReader(content)), content: content}
	value, err := r.value()
	if err == nil {
		if _, more := r.decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after its end")
		}
	}
	if err != nil {
		return node{}, &unreadable{"", r.line(), fmt.Errorf("no JSON: %w", err)}
	}
	return value, nil
}

type jsonReader struct {
	decoder *json.Decoder
	content []byte
	// read and lines are how far lines were counted.
	read, lines int
}

// line is the one that the decoder has come to, from 1.
func (r *jsonReader) line() int {
	at := min(int(r.decoder.InputOffset()), len(r.content))
	r.lines += bytes.Count(r.content[r.read:at], []byte("\n"))
	r.read = at
	return r.lines + 1
}

func (r *jsonReader) value() (node, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return node{}, err
	}
	n := node{line: r.line()}
	switch t := token.(type) {
	case string:
		n.text = t
	case json.Delim:
		if t == '{' {
			n.fields = map[string]node{}
		}
		for r.decoder.More() {
			if err := r.member(&n); err != nil {
				return node{}, err
			}
		}
		_, err = r.decoder.Token()
	}
	return n, err
}

// member reads a field of an object or an item of a list.
func (r *jsonReader) member(n *node) error {
	if n.fields == nil {
		item, err := r.value()
		n.items = append(n.items, item)
		return err
	}
	key, err := r.decoder.Token()
	if err != nil {
		return err
	}
	value, err := r.value()
	n.fields[fmt.Sprint(key)] = value
	return err
}
