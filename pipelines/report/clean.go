package report

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/esteira/esteira/pipelines/finding"
)

// clean is the run with every text that may have come from a tool made harmless for
// any reader: no control sequences, no invisible or direction-changing characters,
// and one line where one line is meant. Escaping is each format's own work.
func (r Run) clean() Run {
	r.Title, r.Commit = oneLine(r.Title), oneLine(r.Commit)
	stages := make([]Stage, len(r.Stages))
	for i, stage := range r.Stages {
		stages[i] = stage.clean()
	}
	r.Stages = stages
	return r
}

func (s Stage) clean() Stage {
	s.Name, s.Summary, s.Remedy, s.Log = oneLine(s.Name), oneLine(s.Summary), oneLine(s.Remedy), lines(s.Log)
	s.Advisory = oneLine(s.Advisory)
	findings := make([]finding.Finding, len(s.Findings))
	for i, f := range s.Findings {
		f.Tool, f.Rule, f.Message = oneLine(f.Tool), oneLine(f.Rule), lines(f.Message)
		f.Help, f.Location.File = oneLine(f.Help), oneLine(f.Location.File)
		findings[i] = f
	}
	facts := make([]Fact, len(s.Facts))
	for i, fact := range s.Facts {
		facts[i] = Fact{Name: oneLine(fact.Name), Value: oneLine(fact.Value)}
	}
	figures := make([]Figure, len(s.Figures))
	for i, f := range s.Figures {
		figures[i] = Figure{Title: oneLine(f.Title), Alt: oneLine(f.Alt), SVG: f.SVG}
	}
	changes := make([]Change, len(s.Changes))
	for i, change := range s.Changes {
		changes[i] = Change{Title: oneLine(change.Title), Lines: make([]string, len(change.Lines))}
		for j, line := range change.Lines {
			changes[i].Lines[j] = oneLine(line)
		}
	}
	s.Findings, s.Facts, s.Figures, s.Changes = findings, facts, figures, changes
	if s.Tests != nil {
		tests := cleanTests(*s.Tests)
		s.Tests = &tests
	}
	return s
}

func cleanTests(tests finding.Tests) finding.Tests {
	suites := make([]finding.Suite, len(tests.Suites))
	for i, suite := range tests.Suites {
		suites[i] = finding.Suite{Name: oneLine(suite.Name), Cases: make([]finding.Case, len(suite.Cases))}
		for j, c := range suite.Cases {
			c.Class, c.Name, c.Location.File = oneLine(c.Class), oneLine(c.Name), oneLine(c.Location.File)
			c.Message, c.Detail = lines(c.Message), lines(c.Detail)
			suites[i].Cases[j] = c
		}
	}
	tests.Suites = suites
	return tests
}

// Plain is a text that may have come from a tool as one line without anything that a reader does not see.
func Plain(text string) string { return oneLine(text) }

// oneLine is a cleaned text with every run of blanks and line ends as one space.
func oneLine(text string) string { return strings.Join(strings.Fields(lines(text)), " ") }

// lines is a text without the control sequences of terminals (colours, titles, OSC 8
// links), with line feeds and tabs as the only control characters. Characters that
// are invisible or turn the direction of writing become U+FFFD, so that a name can't
// pass for another one.
// So does a text of which nothing is left.
func lines(text string) string {
	if shown := visible(ansi.Strip(strings.ToValidUTF8(text, "\uFFFD"))); text == "" || strings.TrimSpace(shown) != "" {
		return shown
	}
	return "\uFFFD"
}

func visible(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r):
			return -1
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs) || r == '\u2800' || r == '\u3164':
			return '\uFFFD'
		}
		return r
	}, text)
}
