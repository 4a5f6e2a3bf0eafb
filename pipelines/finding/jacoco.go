package finding

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// Coverage counts what the tests ran through.
type Coverage struct {
	LinesCovered    int `json:"linesCovered"`
	LinesMissed     int `json:"linesMissed"`
	BranchesCovered int `json:"branchesCovered"`
	BranchesMissed  int `json:"branchesMissed"`
}

// Lines is the percentage of lines covered, from 0 to 100.
func (c Coverage) Lines() float64 { return percent(c.LinesCovered, c.LinesMissed) }

// Branches is the percentage of branches covered, from 0 to 100; 100 where the
// code has none.
func (c Coverage) Branches() float64 { return percent(c.BranchesCovered, c.BranchesMissed) }

func percent(covered, missed int) float64 {
	if covered+missed == 0 {
		return 100
	}
	return 100 * float64(covered) / float64(covered+missed)
}

// FromJaCoCo reads the totals of a JaCoCo XML report (JACOCO//DTD Report 1.1):
// the counters that stand directly under <report>. Its DTD is not fetched. A
// report without a line that could be covered is an error: the classes were not
// found, or compiled without line numbers.
func FromJaCoCo(r io.Reader) (Coverage, error) {
	const format = "JaCoCo XML"
	data, err := readAll(r, format)
	if err != nil {
		return Coverage{}, err
	}
	if err := checkXML(data, format, "report"); err != nil {
		return Coverage{}, err
	}
	var report struct {
		Counters []jacocoCounter `xml:"counter"`
	}
	if err := xml.Unmarshal(data, &report); err != nil {
		return Coverage{}, fmt.Errorf("%s: %w", format, err)
	}
	var coverage Coverage
	for _, counter := range report.Counters {
		if err := counter.check(); err != nil {
			return Coverage{}, fmt.Errorf("%s: %w", format, err)
		}
		switch counter.Type {
		case "LINE":
			coverage.LinesCovered, coverage.LinesMissed = *counter.Covered, *counter.Missed
		case "BRANCH":
			coverage.BranchesCovered, coverage.BranchesMissed = *counter.Covered, *counter.Missed
		}
	}
	if coverage.LinesCovered+coverage.LinesMissed == 0 {
		return Coverage{}, errors.New(format + ": it counts no lines: JaCoCo was given no classes, or classes without line numbers (javac -g)")
	}
	return coverage, nil
}

type jacocoCounter struct {
	Type    string `xml:"type,attr"`
	Covered *int   `xml:"covered,attr"`
	Missed  *int   `xml:"missed,attr"`
}

func (c jacocoCounter) check() error {
	switch {
	case c.Covered == nil || c.Missed == nil:
		return fmt.Errorf("counter %s: covered or missed is missing: the report is damaged", c.Type)
	case *c.Covered < 0 || *c.Missed < 0:
		return fmt.Errorf("counter %s: covered=%d missed=%d: below zero, the report is damaged", c.Type, *c.Covered, *c.Missed)
	}
	return nil
}
