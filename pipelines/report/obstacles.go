package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/esteira/esteira/pipelines/finding"
)

// obstacles are what blocks in one file. Without a file they are what blocks nowhere in particular.
type obstacles struct {
	File string
	Said []obstacle
}

// obstacle is one thing that blocks.
type obstacle struct {
	finding.Finding
	Stage string
	// Remedy is the stage's, with the last that it has in a file.
	Remedy string
}

// obstacles are all that blocks, by file, worst first in each: findings that matter and are new, tests that fail and did
// not before, and stages that are red without either. What lies in no file comes last.
func (r Run) obstacles() []obstacles {
	byFile := map[string][]obstacle{}
	for _, stage := range r.Stages {
		for _, f := range stage.blocking() {
			byFile[f.Location.File] = append(byFile[f.Location.File], obstacle{f, stage.Name, stage.Remedy})
		}
	}
	var all []obstacles
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		said := byFile[file]
		slices.SortStableFunc(said, func(a, b obstacle) int { return a.Severity.Rank() - b.Severity.Rank() })
		remedied := map[string]bool{}
		for i := range slices.Backward(said) {
			if remedied[said[i].Stage] {
				said[i].Remedy = ""
			}
			remedied[said[i].Stage] = true
		}
		all = append(all, obstacles{file, said})
	}
	if len(all) > 0 && all[0].File == "" {
		all = append(all[1:], all[0])
	}
	return all
}

// blocking are the findings of a stage that make it block, its failing tests among them.
func (s Stage) blocking() []finding.Finding {
	if !s.Blocks() {
		return nil
	}
	var blocking []finding.Finding
	for _, f := range s.Findings {
		if f.Severity != finding.Info && !f.Known {
			blocking = append(blocking, f)
		}
	}
	if s.Tests != nil {
		blocking = append(blocking, s.unknownTests().Findings()...)
	}
	if len(blocking) == 0 {
		blocking = append(blocking, finding.Finding{
			Tool: "esteira", Rule: string(s.Status), Severity: finding.High, Message: cmp.Or(s.Summary, "it does not say why"),
		}.Identified())
	}
	return blocking
}

// unknownTests are the tests that were not red before.
func (s Stage) unknownTests() finding.Tests {
	var tests finding.Tests
	for _, suite := range s.Tests.Suites {
		suite.Cases = slices.DeleteFunc(slices.Clone(suite.Cases), func(c finding.Case) bool { return c.Known })
		tests.Add(suite)
	}
	return tests
}

// shows are the findings of a stage that are not among the obstacles.
func (s Stage) shows() []finding.Finding {
	if !s.Blocks() {
		return s.Findings
	}
	return slices.DeleteFunc(slices.Clone(s.Findings), func(f finding.Finding) bool { return f.Severity != finding.Info && !f.Known })
}
