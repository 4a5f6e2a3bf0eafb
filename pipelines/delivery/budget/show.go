package budget

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// barWidth is the width of a chain's bars in a terminal, in cells.
const barWidth = 40

// Text writes the budget for a person at a terminal: each chain, with its parts as bars one after the other, and then where
// the numbers come from.
func (b Budget) Text(w io.Writer) error {
	var text strings.Builder
	for _, definition := range b.Definitions {
		fmt.Fprintf(&text, "%s.\n", definition)
	}
	var sources sources
	for _, chain := range b.Chains {
		chain.text(&text, &sources)
	}
	if len(sources) > 0 {
		text.WriteString("\nfrom\n")
	}
	for i, value := range sources {
		fmt.Fprintf(&text, "  %4s %s\n", fmt.Sprintf("[%d]", i+1), report.Plain(value.String()))
	}
	for _, note := range b.Notes {
		fmt.Fprintf(&text, "\nnote: %s\n", report.Plain(note))
	}
	fmt.Fprintf(&text, "\n%s\n", b.summary())
	for _, complaint := range b.complaints() {
		fmt.Fprintf(&text, "  %s\n", report.Plain(complaint.Message))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// sources are the values of all chains, each once.
type sources []Value

// refer is the numbers of values, in order.
func (s *sources) refer(values []Value) string {
	var numbers []int
	for _, value := range values {
		i := slices.Index(*s, value)
		if i < 0 {
			i, *s = len(*s), append(*s, value)
		}
		numbers = append(numbers, i+1)
	}
	slices.Sort(numbers)
	return strings.ReplaceAll(fmt.Sprint(slices.Compact(numbers)), " ", ", ")
}

func (c Chain) text(text *strings.Builder, sources *sources) {
	fmt.Fprintf(text, "\n%s: %s → %s\n  %s\n", c.Name, c.From, c.To, c.verdict())
	var begins, beside time.Duration
	for _, part := range c.Parts {
		from := begins
		if part.Meanwhile {
			from = beside
			beside += part.Worst
		} else {
			beside = begins
			begins += part.Worst
		}
		fmt.Fprintf(text, "  %7s %7s  %s  %s %s\n", amount(part.Typical), amount(part.Worst), c.bar(part, from), report.Plain(part.title()), sources.refer(part.Values))
	}
}

// bar draws a part in the time of its chain: people's and what goes on meanwhile in another shade.
func (c Chain) bar(p Part, from time.Duration) string {
	cell := func(at time.Duration) int {
		return min(barWidth, int(float64(at)/float64(max(c.Worst, 1))*barWidth+0.5))
	}
	begin := min(cell(from), barWidth-1)
	long := min(max(1, cell(from+p.Worst)-begin), barWidth-begin)
	block := "█"
	switch {
	case p.Meanwhile:
		block = "░"
	case p.Human:
		block = "▒"
	}
	return strings.Repeat(" ", begin) + strings.Repeat(block, long) + strings.Repeat(" ", barWidth-begin-long)
}

func (p Part) title() string {
	title := p.Name
	if p.How != "" {
		title += ": " + p.How
	}
	if p.Human {
		title += " (people)"
	}
	if p.Meanwhile {
		title += " (meanwhile)"
	}
	return title
}

// verdict is a chain's sum in a line.
func (c Chain) verdict() string {
	line := fmt.Sprintf("%s at worst, %s typically; machines %s, people %s", amount(c.Worst), amount(c.Typical), amount(c.Machine()), amount(c.People()))
	switch {
	case c.Asked == nil:
		return line + "; nothing is asked of it"
	case c.Met():
		return fmt.Sprintf("%s; less than %s is asked (%s)", line, amount(c.Target), c.Asked.Location)
	}
	return fmt.Sprintf("%s; TOO LONG: less than %s is asked (%s)", line, amount(c.Target), c.Asked.Location)
}

// amount is a time in seconds, as they are added up.
func amount(d time.Duration) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}

// complaints are what makes the budget red, as findings.
func (b Budget) complaints() (all []finding.Finding) {
	say := func(rule string, at finding.Location, message string) {
		all = append(all, finding.Finding{Tool: "esteira delivery", Rule: rule, Severity: finding.High, Location: at, Message: message}.Identified())
	}
	for _, reason := range b.Undecided {
		say("undecided", finding.Location{}, reason)
	}
	for _, p := range b.Problems {
		say(p.Rule, p.Value.Location, fmt.Sprintf("%s (%s)", p.Message, p.Value))
	}
	for _, c := range b.Chains {
		if c.Met() {
			continue
		}
		longest := c.Longest()
		value := longest.Values[0]
		say("too-long", value.Location, fmt.Sprintf("%s takes %s at worst, and less than %s is asked (%s): %s too long. %s takes the most, %s (%s)",
			c.Name, amount(c.Worst), amount(c.Target), c.Asked.Location, amount(c.Worst-c.Target), longest.Name, amount(longest.Worst), value))
	}
	return all
}

func (b Budget) summary() string {
	switch {
	case len(b.Undecided) > 0:
		return fmt.Sprintf("undecided for %s: a sum without one of its parts is none", count(len(b.Undecided), "reason"))
	case b.Red():
		return fmt.Sprintf("red for %s", count(len(b.complaints()), "reason"))
	}
	asked := slices.DeleteFunc(slices.Clone(b.Chains), func(c Chain) bool { return c.Asked == nil })
	return fmt.Sprintf("all %d targets can be met", len(asked))
}

// Stage is the budget as a stage of a run.
func (b Budget) Stage() report.Stage {
	stage := report.Stage{Name: "delivery budget", Status: report.Passed, Summary: b.summary(), Findings: b.complaints()}
	switch {
	case len(b.Undecided) > 0:
		stage.Status = report.Undecided
		stage.Remedy = "set what is missing, or take away what nobody can add up"
	case b.Red():
		stage.Status = report.Failed
		stage.Remedy = "shorten the part that takes the most, or ask for less in esteira.yaml's delivery.targets"
	}
	for _, c := range b.Chains {
		stage.Facts = append(stage.Facts, report.Fact{Name: c.Name, Value: c.verdict()})
	}
	for _, definition := range b.Definitions {
		name, value, _ := strings.Cut(definition, ": ")
		stage.Facts = append(stage.Facts, report.Fact{Name: name, Value: value})
	}
	for _, note := range b.Notes {
		stage.Facts = append(stage.Facts, report.Fact{Name: "note", Value: note})
	}
	if len(b.drawn()) > 0 {
		stage.Figures = []report.Figure{b.figure()}
	}
	return stage
}

// The drawing's sizes, in pixels.
const (
	drawnWidth, labelHeight, barHeight, rowHeight = 900, 16, 18, 52
)

// figure draws each chain as a row of its parts, and its target as a line.
func (b Budget) figure() report.Figure {
	var svg, alt strings.Builder
	longest := slices.MaxFunc(b.drawn(), func(a, c Chain) int { return int(max(a.Worst, a.Target) - max(c.Worst, c.Target)) })
	scale := (drawnWidth - 20) / max(longest.Worst, longest.Target).Seconds()
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"><style>`+
		`text{font:12px sans-serif;fill:#24292f}.machine{fill:#0969da}.people{fill:#bf8700}.part{stroke:#fff;stroke-width:1}`+
		`.target{stroke:#cf222e;stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.part{stroke:#0d1117}}</style>`,
		drawnWidth, rowHeight*len(b.drawn()))
	for i, c := range b.drawn() {
		top := i * rowHeight
		line := c.Name + ": " + c.verdict()
		fmt.Fprintf(&svg, `<text x="4" y="%d">%s</text>`, top+labelHeight-3, escaped(line))
		fmt.Fprintf(&alt, "%s %s", c.Name, amount(c.Worst))
		if c.Asked != nil {
			fmt.Fprintf(&alt, " of %s", amount(c.Target))
		}
		alt.WriteString("; ")
		begins := 0.0
		for _, p := range c.Parts {
			if p.Meanwhile {
				continue
			}
			class := "machine"
			if p.Human {
				class = "people"
			}
			fmt.Fprintf(&svg, `<rect class="part %s" x="%.1f" y="%d" width="%.1f" height="%d"><title>%s, %s</title></rect>`,
				class, 4+begins*scale, top+labelHeight+3, p.Worst.Seconds()*scale, barHeight, escaped(p.title()), amount(p.Worst))
			begins += p.Worst.Seconds()
		}
		if c.Asked != nil {
			x := 4 + c.Target.Seconds()*scale
			fmt.Fprintf(&svg, `<line class="target" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x, x, top+labelHeight, top+labelHeight+barHeight+6)
		}
	}
	svg.WriteString("</svg>")
	return report.Figure{Title: "where the time goes: machines blue, people yellow, the target red", SVG: svg.String(), Alt: strings.TrimSuffix(alt.String(), "; ")}
}

// escaped is a text as it may stand in a drawing.
func escaped(text string) string { return html.EscapeString(report.Plain(text)) }

// drawn are the chains that are drawn beside each other: hours would make seconds of no width.
func (b Budget) drawn() []Chain {
	return slices.DeleteFunc(slices.Clone(b.Chains), func(c Chain) bool { return max(c.Worst, c.Target) > time.Hour })
}
