package finding

import (
	"encoding/xml"
	"fmt"
	"io"
)

// FromCobertura reads the totals of a coverage report in Cobertura's XML (coverage-04.dtd), as coverage.py and others
// write it: the attributes of its root. Its DTD is not fetched. A report without a line that could be covered is an
// error: the sources were not found.
func FromCobertura(r io.Reader) (Coverage, error) {
	const format = "Cobertura XML"
	data, err := readAll(r, format)
	if err != nil {
		return Coverage{}, err
	}
	if err := checkXML(data, format, "coverage"); err != nil {
		return Coverage{}, err
	}
	var report struct {
		LinesValid      *int `xml:"lines-valid,attr"`
		LinesCovered    *int `xml:"lines-covered,attr"`
		BranchesValid   int  `xml:"branches-valid,attr"`
		BranchesCovered int  `xml:"branches-covered,attr"`
	}
	if err := xml.Unmarshal(data, &report); err != nil {
		return Coverage{}, fmt.Errorf("%s: %w", format, err)
	}
	if report.LinesValid == nil || report.LinesCovered == nil {
		return Coverage{}, fmt.Errorf("%s: lines-valid or lines-covered is missing: the report is damaged", format)
	}
	coverage := Coverage{
		LinesCovered: *report.LinesCovered, LinesMissed: *report.LinesValid - *report.LinesCovered,
		BranchesCovered: report.BranchesCovered, BranchesMissed: report.BranchesValid - report.BranchesCovered,
	}
	switch {
	case min(coverage.LinesCovered, coverage.LinesMissed, coverage.BranchesCovered, coverage.BranchesMissed) < 0:
		return Coverage{}, fmt.Errorf("%s: %d of %d lines and %d of %d branches: the report is damaged", format,
			*report.LinesCovered, *report.LinesValid, report.BranchesCovered, report.BranchesValid)
	case *report.LinesValid == 0:
		return Coverage{}, fmt.Errorf("%s: it counts no lines: the sources were not found", format)
	}
	return coverage, nil
}
