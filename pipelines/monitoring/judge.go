package monitoring

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/esteira/esteira/pipelines/finding"
)

// Tool is who says what is found here.
const Tool = "monitoring"

// judgement gathers what is found.
type judgement struct {
	*catalogue
	findings []finding.Finding
}

// Judge compares what is asked for with what is exposed, and looks for alerts that nobody proved or explained. Runbooks is
// the folder of runbooks, or nil where it is not at hand.
func Judge(tree Tree, exposed []Exposition, runbooks fs.FS) []finding.Finding {
	j := &judgement{catalogue: newCatalogue(tree, exposed)}
	for _, err := range tree.Unread {
		var wrong *unreadable
		if errors.As(err, &wrong) {
			j.say("unreadable", Query{File: wrong.file, Line: wrong.line}, wrong.cause.Error())
		}
	}
	for _, file := range tree.Rules {
		for _, rule := range file.Rules {
			j.rule(rule, tree.Tests, runbooks)
		}
	}
	for _, dashboard := range tree.Dashboards {
		j.dashboard(dashboard)
	}
	for _, query := range tree.Canaries {
		j.query(query, "")
	}
	return j.findings
}

// say remembers a finding about what asks, at the query's line.
func (j *judgement) say(rule string, about Query, message string) {
	if about.Name != "" {
		message = about.Name + ": " + message
	}
	found := findingOf(Tool, rule, about.File, about.Line, message)
	if !slices.Contains(j.findings, found) {
		j.findings = append(j.findings, found)
	}
}

func findingOf(tool, rule, file string, line int, message string) finding.Finding {
	return finding.Finding{
		Tool: tool, Rule: rule, Severity: finding.High, Message: message, Location: finding.Location{File: file, Line: line},
	}.Identified()
}

// query judges one expression. Who stands before a message where the object does not say enough.
func (j *judgement) query(q Query, who string) (labelSet, bool) {
	expression, err := parse(q.Text)
	if err != nil {
		offset, message := 0, err.Error()
		var wrong parser.ParseErrors
		if errors.As(err, &wrong) && len(wrong) > 0 {
			offset, message = int(wrong[0].PositionRange.Start), wrong[0].Err.Error()
		}
		j.say("promql", q.below(offset), who+"PromQL: "+message)
		return labelSet{}, false
	}
	r := reading{j.catalogue, func(rule, message string, offset int) { j.say(rule, q.below(offset), who+message) }}
	return r.infer(expression), true
}

// below is the query at the line that an offset in it lies in.
func (q Query) below(offset int) Query {
	if offset > 0 && offset <= len(q.Text) {
		q.Line += strings.Count(q.Text[:offset], "\n")
	}
	return q
}

// rule judges a rule: what it asks for, and of an alert whether it is proven and explained.
func (j *judgement) rule(rule Rule, tests []TestFile, runbooks fs.FS) {
	made, ok := j.query(rule.Query, "")
	if rule.Alert == "" {
		return
	}
	about := rule.Query
	about.Line = rule.At
	var firing, silent bool
	for _, test := range tests {
		if test.covers(rule.File) {
			firing = firing || slices.Contains(test.Firing, rule.Alert)
			silent = silent || slices.Contains(test.Silent, rule.Alert)
		}
	}
	if !firing {
		j.say("untested-alert", about, "no test has it fire: add a case with exp_alerts")
	}
	if !silent {
		j.say("untested-alert", about, "no test has it not fire: add a case with exp_alerts: []")
	}
	j.explained(rule, about, runbooks)
	if ok {
		j.named(rule, made.union(setOf(keys(rule.Labels)...)))
	}
}

// explained asks for what somebody needs who is woken by an alert.
func (j *judgement) explained(rule Rule, about Query, runbooks fs.FS) {
	if rule.Annotations["summary"].text == "" {
		j.say("no-summary", about, "it has no annotation summary: say in it what is wrong")
	}
	runbook, ok := rule.Annotations["runbook_url"]
	if !ok || runbook.text == "" {
		j.say("no-runbook", about, "it has no annotation runbook_url: say in it what to do")
		return
	}
	if runbooks == nil {
		return
	}
	address, _, _ := strings.Cut(runbook.text, "#")
	if _, err := fs.Stat(runbooks, path.Base(address)); err != nil {
		about.Line = runbook.line
		j.say("no-runbook", about, "there is no runbook "+path.Base(address))
	}
}

// alertLabel matches a label that an annotation names.
var alertLabel = regexp.MustCompile(`\$labels\.(\w+)`)

// named are the labels that annotations name: the alert has to have them.
func (j *judgement) named(rule Rule, made labelSet) {
	for _, name := range keys(rule.Annotations) {
		annotation := rule.Annotations[name]
		for _, label := range alertLabel.FindAllStringSubmatch(annotation.text, -1) {
			if !made.has(label[1]) {
				about := rule.Query
				about.Line = annotation.line
				j.say("unknown-label", about, fmt.Sprintf("%s names the label %s, and the alert has %s", name, label[1], made))
			}
		}
	}
}

// legendLabel matches a label in a legend.
var legendLabel = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// dashboard judges the queries of a dashboard, and whether each panel has something to show.
func (j *judgement) dashboard(d Dashboard) {
	for _, l := range d.lookups {
		filled := j.filled(d, l.Query, "")
		if made, ok := j.query(filled, "variable: "); ok && !made.has(l.label) {
			j.say("unknown-label", l.Query, fmt.Sprintf("variable: its series have no label %s: they have %s", l.label, made))
		}
	}
	for _, panel := range d.Panels {
		who := fmt.Sprintf("panel %q: ", panel.Title)
		before := len(j.findings)
		for _, q := range panel.Queries {
			made, ok := j.query(j.filled(d, q.Query, who), who)
			if !ok {
				continue
			}
			for _, label := range legendLabel.FindAllStringSubmatch(q.legend, -1) {
				if !made.has(label[1]) {
					j.say("unknown-label", q.Query, fmt.Sprintf("%sthe legend names the label %s, and the result has %s", who, label[1], made))
				}
			}
		}
		if len(j.findings) == before && !j.shown(d, panel) {
			about := Query{File: d.File, Line: panel.Line, Name: d.Title}
			j.say("empty-panel", about, who+"nothing that runs has a series for any of its queries: it stays empty")
		}
	}
}

// filled is a query with the dashboard's variables filled in.
func (j *judgement) filled(d Dashboard, q Query, who string) Query {
	text, unknown := d.fill(q.Text)
	for _, name := range unknown {
		j.say("unknown-variable", q, fmt.Sprintf("%sthe dashboard has no variable %s", who, name))
	}
	q.Text = text
	return q
}

// list joins names for a person.
func list(names []string) string { return strings.Join(names, ", ") }
