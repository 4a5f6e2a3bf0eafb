package finding

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/joshdk/go-junit"
)

// Outcome is what became of one test case.
type Outcome string

// The outcomes of a test case. A failed test found the work to be wrong; an
// errored one broke down itself. Both are red.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Errored Outcome = "errored"
	Skipped Outcome = "skipped"
)

// Tests is the outcome of a test run. Durations are in nanoseconds in JSON.
type Tests struct {
	Suites   []Suite       `json:"suites"`
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Errored  int           `json:"errored"`
	Skipped  int           `json:"skipped"`
	Duration time.Duration `json:"durationNanoseconds"`
}

// Suite is the test cases of one class or file; nested suites are listed on
// their own, as "outer / inner".
type Suite struct {
	Name  string `json:"name"`
	Cases []Case `json:"cases"`
}

// Case is one test.
type Case struct {
	Class    string        `json:"class,omitempty"`
	Name     string        `json:"name"`
	Outcome  Outcome       `json:"outcome"`
	Duration time.Duration `json:"durationNanoseconds"`
	// Message is the reason for anything but "passed"; Detail the stack trace.
	Message  string   `json:"message,omitempty"`
	Detail   string   `json:"detail,omitempty"`
	Location Location `json:"location"`
	// Known says that it was red before the change that is judged.
	Known bool `json:"known,omitempty"`
}

// Total is the number of test cases.
func (t Tests) Total() int { return t.Passed + t.Failed + t.Errored + t.Skipped }

// Check makes sure that the counts are those of the cases and every outcome is known.
func (t Tests) Check() error {
	var again Tests
	for _, suite := range t.Suites {
		for _, c := range suite.Cases {
			switch {
			case c.FullName() == "":
				return fmt.Errorf("suite %q: a test has neither name nor class", suite.Name)
			case c.Outcome != Passed && c.Outcome != Skipped && !c.Red():
				return fmt.Errorf("test %q: outcome %q is none of passed, failed, errored, skipped", c.FullName(), c.Outcome)
			}
		}
		again.Add(suite)
	}
	if again.Passed != t.Passed || again.Failed != t.Failed || again.Errored != t.Errored || again.Skipped != t.Skipped {
		return fmt.Errorf("the counts of tests (passed %d, failed %d, errored %d, skipped %d) are not those of the cases (%d, %d, %d, %d)",
			t.Passed, t.Failed, t.Errored, t.Skipped, again.Passed, again.Failed, again.Errored, again.Skipped)
	}
	return nil
}

// Add appends a suite and counts its cases.
func (t *Tests) Add(suite Suite) {
	t.Suites = append(t.Suites, suite)
	for _, c := range suite.Cases {
		t.count(c)
	}
}

// Red says whether any test failed or broke down.
func (t Tests) Red() bool { return t.Failed+t.Errored > 0 }

// FullName is Class.Name, or the one of them that is there.
func (c Case) FullName() string {
	if c.Class == "" || c.Name == "" {
		return c.Class + c.Name
	}
	return c.Class + "." + c.Name
}

// Red says whether the test failed or broke down.
func (c Case) Red() bool { return c.Outcome == Failed || c.Outcome == Errored }

// FromJUnit reads one JUnit XML file in the dialect that Maven Surefire's schema
// describes (surefire-test-report.xsd, version 3.0) and that Gradle, pytest and
// others write alike. Every test case counts, in suites however nested.
//
// A file that is empty, cut off, no XML or no JUnit is an error, and so is one
// whose suites announce more failures than they hold. A test that failed and was
// then marked as skipped has failed. A negative time, which a clock that was set
// back makes, is taken as zero.
func FromJUnit(r io.Reader) (Tests, error) {
	const format = "JUnit XML"
	data, err := readAll(r, format)
	if err != nil {
		return Tests{}, err
	}
	if err := checkXML(data, format, "testsuites", "testsuite"); err != nil {
		return Tests{}, err
	}
	if err := checkAnnounced(data); err != nil {
		return Tests{}, fmt.Errorf("%s: %w", format, err)
	}
	suites, err := junit.Ingest(data)
	if err != nil {
		return Tests{}, fmt.Errorf("%s: %w", format, err)
	}
	var tests Tests
	for _, suite := range suites {
		if err := tests.ingest(suite, ""); err != nil {
			return Tests{}, fmt.Errorf("%s: %w", format, err)
		}
	}
	return tests, nil
}

// FromJUnitDir reads the JUnit XML files under a folder into one result: those
// named TEST-*.xml as Surefire, Failsafe and Gradle do, or where none is so
// named, every *.xml. A folder without any is an error.
func FromJUnitDir(fsys fs.FS) (Tests, error) {
	files, err := junitFiles(fsys)
	if err != nil {
		return Tests{}, err
	}
	var all Tests
	for _, name := range files {
		file, err := fsys.Open(name)
		if err != nil {
			return Tests{}, fmt.Errorf("test results: %w", err)
		}
		tests, err := FromJUnit(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return Tests{}, fmt.Errorf("%s: %w", name, err)
		}
		for _, suite := range tests.Suites {
			all.Add(suite)
		}
	}
	return all, nil
}

func junitFiles(fsys fs.FS) ([]string, error) {
	var named, others []string
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".xml" {
			return err
		}
		if strings.HasPrefix(entry.Name(), "TEST-") {
			named = append(named, name)
		} else {
			others = append(others, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("test results: %w", err)
	}
	if len(named) == 0 {
		named = others
	}
	if len(named) == 0 {
		return nil, errors.New("test results: there is no JUnit XML file: no test ran, or its reports went elsewhere")
	}
	return named, nil
}

// ingest appends a suite and those inside of it.
func (t *Tests) ingest(from junit.Suite, outer string) error {
	suite := Suite{Name: outer + from.Name}
	for _, test := range from.Tests {
		one, err := caseOf(test)
		if err != nil {
			return fmt.Errorf("suite %q: %w", suite.Name, err)
		}
		suite.Cases = append(suite.Cases, one)
	}
	if len(suite.Cases) > 0 {
		t.Add(suite)
	}
	for _, inner := range from.Suites {
		if err := t.ingest(inner, suite.Name+" / "); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tests) count(c Case) {
	switch c.Outcome {
	case Passed:
		t.Passed++
	case Failed:
		t.Failed++
	case Errored:
		t.Errored++
	case Skipped:
		t.Skipped++
	}
	t.Duration = max(t.Duration, t.Duration+c.Duration) // a sum that overflows is negative
}

func caseOf(test junit.Test) (Case, error) {
	c := Case{Class: test.Classname, Name: test.Name, Message: test.Message}
	if c.FullName() == "" {
		return Case{}, errors.New("a test case has neither name nor class: the report is damaged")
	}
	var err error
	if c.Duration, err = seconds(test.Properties["time"]); err != nil {
		return Case{}, fmt.Errorf("test %q: %w", c.FullName(), err)
	}
	switch {
	case test.Status == junit.StatusError:
		c.Outcome = Errored
	case test.Error != nil: // also where a later <skipped/> hides the failure
		c.Outcome = Failed
	case test.Status == junit.StatusSkipped:
		c.Outcome = Skipped
	default:
		c.Outcome = Passed
	}
	var problem junit.Error
	if errors.As(test.Error, &problem) {
		c.Detail = strings.TrimSpace(problem.Body)
		c.Message = firstOf(problem.Message, firstLine(c.Detail), problem.Type, "no message")
	}
	c.Location = locate(c, test.Properties["file"])
	return c, nil
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	return ""
}

// longest is more than any test takes.
const longest = 7 * 24 * time.Hour

// seconds reads a time attribute: decimal seconds, thousands perhaps set off by
// commas as Surefire does. None means zero.
func seconds(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil || math.IsNaN(value) || value > longest.Seconds() {
		return 0, fmt.Errorf("time=%q is no number of seconds up to %.0f: the report is damaged", text, longest.Seconds())
	}
	return time.Duration(max(value, 0) * float64(time.Second)).Round(time.Microsecond), nil
}

// Failing are the failed and errored tests.
func (t Tests) Failing() []Case {
	var failing []Case
	for _, suite := range t.Suites {
		for _, c := range suite.Cases {
			if c.Red() {
				failing = append(failing, c)
			}
		}
	}
	return failing
}

// Findings are the failed and errored tests, as findings of tool "tests" whose
// rule is the test's full name.
func (t Tests) Findings() []Finding {
	var findings []Finding
	for _, c := range t.Failing() {
		f := Finding{Tool: "tests", Rule: c.FullName(), Severity: High, Message: c.Message, Location: c.Location}
		findings = append(findings, f.Identified())
	}
	number(findings)
	return findings
}
