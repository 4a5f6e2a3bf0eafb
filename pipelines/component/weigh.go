package component

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// before is what is said of a finding that the base has too.
const before = "; it was there before this change"

// Weigh says what a red stage of a component comes to in a mode; base is the same stage over the base, nil where it is not
// known. What the base had too is shown, and where nothing else is red, it does not block. A stage that could not decide
// blocks unless it only reports: nobody knows whether that was there before.
func Weigh(mode config.Mode, stage report.Stage, base *report.Stage) report.Stage {
	if base != nil {
		stage = compare(stage, *base)
	}
	if mode == config.Blocking {
		return insist(stage)
	}
	if !stage.Status.Red() || stage.Advisory != "" {
		return stage
	}
	switch mode {
	case config.ReportOnly:
		stage.Advisory = "it only reports: its mode in " + File
	case config.Baseline:
		if base != nil && base.Status.Red() {
			stage = subtract(stage, *base)
		}
	}
	return stage
}

// insist is a stage that blocks by what was there before, too, where it subtracted that by itself.
func insist(stage report.Stage) report.Stage {
	known := stage.Known()
	if known == 0 {
		return stage
	}
	stage.Findings = slices.Clone(stage.Findings)
	for i := range stage.Findings {
		if stage.Findings[i].Known {
			stage.Findings[i].Known, stage.Findings[i].Severity = false, finding.Medium
		}
	}
	if !stage.Status.Red() {
		stage.Status, stage.Remedy = report.Failed, "mend it, or have it accepted"
		stage.Summary = fmt.Sprintf("%d that were there before block too, by the stage's mode in %s", known, File)
	}
	return stage
}

// subtract takes from what is red what the base had.
func subtract(stage, base report.Stage) report.Stage {
	had := map[string]int{}
	for _, f := range base.Findings {
		had[f.Fingerprint]++
	}
	unheard := 0
	stage.Findings = slices.Clone(stage.Findings)
	for i, f := range stage.Findings {
		switch {
		case f.Severity == finding.Info:
		case had[f.Fingerprint] > 0:
			had[f.Fingerprint]--
			stage.Findings[i].Severity, stage.Findings[i].Known = finding.Info, true
			stage.Findings[i].Message += before
		default:
			unheard++
		}
	}
	failed := map[string]bool{}
	for _, c := range failing(base) {
		failed[c.FullName()] = true
	}
	stage = eachCase(stage, func(c *finding.Case) { c.Known = c.Red() && failed[c.FullName()] })
	for _, c := range failing(stage) {
		if !c.Known {
			unheard++
		}
	}
	if known := stage.Known(); stage.Status == report.Failed && known > 0 && unheard == 0 {
		stage.Advisory = fmt.Sprintf("all %d that it finds were there before this change", known)
		if known == 1 {
			stage.Advisory = "what it finds was there before this change"
		}
	}
	return stage
}

// failing are the tests that failed or broke down.
func failing(stage report.Stage) []finding.Case {
	if stage.Tests == nil {
		return nil
	}
	return stage.Tests.Failing()
}

// eachCase is the stage with each of its tests edited.
func eachCase(stage report.Stage, edit func(*finding.Case)) report.Stage {
	if stage.Tests == nil {
		return stage
	}
	tests := *stage.Tests
	tests.Suites = slices.Clone(tests.Suites)
	for i := range tests.Suites {
		tests.Suites[i].Cases = slices.Clone(tests.Suites[i].Cases)
		for j := range tests.Suites[i].Cases {
			edit(&tests.Suites[i].Cases[j])
		}
	}
	stage.Tests = &tests
	return stage
}

// compare says what became different of what a stage measures and makes.
func compare(stage, base report.Stage) report.Stage {
	var lines []string
	say := func(name, was, is string) {
		if was != is {
			lines = append(lines, fmt.Sprintf("%s: %s → %s", name, was, is))
		}
	}
	if stage.Tests != nil && base.Tests != nil {
		say("tests passed", fmt.Sprint(base.Tests.Passed), fmt.Sprint(stage.Tests.Passed))
		say("tests failed", fmt.Sprint(base.Tests.Failed+base.Tests.Errored), fmt.Sprint(stage.Tests.Failed+stage.Tests.Errored))
		say("tests skipped", fmt.Sprint(base.Tests.Skipped), fmt.Sprint(stage.Tests.Skipped))
	}
	if stage.Coverage != nil && base.Coverage != nil {
		say("lines covered", percent(base.Coverage.Lines()), percent(stage.Coverage.Lines()))
		say("branches covered", percent(base.Coverage.Branches()), percent(stage.Coverage.Branches()))
	}
	was := map[string]string{}
	for _, fact := range base.Facts {
		was[fact.Name] = fact.Value
	}
	for _, fact := range stage.Facts {
		if value, had := was[fact.Name]; had && fact.Name != report.Remembered {
			say(fact.Name, value, fact.Value)
		}
	}
	if len(lines) > 0 {
		change := report.Change{Title: stage.Name + " against the base", Lines: lines}
		stage.Changes = append([]report.Change{change}, stage.Changes...)
	}
	return stage
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", share) }

// At is a stage of a component as one of the whole repository: its name and the files that it names begin with the
// component's.
func At(component config.Component, stage report.Stage) report.Stage {
	stage.Name = component.Name + ": " + stage.Name
	place := func(file string) string {
		if file == "" || strings.HasPrefix(file, "/") {
			return file
		}
		return path.Join(component.Path, file)
	}
	stage.Findings = slices.Clone(stage.Findings)
	for i := range stage.Findings {
		stage.Findings[i].Location.File = place(stage.Findings[i].Location.File)
	}
	return eachCase(stage, func(c *finding.Case) { c.Location.File = place(c.Location.File) })
}

// Complete are the stages of a component that were asked for, in their order. One that is missing is undecided under its
// own name, with why where that is known, and one that nobody asked for is shown: none is lost.
func Complete(component config.Component, stages []report.Stage, why error) []report.Stage {
	byName := map[string]report.Stage{}
	var names []string
	for _, stage := range stages {
		if _, twice := byName[stage.Name]; twice {
			stage = report.Stage{Name: stage.Name, Status: report.Undecided, Summary: "there are two stages of this name", Remedy: "tell the platform team"}
		}
		byName[stage.Name] = stage
		names = append(names, stage.Name)
	}
	var all []report.Stage
	for _, name := range component.Kind.Stages() {
		all = append(all, complete(component, name, byName, why))
		delete(byName, name)
	}
	for _, name := range slices.Compact(names) {
		if stage, unasked := byName[name]; unasked {
			all = append(all, stage)
			delete(byName, name)
		}
	}
	return all
}

func complete(component config.Component, name string, stages map[string]report.Stage, why error) report.Stage {
	if reason, skipped := component.Skipped(name); skipped {
		return report.Stage{Name: name, Status: report.Skipped, Summary: reason}
	}
	if stage, there := stages[name]; there {
		return stage
	}
	stage := report.Stage{Name: name, Status: report.Undecided, Summary: "it left no result", Remedy: "call it alone, and look where it broke"}
	if why != nil {
		stage.Summary = why.Error()
	}
	return stage
}

// Skipped stands for the stages of a component that does not run.
func Skipped(component config.Component, reason string) report.Stage {
	return report.Stage{
		Name: component.Name, Status: report.Skipped, Summary: fmt.Sprintf("%s: its %d stages are not run", reason, len(component.Kind.Stages())),
	}
}
