// Package finding holds one finding, whatever tool said it: what scanners say in
// SARIF, what test runners say in JUnit XML, and what JaCoCo says of coverage,
// read strictly and written again.
//
// Whatever can't be understood is an error: a file that is cut off, empty, an
// error page or without a single run never counts as "nothing found".
package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Severity says how much a finding matters.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Severities lists every severity, worst first.
var Severities = []Severity{Critical, High, Medium, Low, Info}

// Rank is the place in Severities: 0 is critical, 4 is info. A severity that
// nobody knows ranks −1, before the worst, so that it is never overlooked.
func (s Severity) Rank() int { return slices.Index(Severities, s) }

// AtLeast says whether s matters as much as limit or more.
func (s Severity) AtLeast(limit Severity) bool { return s.Rank() <= limit.Rank() }

// Location is a place in a file. File is a slash-separated path as the tool gave
// it, relative to what the tool was run on. Line and Column count from 1; 0 means
// that the tool didn't say.
type Location struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String is file:line:column, as editors and terminals understand it, without
// the parts that aren't known.
func (l Location) String() string {
	switch {
	case l.Line == 0:
		return l.File
	case l.Column == 0:
		return fmt.Sprintf("%s:%d", l.File, l.Line)
	}
	return fmt.Sprintf("%s:%d:%d", l.File, l.Line, l.Column)
}

// Finding is one thing that one tool has to say about the work.
type Finding struct {
	Tool     string   `json:"tool"`
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	// Help is the address of the rule's description, as the tool gave it.
	Help     string   `json:"help,omitempty"`
	Location Location `json:"location"`
	// Fingerprint stays the same while lines move, so that a baseline
	// recognises the finding again.
	Fingerprint string `json:"fingerprint"`
	// Known says that it was there before the change that is judged.
	Known bool `json:"known,omitempty"`
}

// Identified is f with the fingerprint that follows from its tool, rule, file and
// message, for a finding that doesn't come out of SARIF.
func (f Finding) Identified() Finding {
	f.Fingerprint = fingerprint(f, nil)
	return f
}

// Check makes sure that somebody says something that matters to a known degree.
func (f Finding) Check() error {
	switch {
	case f.Severity.Rank() < 0:
		return fmt.Errorf("rule %q of %s: severity %q is none of %v", f.Rule, f.Tool, f.Severity, Severities)
	case strings.TrimSpace(f.Tool) == "":
		return fmt.Errorf("rule %q: it has no tool", f.Rule)
	case strings.TrimSpace(f.Message) == "":
		return fmt.Errorf("rule %q of %s: it has no message", f.Rule, f.Tool)
	}
	return nil
}

// Link is the address in Help where it is one of the web (http or https), else
// nothing: what a tool calls help may be no address, or one that runs a script.
func (f Finding) Link() string {
	address, err := url.Parse(f.Help)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return ""
	}
	return address.String()
}

// lineNumbers matches what moves in a message when lines are added above.
var lineNumbers = regexp.MustCompile(`(?i)\b(lines?|columns?|col)\s*[:#]?\s*\d+(\s*(-|–|to)\s*\d+)?|:\d+(:\d+)?\b`)

// fingerprint identifies a finding by tool, rule, file, and what the tool itself
// calls its fingerprints; where it gives none, by its message without line numbers.
func fingerprint(f Finding, given map[string]string) string {
	parts := []string{f.Tool, f.Rule, f.Location.File}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		parts = append(parts, name, given[name])
	}
	if len(given) == 0 {
		parts = append(parts, lineNumbers.ReplaceAllString(f.Message, ""))
	}
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// number tells findings with equal fingerprints apart by counting them, so that
// the second finding of a kind in a file is still a new one.
func number(findings []Finding) {
	seen := map[string]int{}
	for i := range findings {
		mark := findings[i].Fingerprint
		seen[mark]++
		if seen[mark] > 1 {
			findings[i].Fingerprint = fmt.Sprintf("%s/%d", mark, seen[mark])
		}
	}
}

// firstLine is the first line of a text that isn't blank.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
