package monitoring

import (
	"errors"
	"regexp"
	"strings"
)

// Dashboard is a dashboard of Grafana.
type Dashboard struct {
	File, Title string
	Line        int
	Panels      []Panel
	// variables are its own, by name, with the value to begin with.
	variables map[string]string
	// lookups are the queries that fill the variables.
	lookups []lookup
}

// Panel is a panel that shows metrics of Prometheus.
type Panel struct {
	Title   string
	Line    int
	Queries []panelQuery
}

// panelQuery is a query of a panel, and the legend that names labels of its result.
type panelQuery struct {
	Query
	legend string
}

// lookup is a query of a variable: the values of a label, of a metric's series where one is named.
type lookup struct {
	Query
	label string
}

func readDashboard(name string, content []byte) (Dashboard, error) {
	root, err := readJSON(content)
	if err != nil {
		var wrong *unreadable
		if errors.As(err, &wrong) {
			wrong.file = name
		}
		return Dashboard{}, err
	}
	d := Dashboard{File: name, Title: root.in("title").text, Line: root.in("title").line, variables: map[string]string{}}
	if d.Title == "" {
		return Dashboard{}, errors.New("the dashboard has no title")
	}
	for _, variable := range root.in("templating", "list").items {
		d.variable(variable)
	}
	d.panels(root.in("panels").items)
	return d, nil
}

// labelValues matches a variable's query: label_values(METRIC, LABEL) or label_values(LABEL).
var labelValues = regexp.MustCompile(`^\s*label_values\((?:(.*),)?\s*([^,()]+?)\s*\)\s*$`)

func (d *Dashboard) variable(n node) {
	name := n.in("name").text
	d.variables[name] = n.in("current", "value").text
	query := n.in("query")
	if query.text == "" {
		query = query.in("query")
	}
	found := labelValues.FindStringSubmatch(query.text)
	if n.in("type").text != "query" || found == nil || strings.TrimSpace(found[1]) == "" {
		return
	}
	q := Query{File: d.File, Line: query.line, Text: found[1], Name: d.Title}
	d.lookups = append(d.lookups, lookup{q, found[2]})
}

// panels adds panels, and those of rows that are folded.
func (d *Dashboard) panels(all []node) {
	for _, n := range all {
		if targets := n.in("targets").items; len(targets) > 0 && ofPrometheusKind(n) {
			panel := Panel{Title: n.in("title").text, Line: n.in("title").line}
			for _, target := range targets {
				if !ofPrometheusKind(target) {
					continue
				}
				written := target.in("expr")
				q := Query{File: d.File, Line: max(written.line, target.line), Text: written.text, Name: d.Title}
				panel.Queries = append(panel.Queries, panelQuery{q, target.in("legendFormat").text})
			}
			d.Panels = append(d.Panels, panel)
		}
		d.panels(n.in("panels").items)
	}
}

// ofPrometheusKind says whether a panel or a target may ask Prometheus: those that do not say whom they ask may.
func ofPrometheusKind(n node) bool {
	kind := n.in("datasource", "type").text
	return kind == "" || kind == "prometheus" || kind == "datasource"
}

// variable matches a variable in a query: $name, ${name}, ${name:format}, [[name]].
var variable = regexp.MustCompile(`\$(\w+)|\$\{(\w+)(?:[:.][^}]*)?\}|\[\[(\w+)(?::[^\]]*)?\]\]`)

// ofGrafana are values that Grafana's own variables may have.
var ofGrafana = map[string]string{
	"__rate_interval": "5m", "__interval": "1m", "__range": "3h", "__interval_ms": "60000", "__range_s": "10800", "__range_ms": "10800000",
	"__from": "0", "__to": "0", "__dashboard": "x", "__org": "1", "__user": "x",
}

// fill puts values in the place of variables, and lists those that nobody knows.
func (d *Dashboard) fill(text string) (filled string, unknown []string) {
	filled = variable.ReplaceAllStringFunc(text, func(word string) string {
		parts := variable.FindStringSubmatch(word)
		name := parts[1] + parts[2] + parts[3]
		if value, known := ofGrafana[name]; known {
			return value
		}
		value, known := d.variables[name]
		if !known {
			unknown = append(unknown, name)
		}
		if value == "" || strings.HasPrefix(value, "$__") {
			return "x"
		}
		return value
	})
	return filled, unknown
}
