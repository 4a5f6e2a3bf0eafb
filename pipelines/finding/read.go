package finding

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	maxBytes = 64 << 20 // of one file: more is no report but a fault
	maxDepth = 64       // of nested elements
)

// readAll reads one file of a tool. An empty one is an error: a tool that found
// nothing says so.
func readAll(r io.Reader, format string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: could not be read: %w", format, err)
	case len(data) > maxBytes:
		return nil, fmt.Errorf("%s: larger than %d MiB: see what the tool wrote into it", format, maxBytes>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fmt.Errorf("%s: the file is empty: the tool died before it wrote anything; see its log", format)
	}
	return data, nil
}

// checkXML makes sure that data is one complete XML document whose root is one
// of roots. encoding/xml alone stops reading where the root ends and nests
// without limit. It never fetches what a DOCTYPE names.
func checkXML(data []byte, format string, roots ...string) error {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	depth, complete := 0, false
	fail := func(text string, args ...any) error {
		line, _ := decoder.InputPos()
		return fmt.Errorf("%s: line %d: %s", format, line, fmt.Sprintf(text, args...))
	}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fail("%v: the file is cut off or no XML; begins with %q", err, beginning(data))
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			switch {
			case depth == 0 && complete:
				return fail("a second root element <%s>", name)
			case depth == 0 && !slices.Contains(roots, name):
				return fail("the root element is <%s> and not <%s>: this is another kind of file", name, strings.Join(roots, "> or <"))
			case depth == maxDepth:
				return fail("<%s> is nested more than %d deep", name, maxDepth)
			}
			depth++
		case xml.EndElement:
			depth--
			complete = depth == 0
		case xml.CharData:
			if depth == 0 && len(bytes.Trim(token, "\ufeff \t\r\n")) > 0 {
				return fail("text outside of the root element: %q", beginning(token))
			}
		}
	}
	if !complete {
		return fail("no root element: the file is cut off or no XML; begins with %q", beginning(data))
	}
	return nil
}

// beginning is enough of a text for a person to see what it is.
func beginning(data []byte) string {
	data = bytes.TrimSpace(data)
	return string(data[:min(len(data), 60)])
}
