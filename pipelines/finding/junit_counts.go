package finding

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// announced is what a suite's attributes say of it, and what it holds.
type announced struct {
	name                 string
	tests, failures      int
	heldTests, heldFails int
}

// checkAnnounced makes sure that suites hold the tests and failures that their
// attributes announce; go-junit ignores those. Only fewer is wrong: runners that
// repeat tests announce the last repetition.
func checkAnnounced(data []byte) error {
	var open []announced
	decoder := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if isSuite(token.Name) {
				suite, err := announcedBy(token)
				if err != nil {
					return err
				}
				open = append(open, suite)
			}
			for i := range open {
				open[i].hold(token.Name.Local)
			}
		case xml.EndElement:
			if isSuite(token.Name) {
				if err := open[len(open)-1].check(); err != nil {
					return err
				}
				open = open[:len(open)-1]
			}
		}
	}
}

func isSuite(name xml.Name) bool { return name.Local == "testsuite" || name.Local == "testsuites" }

func announcedBy(suite xml.StartElement) (announced, error) {
	counts, err := integers(suite, "tests", "failures", "errors")
	if err != nil {
		return announced{}, err
	}
	return announced{name: attribute(suite, "name"), tests: counts[0], failures: counts[1] + counts[2]}, nil
}

func (a *announced) hold(element string) {
	switch element {
	case "testcase":
		a.heldTests++
	case "failure", "error":
		a.heldFails++
	}
}

func (a *announced) check() error {
	if a.failures > a.heldFails || a.tests > 0 && a.heldTests == 0 {
		return fmt.Errorf("suite %q announces %d tests and %d failures, and holds %d and %d: the report is damaged",
			a.name, a.tests, a.failures, a.heldTests, a.heldFails)
	}
	return nil
}

func attribute(element xml.StartElement, name string) string {
	for _, attr := range element.Attr {
		if attr.Name.Local == name {
			return attr.Value
		}
	}
	return ""
}

func integers(element xml.StartElement, names ...string) ([]int, error) {
	values := make([]int, len(names))
	for i, name := range names {
		text := attribute(element, name)
		if text == "" {
			continue
		}
		value, err := strconv.Atoi(text)
		if err != nil || value < 0 {
			return nil, fmt.Errorf("<%s %s=%q>: this is no count: the report is damaged", element.Name.Local, name, text)
		}
		values[i] = value
	}
	return values, nil
}
