package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/finding"
)

// outcomes are those of `tofu test -json`.
var outcomes = map[string]finding.Outcome{
	"pass": finding.Passed, "fail": finding.Failed, "error": finding.Errored, "skip": finding.Skipped,
}

// Tested are the tests of a folder, by what `tofu test -json` printed. That it printed no test is an error with what it
// complained of.
func Tested(folder string, output []byte) ([]finding.Suite, error) {
	suites := map[string]*finding.Suite{}
	reasons := map[string][]tfjson.Diagnostic{}
	var names []string
	var broken []tfjson.Diagnostic
	for line := range bytes.Lines(output) {
		var event struct {
			File string `json:"@testfile"`
			Run  string `json:"@testrun"`
			Type string `json:"type"`
			Test *struct {
				Path, Run, Status string
			} `json:"test_run"`
			Diagnostic *tfjson.Diagnostic `json:"diagnostic"`
		}
		if json.Unmarshal(line, &event) != nil {
			continue
		}
		switch {
		case event.Diagnostic != nil && event.Diagnostic.Severity == tfjson.DiagnosticSeverityError && event.Run != "":
			reasons[event.File+" "+event.Run] = append(reasons[event.File+" "+event.Run], *event.Diagnostic)
		case event.Diagnostic != nil && event.Diagnostic.Severity == tfjson.DiagnosticSeverityError:
			broken = append(broken, *event.Diagnostic)
		case event.Type == "test_run" && event.Test != nil && outcomes[event.Test.Status] != "":
			name := path.Join(folder, event.Test.Path)
			if suites[name] == nil {
				suites[name] = &finding.Suite{Name: name}
				names = append(names, name)
			}
			suites[name].Cases = append(suites[name].Cases, finding.Case{
				Name: event.Test.Run, Outcome: outcomes[event.Test.Status], Location: finding.Location{File: name},
				Class: event.Test.Path,
			})
		}
	}
	slices.Sort(names)
	var all []finding.Suite
	for _, name := range names {
		suite := suites[name]
		for i := range suite.Cases {
			explain(folder, &suite.Cases[i], reasons)
		}
		all = append(all, *suite)
	}
	if len(broken) > 0 {
		return all, fmt.Errorf("%s: %s", located(folder, broken[0].Range), said(broken[0]))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no test ran", folder)
	}
	return all, nil
}

// explain says of a red test why, and where.
func explain(folder string, test *finding.Case, reasons map[string][]tfjson.Diagnostic) {
	why := reasons[test.Class+" "+test.Name]
	test.Class = ""
	if !test.Red() {
		return
	}
	test.Message = "it did not say why"
	if len(why) > 0 {
		test.Message, test.Location = said(why[0]), located(folder, why[0].Range)
	}
}
