package manifest

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/finding"
)

// Sources finds the places of remarks in the sources. Files are read once.
type Sources struct {
	index             Index
	rendered, sources folder
}

// folder is files, and the documents of those that were read.
type folder struct {
	files     fs.FS
	documents map[string][]Document
}

// NewSources are those of an index: rendered is its folder, sources the folder that was rendered.
func NewSources(index Index, rendered, sources fs.FS) *Sources {
	return &Sources{index, folder{rendered, map[string][]Document{}}, folder{sources, map[string][]Document{}}}
}

// Source are the documents of a file of the sources.
func (s *Sources) Source(file string) ([]Document, error) { return s.sources.read(file) }

// Rendered are the documents of what was rendered into a file.
func (s *Sources) Rendered(file string) ([]Document, error) { return s.rendered.read(file) }

// Place finds where each remark comes from. What several say of one place becomes one remark that names all their roots,
// as severe as the worst of them. An error is for a remark about a root that was not rendered.
func (s *Sources) Place(said Said) (Placed, error) {
	type same struct {
		tool, rule, message, field, object string
		at                                 finding.Location
	}
	placed, seen := Placed{Said: said}, map[same]int{}
	placed.Remarks, placed.Places = []Remark{}, []Place{}
	for _, remark := range said.Remarks {
		place, err := s.place(&remark)
		if err != nil {
			return Placed{}, err
		}
		key := same{remark.Tool, remark.Rule, remark.Message, remark.Field, remark.Object.String(), place.Location}
		if i, known := seen[key]; known {
			if !slices.Contains(placed.Places[i].Roots, remark.Root) {
				placed.Places[i].Roots = append(placed.Places[i].Roots, remark.Root)
			}
			if remark.Severity.AtLeast(placed.Remarks[i].Severity) {
				placed.Remarks[i].Severity = remark.Severity
			}
			continue
		}
		seen[key] = len(placed.Remarks)
		placed.Remarks, placed.Places = append(placed.Remarks, remark), append(placed.Places, place)
	}
	return placed, nil
}

// place is where one remark comes from; the remark gets the object's name as it was rendered.
func (s *Sources) place(remark *Remark) (Place, error) {
	place := Place{Roots: []string{remark.Root}}
	root, known := s.index.At(remark.Root)
	if !known {
		return place, fmt.Errorf("%s says something of %q, which was not rendered", remark.Tool, remark.Root)
	}
	object, found := root.find(*remark)
	if !found {
		place.Location = finding.Location{File: root.Path}
		if len(root.Files) > 0 {
			place.Location = finding.Location{File: root.Files[0], Line: 1}
		}
		return place, nil
	}
	if remark.Object == (Object{}) {
		remark.Object = object.Object
	}
	place.Location = object.Source
	if place.Location.File == "" {
		place.Location = finding.Location{File: root.Stream, Line: object.Line}
	}
	rendered, err := s.rendered.at(root.Stream, object.Line)
	if err != nil {
		return place, err
	}
	field := steps(remark.Field)
	if len(field) == 0 && remark.Line > 0 && rendered != nil {
		field = stepsTo(rendered, remark.Line)
	}
	if len(field) > 0 {
		place.Location, place.Exact = s.exact(root, object, rendered, field, place.Location)
	}
	return place, nil
}

// find is the object that a remark is about.
func (r Root) find(remark Remark) (Rendered, bool) {
	if remark.Line > 0 {
		return r.At(remark.Line)
	}
	for _, object := range r.Objects {
		same := object.Kind == remark.Object.Kind && object.Name == remark.Object.Name
		if same && (remark.Object.Namespace == "" || object.Namespace == "" || object.Namespace == remark.Object.Namespace) {
			return object, true
		}
	}
	return Rendered{}, false
}

// exact is the line that sets a field: in the outermost patch of the object that has it, else in the object's own file.
// Where only a part of the way is there, it is the end of that part.
func (s *Sources) exact(root Root, object Rendered, rendered *yaml.Node, field []string, head finding.Location) (finding.Location, bool) {
	best, depth := head, 0
	inner := slices.Clone(root.Files)
	slices.Reverse(inner)
	for _, file := range append([]string{object.Source.File}, inner...) {
		documents, err := s.sources.read(file)
		if err != nil {
			continue // not a YAML file, or not there: it can't be the place
		}
		for _, d := range documents {
			if d.Kind != object.Kind || d.Name == "" || !strings.Contains(object.Name, d.Name) {
				continue
			}
			if file == object.Source.File && d.Line != object.Source.Line {
				continue
			}
			if line, deep := follow(rendered, d.Node, field); deep > depth || deep == depth && deep == len(field) {
				best, depth = finding.Location{File: file, Line: line}, deep
			}
		}
	}
	return best, depth == len(field)
}

// follow walks a field's way through a source, and through what was rendered beside it, so that an item of a list is found
// by its name where its place differs. It says the line where the way ends, and how far it came.
func follow(rendered, source *yaml.Node, field []string) (line, deep int) {
	line = source.Line
	for _, step := range field {
		var key, next *yaml.Node
		switch source.Kind {
		case yaml.MappingNode:
			key, next = entry(source, step)
		case yaml.SequenceNode:
			next = item(rendered, source, step)
			key = next
		}
		if next == nil {
			return line, deep
		}
		line, deep, source = key.Line, deep+1, next
		rendered = below(rendered, step)
	}
	return line, deep
}

func entry(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// item is the item of a source's list that is the same as the one at a place in what was rendered.
func item(rendered, source *yaml.Node, step string) *yaml.Node {
	name := step
	if wanted := below(rendered, step); wanted != nil {
		name = scalar(wanted, "name")
	}
	for _, candidate := range source.Content {
		if name != "" && scalar(candidate, "name") == name {
			return candidate
		}
	}
	at, err := strconv.Atoi(step)
	if err != nil || at < 0 || at >= len(source.Content) || name != "" && scalar(source.Content[at], "name") != "" {
		return nil
	}
	return source.Content[at]
}

func below(node *yaml.Node, step string) *yaml.Node {
	if node == nil || node.Kind == yaml.MappingNode {
		return Child(node, step)
	}
	if at, err := strconv.Atoi(step); err == nil && node.Kind == yaml.SequenceNode && at >= 0 && at < len(node.Content) {
		return node.Content[at]
	}
	for _, candidate := range node.Content {
		if scalar(candidate, "name") == step {
			return candidate
		}
	}
	return nil
}

// steps are those of a field, such as spec.containers[0].image, spec.containers.[name=app].image, /spec/containers/0, or
// metadata.labels["app.kubernetes.io/name"].
func steps(field string) []string {
	if strings.HasPrefix(field, "/") {
		return strings.Split(strings.ReplaceAll(strings.ReplaceAll(field[1:], "~1", "/"), "~0", "~"), "/")
	}
	var all []string
	for field != "" {
		end := strings.IndexAny(field, ".[")
		if strings.HasPrefix(field, "[") {
			if end = strings.Index(field, "]"); end < 0 {
				return all
			}
			all = append(all, strings.TrimPrefix(strings.Trim(field[1:end], `"'`), "name="))
			field = field[end+1:]
			continue
		}
		if end < 0 {
			end = len(field)
		}
		if end > 0 {
			all = append(all, field[:end])
		}
		field = strings.TrimPrefix(field[end:], ".")
	}
	return all
}

// stepsTo is the way to the key or item that stands in a line.
func stepsTo(node *yaml.Node, line int) []string {
	for i, child := range node.Content {
		switch node.Kind {
		case yaml.MappingNode:
			if i%2 == 1 {
				continue
			}
			if child.Line == line {
				return []string{child.Value}
			}
			if way := stepsTo(node.Content[i+1], line); way != nil {
				return append([]string{child.Value}, way...)
			}
		case yaml.SequenceNode:
			if way := stepsTo(child, line); way != nil {
				return append([]string{strconv.Itoa(i)}, way...)
			}
			if child.Line == line {
				return []string{strconv.Itoa(i)}
			}
		}
	}
	return nil
}

// at is the document of a stream that begins in a line.
func (f folder) at(name string, line int) (*yaml.Node, error) {
	documents, err := f.read(name)
	if err != nil {
		return nil, err
	}
	for _, d := range documents {
		if d.Line == line {
			return d.Node, nil
		}
	}
	return nil, nil
}

func (f folder) read(name string) ([]Document, error) {
	if documents, known := f.documents[name]; known {
		return documents, nil
	}
	if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" {
		return nil, nil
	}
	text, err := fs.ReadFile(f.files, name)
	if err != nil {
		return nil, err
	}
	documents, err := Documents(name, text)
	if err == nil {
		f.documents[name] = documents
	}
	return documents, err
}
