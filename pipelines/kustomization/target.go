package kustomization

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// selector is what a patch looks for. Kustomize says nothing where it finds nothing.
type selector struct {
	line  int
	text  string
	kind  *regexp.Regexp
	name  *regexp.Regexp
	asked bool
	found bool
}

// newSelector is the selector of a patch's target, or nil where there is none, or where it goes by more than kind and name.
func newSelector(target *yaml.Node) *selector {
	if target == nil || target.Kind != yaml.MappingNode || manifest.Child(target, "labelSelector") != nil || manifest.Child(target, "annotationSelector") != nil {
		return nil
	}
	s := &selector{line: target.Line}
	var words []string
	for _, field := range []struct {
		key  string
		into **regexp.Regexp
	}{{"kind", &s.kind}, {"name", &s.name}} {
		value := manifest.Child(target, field.key)
		if value == nil || value.Value == "" {
			continue
		}
		words = append(words, field.key+" "+value.Value)
		whole, err := regexp.Compile("^(?:" + value.Value + ")$")
		if err != nil {
			return nil // kustomize refuses it itself
		}
		*field.into = whole
	}
	s.text = strings.Join(words, " and ")
	return s
}

func (s *selector) takes(object manifest.Object) bool {
	matches := func(pattern *regexp.Regexp, text string) bool { return pattern == nil || pattern.MatchString(text) }
	return matches(s.kind, object.Kind) && (matches(s.name, object.Name) || matches(s.name, hashed.ReplaceAllString(object.Name, "")))
}

// hashed is what kustomize appends to the name of what it generates.
var hashed = regexp.MustCompile(`-[a-z0-9]{10}$`)

// targets are the selectors of a tree: one finds what it looks for if it does so in any root that it is part of.
type targets struct{ sync.Mutex }

// look has the selectors of a root's kustomizations look for what they want, among what it is made of and what it renders.
func (s *targets) look(t *Tree, root manifest.Root) {
	s.Lock()
	defer s.Unlock()
	descriptions := t.of(root.Files)
	objects := t.candidates(root, descriptions)
	for _, d := range descriptions {
		for _, selector := range d.selectors {
			selector.asked = true
			selector.found = selector.found || slices.ContainsFunc(objects, selector.takes)
		}
	}
}

// candidates are the objects that a root renders, under the names that they have in the end, and those in its files, under
// the names that they have there.
func (t *Tree) candidates(root manifest.Root, descriptions []*description) (objects []manifest.Object) {
	for _, rendered := range root.Objects {
		objects = append(objects, rendered.Object)
	}
	var patches []string
	for _, d := range descriptions {
		patches = append(patches, d.patches...)
	}
	for _, file := range root.Files {
		if slices.Contains(patches, file) {
			continue
		}
		for _, document := range t.documents[file] {
			objects = append(objects, document.Object)
		}
	}
	return objects
}

// of are the kustomizations among files.
func (t *Tree) of(files []string) (all []*description) {
	for _, d := range t.descriptions {
		if slices.Contains(files, d.file) {
			all = append(all, d)
		}
	}
	return all
}

// unfound says of each selector that found nothing that its patch changes nothing.
func (t *Tree) unfound() {
	for _, d := range t.descriptions {
		for _, selector := range d.selectors {
			if selector.asked && !selector.found {
				t.find("patch-without-target", d.file, selector.line, fmt.Sprintf("the patch is for %s, and there is no such object: it changes nothing", selector.text))
			}
		}
	}
}
