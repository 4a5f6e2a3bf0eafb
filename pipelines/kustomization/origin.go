package kustomization

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/report"
)

// originKey is how kustomize says where an object came from, where it is asked to.
const originKey = "    config.kubernetes.io/origin: |"

// origin is what it says: the file of a resource, or the file that configured a generator, relative to the root.
type origin struct {
	Path         string `yaml:"path"`
	ConfiguredIn string `yaml:"configuredIn"`
}

// split takes the origins out of a stream, one of each object. What is left is what kustomize prints without being asked.
func split(stream string) (string, []origin) {
	var text strings.Builder
	var origins []origin
	for i, document := range strings.Split(stream, "\n---\n") {
		left, from := without(strings.Split(document, "\n"))
		if i > 0 {
			text.WriteString("\n---\n")
		}
		text.WriteString(strings.Join(left, "\n"))
		origins = append(origins, from)
	}
	return text.String(), origins
}

// without takes the origin out of one object's lines.
func without(lines []string) ([]string, origin) {
	var from origin
	for i, line := range lines {
		if line != originKey {
			continue
		}
		end := i + 1
		for end < len(lines) && strings.HasPrefix(lines[end], "      ") {
			end++
		}
		if err := yaml.Unmarshal([]byte(strings.Join(lines[i+1:end], "\n")), &from); err != nil {
			from = origin{}
		}
		start := i
		if lines[i-1] == "  annotations:" && (end == len(lines) || !strings.HasPrefix(lines[end], "    ")) {
			start--
		}
		return append(append([]string{}, lines[:start]...), lines[end:]...), from
	}
	return lines, from
}

// locate is where in the sources an object begins.
func (t *Tree) locate(root string, from origin, object manifest.Object) finding.Location {
	if from.ConfiguredIn != "" {
		return t.generator(path.Join(root, from.ConfiguredIn), object)
	}
	file := path.Join(root, from.Path)
	if folder, inside, standsIn := strings.Cut(file, standIns+"/"); standsIn {
		var line int
		if _, err := fmt.Sscanf(inside, "%d/", &line); err == nil && t.descriptions[path.Clean(folder)] != nil {
			return finding.Location{File: t.descriptions[path.Clean(folder)].file, Line: line}
		}
	}
	line := 0
	for _, d := range t.documents[file] {
		if d.Kind == object.Kind && strings.Contains(object.Name, d.Name) && (line == 0 || d.Name == object.Name) {
			line = d.Line
		}
	}
	return finding.Location{File: file, Line: line}
}

// generator is the entry of the generator that made an object.
func (t *Tree) generator(file string, object manifest.Object) finding.Location {
	at := finding.Location{File: file, Line: 1}
	d := t.descriptions[path.Dir(file)]
	if d == nil {
		return at
	}
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		d.each(field, func(item *yaml.Node) {
			if name := manifest.Child(item, "name"); name != nil && strings.HasPrefix(object.Name, name.Value) {
				at.Line = name.Line
			}
		})
	}
	return at
}

// facts are what a person wants to know of a render.
func facts(index manifest.Index, objects int) []report.Fact {
	all := []report.Fact{
		{Name: "roots", Value: fmt.Sprint(len(index.Roots))},
		{Name: "objects", Value: fmt.Sprint(objects)},
		{Name: "rendered anew", Value: fmt.Sprint(index.Rendered)},
	}
	if len(index.Plain) > 0 {
		all = append(all, report.Fact{Name: "in no kustomization", Value: fmt.Sprintf("%d manifests, which nothing renders", len(index.Plain))})
	}
	return all
}
