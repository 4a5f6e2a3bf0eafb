package source

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/esteira/esteira/pipelines/finding"
)

// module is what is of interest in the configuration files of one folder.
type module struct {
	calls map[string]call
	// resources are by TYPE.NAME, those that are only read by data.TYPE.NAME.
	resources map[string]*hcl.Block
	locals    map[string]hcl.Expression
}

var schema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "locals"},
}}

// module reads the configuration of a folder, once.
func (t *Tree) module(folder string) (*module, error) {
	if known := t.modules[folder]; known != nil {
		return known, nil
	}
	if !fs.ValidPath(folder) {
		return nil, fmt.Errorf("module %s lies outside of the folder that is judged: give a folder that holds it too", folder)
	}
	files, err := t.configuration(folder)
	if err != nil {
		return nil, err
	}
	read := &module{calls: map[string]call{}, resources: map[string]*hcl.Block{}, locals: map[string]hcl.Expression{}}
	parser := hclparse.NewParser()
	for _, name := range files {
		body, err := parse(parser, t.files, name)
		if err != nil {
			return nil, err
		}
		read.add(body)
	}
	t.modules[folder] = read
	return read, nil
}

// configuration names the files of a folder that are configuration, those that override others last.
func (t *Tree) configuration(folder string) (names []string, err error) {
	entries, err := fs.ReadDir(t.files, folder)
	if err != nil {
		return nil, err
	}
	var overriding []string
	for _, entry := range entries {
		base, _, _ := strings.Cut(entry.Name(), ".")
		switch {
		case entry.IsDir() || !isConfiguration(entry.Name()):
		case base == "override" || strings.HasSuffix(base, "_override"):
			overriding = append(overriding, path.Join(folder, entry.Name()))
		default:
			names = append(names, path.Join(folder, entry.Name()))
		}
	}
	return slices.Concat(names, overriding), nil
}

// add remembers the blocks of a file. What stands in two files is at its first place: the other overrides it.
func (m *module) add(body hcl.Body) {
	content, _, _ := body.PartialContent(schema)
	for _, block := range content.Blocks {
		switch block.Type {
		case "locals":
			attributes, _ := block.Body.JustAttributes()
			for name, attribute := range attributes {
				m.locals[name] = attribute.Expr
			}
		case "module":
			if _, known := m.calls[block.Labels[0]]; !known {
				m.calls[block.Labels[0]] = call{sourceOf(block.Body), m.location(block.DefRange)}
			}
		default:
			name := strings.Join(block.Labels, ".")
			if block.Type == "data" {
				name = "data." + name
			}
			if _, known := m.resources[name]; !known {
				m.resources[name] = block
			}
		}
	}
}

// sourceOf is the source that a module call names.
func sourceOf(body hcl.Body) string {
	content, _, _ := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "source"}}})
	if source := content.Attributes["source"]; source != nil {
		return literal(source.Expr)
	}
	return ""
}

func (m *module) location(place hcl.Range) finding.Location {
	return finding.Location{File: place.Filename, Line: place.Start.Line}
}
