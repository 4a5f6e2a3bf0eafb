package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/esteira/esteira/pipelines/finding"
)

// How much of a red stage a terminal shows.
const (
	mostLines = 20 // of its log
	mostSaid  = 10 // of its findings
)

var ticks = map[Status]string{Passed: "✓", Failed: "✗", Undecided: "?", Skipped: "–"}

var inks = map[Status]ansi.Color{Passed: ansi.Green, Failed: ansi.Red, Undecided: ansi.Yellow, Skipped: ansi.BrightBlack}

// Text writes the run for a terminal: a line for each stage with its time and when in
// the run it was, then facts, and what is red and what to do. Colour is for terminals
// that show it; the caller knows (NO_COLOR, a pipe).
func (r Run) Text(w io.Writer, colour bool) error {
	if err := r.check(); err != nil {
		return err
	}
	t := terminal{colour: colour}
	r = r.clean()
	status := r.Status()
	fmt.Fprintf(&t, "%s %s\n  %s\n\n", t.mark(status), t.ink(status, r.heading()), r.subheading())
	r = r.shown()
	t.stages(r)
	t.facts(r)
	for _, stage := range r.Stages {
		t.changes(stage)
	}
	for _, stage := range r.Stages {
		if stage.Status.Red() {
			t.red(stage)
		}
	}
	_, err := io.WriteString(w, t.String())
	return err
}

type terminal struct {
	strings.Builder
	colour bool
}

func (t *terminal) ink(status Status, text string) string {
	if !t.colour {
		return text
	}
	return ansi.Style{}.Bold().ForegroundColor(inks[status]).Styled(text)
}

func (t *terminal) mark(status Status) string { return t.ink(status, ticks[status]) }

func (t *terminal) stages(r Run) {
	names, times := 0, 0
	for _, s := range r.Stages {
		names, times = max(names, ansi.StringWidth(s.Name)), max(times, len(s.took()))
	}
	line := r.timeline()
	for i, s := range r.Stages {
		fmt.Fprintf(t, "%s %s  %*s  %s  %s\n", t.mark(s.Status), padded(s.Name, names), times, s.took(), line[i].bar(), s.sentence())
	}
}

func (t *terminal) facts(r Run) {
	width := 0
	for _, s := range r.Stages {
		for _, fact := range s.told() {
			width = max(width, ansi.StringWidth(s.Name+" "+fact.Name))
		}
	}
	if width > 0 {
		t.WriteString("\n")
	}
	told := 0
	for _, s := range r.Stages {
		for _, fact := range s.told() {
			if told++; told <= mostLines {
				fmt.Fprintf(t, "  %s  %s\n", padded(s.Name+" "+fact.Name, width), fact.Value)
			}
		}
	}
	if told > mostLines {
		fmt.Fprintf(t, "  … and %d more: see the HTML report\n", told-mostLines)
	}
}

// sentence is the summary, with why what is red does not block.
func (s Stage) sentence() string {
	if s.Advisory != "" {
		return s.Summary + " (does not block: " + s.Advisory + ")"
	}
	return s.Summary
}

func (t *terminal) changes(s Stage) {
	for i, change := range s.Changes {
		if i == mostLines {
			fmt.Fprintf(t, "  … and %d more changes: see the HTML report\n", len(s.Changes)-mostLines)
			break
		}
		fmt.Fprintf(t, "\n  %s\n", change.Title)
		for j, line := range change.Lines {
			if j == mostLines {
				fmt.Fprintf(t, "    … and %d more lines\n", len(change.Lines)-mostLines)
				break
			}
			fmt.Fprintf(t, "    %s\n", line)
		}
	}
}

func (t *terminal) red(s Stage) {
	fmt.Fprintf(t, "\n%s %s\n", t.mark(s.Status), t.ink(s.Status, s.Name+" "+s.statusText()))
	if s.Remedy != "" {
		fmt.Fprintf(t, "  → %s\n", s.Remedy)
	}
	findings := s.said()
	slices.SortStableFunc(findings, func(a, b finding.Finding) int { return a.Severity.Rank() - b.Severity.Rank() })
	for i, f := range findings {
		if i == mostSaid {
			fmt.Fprintf(t, "  … and %d more\n", len(findings)-mostSaid)
			break
		}
		fmt.Fprintf(t, "  %s\n", inLine(f))
	}
	if s.Log == "" {
		return
	}
	all := strings.Split(strings.TrimRight(s.Log, "\n"), "\n")
	for _, line := range all[max(0, len(all)-mostLines):] {
		fmt.Fprintf(t, "  │ %s\n", line)
	}
}

// inLine is a finding in one line, its place first so that a terminal links it.
func inLine(f finding.Finding) string {
	parts := []string{string(f.Severity), f.Rule, oneLine(f.Message)}
	if f.Location.File != "" {
		parts = append([]string{f.Location.String()}, parts...)
	}
	return strings.Join(parts, "  ")
}

func padded(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}
