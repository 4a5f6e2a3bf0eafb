// Package monitoring decides whether what watches a cluster can see what it looks for: every query of a rule, a dashboard or
// a canary asks for metrics and labels that somebody exposes and Prometheus scrapes, and every alert is proven and explained.
package monitoring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Tree is what a folder has of monitoring, wherever in it that lies: a file is known by its keys, not by its name.
type Tree struct {
	Rules      []RuleFile
	Tests      []TestFile
	Configs    []Config
	Routers    []string // Alertmanager's configurations, by path
	Exporters  []ExporterFile
	Dashboards []Dashboard
	Canaries   []Query // of Flagger's metric templates
	// Unread are files of monitoring that could not be read, and why.
	Unread []error
}

// Empty says that the folder has nothing to do with monitoring.
func (t Tree) Empty() bool {
	return len(t.Rules)+len(t.Tests)+len(t.Configs)+len(t.Routers)+len(t.Exporters)+len(t.Dashboards)+len(t.Unread) == 0
}

// Query is an expression of PromQL and where it stands.
type Query struct {
	File string
	Line int // of the expression's first line
	Text string
	// Name is that of what asks: a rule, a dashboard, a template.
	Name string
}

// unreadable is a file of monitoring that is not what it should be.
type unreadable struct {
	file  string
	line  int
	cause error
}

func (u *unreadable) Error() string { return fmt.Sprintf("%s:%d: %v", u.file, u.line, u.cause) }

// maxBytes is the largest file that is looked into: 10 MiB.
const maxBytes = 10 << 20

// Read finds what a folder has of monitoring.
func Read(source fs.FS) (Tree, error) {
	var tree Tree
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		extension := path.Ext(name)
		if err != nil || entry.IsDir() || extension != ".yaml" && extension != ".yml" && extension != ".json" {
			return err
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxBytes {
			return err
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		if err := tree.add(name, content); err != nil {
			tree.Unread = append(tree.Unread, located(name, err))
		}
		return nil
	})
	return tree, err
}

// add reads a file by the reader of its kind, or not at all.
func (t *Tree) add(name string, content []byte) error {
	if path.Ext(name) == ".json" {
		if has(content, `"panels"\s*:`) && has(content, `"(schemaVersion|templating)"\s*:`) {
			return readInto(&t.Dashboards, name, content, readDashboard)
		}
		return nil
	}
	switch {
	case has(content, `^groups\s*:`) && !has(content, `^apiVersion\s*:`):
		return readInto(&t.Rules, name, content, readRules)
	case has(content, `^rule_files\s*:`) && has(content, `^tests\s*:`):
		return readInto(&t.Tests, name, content, readTests)
	case has(content, `^scrape_configs\s*:`):
		return readInto(&t.Configs, name, content, readConfig)
	case has(content, `^exporters\s*:`):
		return readInto(&t.Exporters, name, content, readExporters)
	case has(content, `^route\s*:`) && has(content, `^receivers\s*:`):
		t.Routers = append(t.Routers, name)
	case has(content, `^kind\s*:\s*MetricTemplate\b`):
		found, err := readTemplates(name, content)
		t.Canaries = append(t.Canaries, found...)
		return err
	}
	return nil
}

func has(content []byte, pattern string) bool {
	return regexp.MustCompile("(?m)" + pattern).Match(content)
}

func readInto[T any](all *[]T, name string, content []byte, read func(string, []byte) (T, error)) error {
	one, err := read(name, content)
	if err == nil {
		*all = append(*all, one)
	}
	return err
}

// yamlLine matches the line in an error of the YAML parser.
var yamlLine = regexp.MustCompile(`line (\d+): `)

// located is an error with the file, and the line as far as the error tells one.
func located(name string, err error) error {
	var known *unreadable
	if errors.As(err, &known) {
		return err
	}
	line := 1
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		fmt.Sscan(found[1], &line)
	}
	return &unreadable{name, line, err}
}

// text is where a string of YAML begins: a block begins a line after its indicator.
func text(node *yaml.Node) (string, int) {
	if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return node.Value, node.Line + 1
	}
	return node.Value, node.Line
}

// canaryWord is what Flagger fills into a query before it asks.
var canaryWord = regexp.MustCompile(`\{\{-?\s*(\w+)[^}]*\}\}`)

// readTemplates reads the queries that Flagger judges canaries by, its words filled in.
func readTemplates(name string, content []byte) ([]Query, error) {
	var queries []Query
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	for {
		var template struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct{ Query yaml.Node }
		}
		if err := decoder.Decode(&template); err != nil {
			if errors.Is(err, io.EOF) {
				return queries, nil
			}
			return queries, err
		}
		if template.Kind != "MetricTemplate" || template.Spec.Query.Value == "" {
			continue
		}
		written, line := text(&template.Spec.Query)
		filled := canaryWord.ReplaceAllStringFunc(written, func(word string) string {
			if canaryWord.FindStringSubmatch(word)[1] == "interval" {
				return "1m"
			}
			return "x"
		})
		queries = append(queries, Query{File: name, Line: line, Text: filled, Name: template.Metadata.Name})
	}
}

// Queries counts the expressions of rules, dashboards and canaries.
func (t Tree) Queries() int {
	count := len(t.Canaries)
	for _, file := range t.Rules {
		count += len(file.Rules)
	}
	for _, dashboard := range t.Dashboards {
		for _, panel := range dashboard.Panels {
			count += len(panel.Queries)
		}
	}
	return count
}
