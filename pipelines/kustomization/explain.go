package kustomization

import (
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// identity is how kustomize names an object in an error: Kind.version.group/name.namespace.
var identity = regexp.MustCompile(`([A-Z][A-Za-z]+)\.[^\s/]+/([a-z0-9.-]+?)\.(\[noNs\]|[a-z0-9-]+)`)

// unknownField is how kustomize says that a kustomization has a field that it doesn't know.
var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// explain is what kustomize said of a root, with the place in the sources.
func (t *Tree) explain(root string, c closure, stderr string) error {
	wrong := &manifest.FileError{File: t.descriptions[root].file, Line: 1, Reason: reason(stderr)}
	if field := unknownField.FindStringSubmatch(stderr); field != nil {
		for _, file := range c.files {
			if d := t.descriptions[path.Dir(file)]; d != nil && d.file == file {
				if line := keyLine(d.node, field[1]); line > 0 {
					wrong.File, wrong.Line = file, line
				}
			}
		}
		return wrong
	}
	named := identity.FindStringSubmatch(stderr)
	if named == nil {
		return wrong
	}
	patch := strings.Contains(stderr, "patch")
	if file, line := t.declared(c, named[1], named[2], patch); line > 0 {
		wrong.File, wrong.Line = file, line
	}
	return wrong
}

// reason is kustomize's message without its way there.
func reason(stderr string) string {
	text := strings.TrimSpace(stderr)
	if at := strings.LastIndex(text, "Error: "); at >= 0 {
		text = text[at+len("Error: "):]
	}
	text = strings.Join(strings.Fields(text), " ")
	for _, tail := range []string{"may not add resource with an already registered id", "no resource matches strategic merge patch", "unable to find patch target", "invalid Kustomization"} {
		if at := strings.Index(text, tail); at >= 0 {
			text = text[at:]
		}
	}
	text, _, _ = strings.Cut(text, "': must build at directory")
	return "kustomize: " + strings.Trim(text, "'")
}

// declared is the last place in a root's files that declares an object, or that patches it.
func (t *Tree) declared(c closure, kind, name string, patch bool) (file string, line int) {
	for _, candidate := range c.files {
		if d := t.descriptions[path.Dir(candidate)]; d != nil && d.file == candidate {
			if at := inlinePatch(d, kind, name); patch && at > 0 {
				return candidate, at
			}
			continue
		}
		for _, d := range t.documents[candidate] {
			if d.Kind == kind && d.Name == name {
				file, line = candidate, d.Line
			}
		}
	}
	return file, line
}

// inlinePatch is the line of a patch of an object in a kustomization's own text.
func inlinePatch(d *description, kind, name string) int {
	found := 0
	d.each("patches", func(item *yaml.Node) {
		text := manifest.Child(item, "patch")
		if text == nil {
			return
		}
		documents, err := manifest.Documents(d.file, []byte(text.Value))
		if err != nil {
			return
		}
		for _, patch := range documents {
			if patch.Kind == kind && patch.Name == name {
				found = text.Line
			}
		}
	})
	return found
}

// keyLine is the line of the first key of a name, anywhere below a node.
func keyLine(node *yaml.Node, key string) int {
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && child.Value == key {
			return child.Line
		}
		if line := keyLine(child, key); line > 0 {
			return line
		}
	}
	return 0
}
