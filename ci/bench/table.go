package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// line is one line of the table.
type line struct {
	what          string
	unit          string
	esteira, bare float64 // bare is 0 where there is nothing to compare with
	target        []limit // all of them have to hold
}

// limit is the most that esteira may take: factor × bare + extra. One that has no factor is absolute.
type limit struct{ factor, extra float64 }

func (l limit) holds(esteira, bare float64) bool { return esteira <= l.factor*bare+l.extra }

func (l limit) text(unit string) string {
	absolute := fmt.Sprintf("%.4g %s", l.extra, unit)
	switch {
	case l.factor == 0:
		return "≤ " + absolute
	case l.extra == 0:
		return fmt.Sprintf("≤ %.4g × bare", l.factor)
	default:
		return fmt.Sprintf("≤ %.4g × bare + %s", l.factor, absolute)
	}
}

// targetText is the target in words.
func (l line) targetText() string {
	var texts []string
	for _, limit := range l.target {
		texts = append(texts, limit.text(l.unit))
	}
	return strings.Join(texts, " and ")
}

// verdict says which part of the target is missed, if one is.
func (l line) verdict() string {
	var missed []string
	for _, limit := range l.target {
		if !limit.holds(l.esteira, l.bare) {
			missed = append(missed, limit.text(l.unit))
		}
	}
	if missed == nil {
		return "met"
	}
	return "NOT met: " + strings.Join(missed, ", ")
}

func (l line) cells() []string {
	bare, ratio := "–", "–"
	if l.bare != 0 {
		bare, ratio = fmt.Sprintf("%.2f %s", l.bare, l.unit), fmt.Sprintf("%.2f ×", l.esteira/l.bare)
	}
	return []string{l.what, fmt.Sprintf("%.2f %s", l.esteira, l.unit), bare, ratio, l.targetText(), l.verdict()}
}

// table is Markdown whose columns also line up in a terminal.
func table(lines []line) string {
	cells := [][]string{{"what", "esteira", "bare", "ratio", "target", ""}}
	for _, l := range lines {
		cells = append(cells, l.cells())
	}
	widths := make([]int, len(cells[0]))
	for _, one := range cells {
		for i, cell := range one {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width)
	}
	var text strings.Builder
	for _, one := range slices.Insert(cells, 1, rule) {
		for i, cell := range one {
			fmt.Fprintf(&text, "| %-*s ", widths[i], cell)
		}
		text.WriteString("|\n")
	}
	return text.String()
}
