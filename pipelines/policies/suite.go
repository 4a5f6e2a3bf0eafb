package policies

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/finding"
)

// Suites are the files of a folder that have cases for policies, as gator knows them.
func Suites(fsys fs.FS) ([]string, error) {
	var suites []string
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if isSuite.Match(text) && ofTests.Match(text) {
			suites = append(suites, name)
		}
		return nil
	})
	return suites, err
}

var (
	ofTests = regexp.MustCompile(`(?m)^apiVersion:\s*["']?test\.gatekeeper\.sh/`)
	isSuite = regexp.MustCompile(`(?m)^kind:\s*["']?Suite\b`)
)

// The lines that `gator verify -v` prints.
var (
	started  = regexp.MustCompile(`^( {4})?=== (RUN|SKIP)  +(.*)$`)
	ended    = regexp.MustCompile(`^( {4})?--- (PASS|FAIL): (.*)\t\(([0-9.]+)s\)$`)
	judgedAs = regexp.MustCompile(`^(?:ok|FAIL)\t(.*)\t[0-9.]+s$`)
	verdict  = regexp.MustCompile(`^(?:PASS|FAIL)$`)
)

// Verified reads what `gator verify -v` printed of one suite. Its name is the path of the suite's file, whose text says in
// which line a case is. A suite without a case, and output without a verdict, are errors.
func Verified(name string, text, output []byte) (finding.Suite, error) {
	r := verification{suite: finding.Suite{Name: name}, lines: lines(text)}
	scanner := bufio.NewScanner(bytes.NewReader(output))
	scanner.Buffer(nil, 1<<20)
	complete := false
	for scanner.Scan() {
		complete = verdict.MatchString(scanner.Text()) || complete
		r.read(scanner.Text())
	}
	switch {
	case scanner.Err() != nil:
		return finding.Suite{}, fmt.Errorf("%s: gator verify: %w", name, scanner.Err())
	case !complete:
		return finding.Suite{}, fmt.Errorf("%s: gator verify said no verdict: %s", name, strings.TrimSpace(string(output)))
	case len(r.suite.Cases) == 0:
		return finding.Suite{}, fmt.Errorf("%s: there is no case in it", name)
	}
	return r.suite, nil
}

// BrokenSuite is a suite of which gator tried nothing.
func BrokenSuite(name string, why error) finding.Finding {
	return finding.Finding{
		Tool: "gator", Rule: "broken-suite", Severity: finding.High, Message: why.Error(), Location: finding.Location{File: name},
	}.Identified()
}

// verification is a suite as it is read.
type verification struct {
	suite finding.Suite
	lines map[[2]string]int
	// test is the one whose cases come.
	test string
	// telling is the case that lines without a mark belong to.
	telling *finding.Case
}

func (v *verification) read(line string) {
	if said := started.FindStringSubmatch(line); said != nil {
		v.begin(said[1] != "", said[2] == "SKIP", said[3])
	} else if said := ended.FindStringSubmatch(line); said != nil {
		v.end(said[1] != "", said[2] == "FAIL", said[3], said[4])
	} else if said := judgedAs.FindStringSubmatch(line); said != nil || verdict.MatchString(line) {
		v.telling = nil
	} else if text := strings.TrimSpace(line); text != "" && v.telling != nil {
		v.tell(text)
	}
}

func (v *verification) begin(isCase, skipped bool, name string) {
	if !isCase {
		v.test = name
	}
	if skipped && isCase {
		v.add(name, finding.Skipped, "0")
	} else if skipped {
		v.add("", finding.Skipped, "0")
	}
}

func (v *verification) end(isCase, failed bool, name, seconds string) {
	switch {
	case isCase && failed:
		v.add(name, finding.Failed, seconds)
	case isCase:
		v.add(name, finding.Passed, seconds)
	case failed:
		// Of a test that could not be tried a reason follows; one whose cases failed says nothing more.
		v.telling = &finding.Case{Class: name}
	}
}

func (v *verification) add(name string, outcome finding.Outcome, seconds string) {
	took, _ := strconv.ParseFloat(seconds, 64)
	v.suite.Cases = append(v.suite.Cases, finding.Case{
		Class: v.test, Name: name, Outcome: outcome, Duration: time.Duration(took * float64(time.Second)),
		Location: finding.Location{File: v.suite.Name, Line: v.lines[[2]string{v.test, name}]},
	})
	v.telling = &v.suite.Cases[len(v.suite.Cases)-1]
}

// tell appends a line of a reason.
func (v *verification) tell(text string) {
	if v.telling.Outcome == "" {
		v.add("", finding.Errored, "0")
	}
	if v.telling.Message != "" {
		text = v.telling.Message + " " + text
	}
	v.telling.Message = text
}

// lines are those of a suite's tests and cases, by the names of both; a test has no case's name.
func lines(text []byte) map[[2]string]int {
	type named struct {
		Name  yaml.Node
		Cases []struct{ Name yaml.Node }
	}
	var suite struct{ Tests []named }
	found := map[[2]string]int{}
	if yaml.Unmarshal(text, &suite) != nil {
		return found
	}
	for _, test := range suite.Tests {
		found[[2]string{test.Name.Value, ""}] = test.Name.Line
		for _, one := range test.Cases {
			found[[2]string{test.Name.Value, one.Name.Value}] = one.Name.Line
		}
	}
	return found
}
