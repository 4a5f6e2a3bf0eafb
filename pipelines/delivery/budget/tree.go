package budget

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// Tree is a folder of manifests, and what was rendered of it.
type Tree struct {
	// folder is where it lies in the repository.
	folder  string
	index   manifest.Index
	sources *manifest.Sources
	// files are the documents of the sources, streams those that the roots render, workflows GitHub's.
	files, streams, workflows map[string][]manifest.Document
}

// ReadTree reads a repository's workflows, and its folder of manifests with what `esteira manifest render` made of it.
func ReadTree(repository fs.FS, folder string, index manifest.Index, rendered fs.FS) (*Tree, error) {
	source, err := fs.Sub(repository, folder)
	if err != nil {
		return nil, err
	}
	t := &Tree{
		folder: folder, index: index, sources: manifest.NewSources(index, rendered, source),
		files: map[string][]manifest.Document{}, streams: map[string][]manifest.Document{}, workflows: map[string][]manifest.Document{},
	}
	for _, root := range index.Roots {
		if path.Base(path.Dir(root.Path)) == "overlays" && root.Stream != "" {
			if t.streams[root.Path], err = t.sources.Rendered(root.Stream); err != nil {
				return nil, err
			}
		}
	}
	if err := readAll(source, ".", t.files, t.sources.Source); err != nil {
		return nil, err
	}
	if _, err := fs.Stat(repository, workflows); err != nil {
		return t, nil
	}
	return t, readAll(repository, workflows, t.workflows, func(file string) ([]manifest.Document, error) {
		text, err := fs.ReadFile(repository, file)
		if err != nil {
			return nil, err
		}
		return manifest.Documents(file, text)
	})
}

// readAll reads every YAML file below a folder.
func readAll(from fs.FS, folder string, into map[string][]manifest.Document, read func(file string) ([]manifest.Document, error)) error {
	return fs.WalkDir(from, folder, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != folder && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.Type().IsRegular() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml":
			return nil
		}
		into[name], err = read(name)
		return err
	})
}

// object is one that says how long something takes. One that is not there has no node, and all of its tool's defaults.
type object struct {
	manifest.Object
	node *yaml.Node
	// root is what rendered it; empty for one that was read from the file.
	root, file string
}

// overlay is the root of an overlay.
func (t *Tree) overlay(name string) (root string, found bool) {
	for _, root := range slices.Sorted(maps.Keys(t.streams)) {
		if path.Base(root) == name {
			return root, true
		}
	}
	return "", false
}

// rendered are the objects of a kind that a root renders.
func (t *Tree) rendered(root, kind string) (objects []object) {
	for _, d := range t.streams[root] {
		if d.Kind == kind {
			objects = append(objects, object{Object: d.Object, node: d.Node, root: root})
		}
	}
	return objects
}

// written are the objects of a kind that stand in files, whatever renders them.
func (t *Tree) written(kind string) (objects []object) {
	for _, file := range slices.Sorted(maps.Keys(t.files)) {
		for _, d := range t.files[file] {
			if d.Kind == kind {
				objects = append(objects, object{Object: d.Object, node: d.Node, file: file})
			}
		}
	}
	return objects
}

// at follows keys, and places in lists.
func at(node *yaml.Node, field ...string) *yaml.Node {
	for _, step := range field {
		if node != nil && node.Kind == yaml.SequenceNode {
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(node.Content) {
				return nil
			}
			node = node.Content[i]
			continue
		}
		node = manifest.Child(node, step)
	}
	return node
}

func text(node *yaml.Node) string {
	if node == nil {
		return ""
	}
	return node.Value
}

// value is a field of an object, with its place.
func (t *Tree) value(o object, field ...string) (Value, *yaml.Node) {
	node := at(o.node, field...)
	v := Value{Field: o.Object.String() + " " + strings.Join(field, ".")}
	if node == nil {
		return v, nil
	}
	v.Text = flat(node)
	v.Location = finding.Location{File: o.file, Line: node.Line}
	if o.root != "" {
		v.Location = t.place(o, field, node)
	}
	v.File = path.Join(t.folder, v.File)
	return v, node
}

// flat is a value in one line.
func flat(node *yaml.Node) string {
	if node.Kind != yaml.SequenceNode {
		return node.Value
	}
	var items []string
	for _, item := range node.Content {
		items = append(items, item.Value)
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// place is where in the sources a field of what was rendered is set: by an operation in a kustomization's patch, or in a
// document.
func (t *Tree) place(o object, field []string, node *yaml.Node) finding.Location {
	root, _ := t.index.At(o.root)
	for _, file := range root.Files {
		if place, found := t.operation(file, o.Kind, "/"+strings.Join(field, "/"), node.Value); found {
			return place
		}
	}
	placed, err := t.sources.Place(manifest.Said{Remarks: []manifest.Remark{{Root: o.root, Object: o.Object, Field: "/" + strings.Join(field, "/")}}})
	if err != nil || len(placed.Places) == 0 {
		return finding.Location{File: o.root}
	}
	return placed.Places[0].Location
}

// operation is where a JSON patch of a kustomization sets a field of a kind to a value.
func (t *Tree) operation(kustomization, kind, pointer, value string) (finding.Location, bool) {
	for _, d := range t.files[kustomization] {
		for _, patch := range items(manifest.Child(d.Node, "patches")) {
			if text(at(patch, "target", "kind")) != kind {
				continue
			}
			for _, operation := range t.operations(kustomization, patch) {
				if text(manifest.Child(operation.Node, "path")) == pointer && text(manifest.Child(operation.Node, "value")) == value {
					return operation.Location, true
				}
			}
		}
	}
	return finding.Location{}, false
}

// operation is one of a JSON patch, and where it stands.
type operation struct {
	finding.Location
	*yaml.Node
}

// operations are those of a patch that stands in a kustomization, or in a file of its own.
func (t *Tree) operations(kustomization string, patch *yaml.Node) (all []operation) {
	if file := manifest.Child(patch, "path"); file != nil {
		name := path.Join(path.Dir(kustomization), file.Value)
		for _, d := range t.files[name] {
			for _, item := range items(d.Node) {
				all = append(all, operation{finding.Location{File: name, Line: item.Line}, item})
			}
		}
		return all
	}
	inline := manifest.Child(patch, "patch")
	if inline == nil {
		return nil
	}
	documents, err := manifest.Documents(kustomization, []byte(inline.Value))
	if err != nil || len(documents) == 0 {
		return nil // kustomize would have refused it: it was no list of operations
	}
	for _, item := range items(documents[0].Node) {
		all = append(all, operation{finding.Location{File: kustomization, Line: inline.Line + item.Line}, item})
	}
	return all
}

// reader reads values, and remembers what is wrong with them.
type reader struct {
	*Tree
	undecided []string
	problems  []Problem
	notes     []string
}

func (r *reader) fail(format string, values ...any) {
	if reason := fmt.Sprintf(format, values...); !slices.Contains(r.undecided, reason) {
		r.undecided = append(r.undecided, reason)
	}
}

func (r *reader) problem(rule string, value Value, format string, values ...any) {
	p := Problem{rule, fmt.Sprintf(format, values...), value}
	if !slices.Contains(r.problems, p) {
		r.problems = append(r.problems, p)
	}
}

func (r *reader) note(format string, values ...any) {
	if note := fmt.Sprintf(format, values...); !slices.Contains(r.notes, note) {
		r.notes = append(r.notes, note)
	}
}

// scalar is a field's value, or its tool's default. One that has neither is undecided, and never nothing.
func (r *reader) scalar(o object, field ...string) (Value, bool) {
	v, node := r.value(o, field...)
	if node != nil && node.Kind == yaml.ScalarNode {
		return v, true
	}
	star := slices.Clone(field)
	for i, step := range star {
		if _, err := strconv.Atoi(step); err == nil {
			star[i] = "*"
		}
	}
	byDefault, known := defaults[o.Kind+" "+strings.Join(star, ".")]
	if node != nil || !known {
		r.fail("%s is nowhere, and has no default: set it", where(o, v))
		return v, false
	}
	v.Text, v.Default = byDefault.value, byDefault.source
	return v, true
}

// where names a field by what renders or holds its object.
func where(o object, v Value) string {
	if in := o.root + o.file; in != "" {
		return in + ": " + v.Field
	}
	return v.Field
}

// duration is a field such as 15s.
func (r *reader) duration(o object, field ...string) (time.Duration, Value) {
	v, ok := r.scalar(o, field...)
	if !ok {
		return 0, v
	}
	d, err := time.ParseDuration(v.Text)
	if err != nil || d < 0 {
		r.fail("%s is %q: want a duration such as 15s", where(o, v), v.Text)
	}
	return d, v
}

// number is a field that counts.
func (r *reader) number(o object, field ...string) (int, Value) {
	v, ok := r.scalar(o, field...)
	if !ok {
		return 0, v
	}
	n, err := strconv.Atoi(v.Text)
	if err != nil || n < 0 {
		r.fail("%s is %q: want a whole number", where(o, v), v.Text)
	}
	return n, v
}

// seconds is a field that counts seconds.
func (r *reader) seconds(o object, field ...string) (time.Duration, Value) {
	n, v := r.number(o, field...)
	return time.Duration(n) * time.Second, v
}
