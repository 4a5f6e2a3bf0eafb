package finding

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

type xmlSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Time     string     `xml:"time,attr"`
	Suites   []xmlSuite `xml:"testsuite"`
}

type xmlSuite struct {
	Name     string    `xml:"name,attr"`
	Tests    int       `xml:"tests,attr"`
	Failures int       `xml:"failures,attr"`
	Errors   int       `xml:"errors,attr"`
	Skipped  int       `xml:"skipped,attr"`
	Time     string    `xml:"time,attr"`
	Cases    []xmlCase `xml:"testcase"`
}

type xmlCase struct {
	Class   string      `xml:"classname,attr,omitempty"`
	Name    string      `xml:"name,attr"`
	Time    string      `xml:"time,attr"`
	File    string      `xml:"file,attr,omitempty"`
	Failure *xmlProblem `xml:"failure"`
	Error   *xmlProblem `xml:"error"`
	Skipped *xmlSkipped `xml:"skipped"`
}

type xmlProblem struct {
	Message string `xml:"message,attr"`
	Detail  string `xml:",chardata"`
}

type xmlSkipped struct {
	Message string `xml:"message,attr,omitempty"`
}

// WriteJUnit writes test results as one JUnit XML file in Surefire's dialect.
// What XML 1.0 can't hold becomes U+FFFD.
func WriteJUnit(w io.Writer, tests Tests) error {
	if err := tests.Check(); err != nil {
		return fmt.Errorf("JUnit XML: %w", err)
	}
	out := xmlSuites{
		Tests: tests.Total(), Failures: tests.Failed, Errors: tests.Errored, Skipped: tests.Skipped,
		Time: inSeconds(tests.Duration),
	}
	for _, suite := range tests.Suites {
		var total Tests
		total.Add(suite)
		var cases []xmlCase
		for _, c := range suite.Cases {
			cases = append(cases, xmlCaseOf(c))
		}
		out.Suites = append(out.Suites, xmlSuite{
			Name: suite.Name, Tests: total.Total(), Failures: total.Failed, Errors: total.Errored, Skipped: total.Skipped,
			Time: inSeconds(total.Duration), Cases: cases,
		})
	}
	data, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("JUnit XML: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, data)
	return err
}

func xmlCaseOf(c Case) xmlCase {
	out := xmlCase{Class: c.Class, Name: c.Name, Time: inSeconds(c.Duration), File: c.Location.File}
	switch c.Outcome {
	case Failed:
		out.Failure = &xmlProblem{Message: c.Message, Detail: c.Detail}
	case Errored:
		out.Error = &xmlProblem{Message: c.Message, Detail: c.Detail}
	case Skipped:
		out.Skipped = &xmlSkipped{Message: c.Message}
	}
	return out
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
