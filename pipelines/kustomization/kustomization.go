// Package kustomization renders the kustomizations of a folder: which there are, which files each is made of, what it
// renders, where in the sources that comes from, and what is wrong with it, with file and line. Kustomize's library renders.
package kustomization

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// fileNames are those that kustomize knows.
var fileNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// description is one kustomization's file, as it was read.
type description struct {
	// folder and file are paths in the source.
	folder, file string
	component    bool
	node         *yaml.Node
	names        []reference
	selectors    []*selector
	// patches are the files with patches: what they are about is elsewhere.
	patches []string
}

// reference is what a kustomization names.
type reference struct {
	target string
	line   int
	// address says that it lies on the internet.
	address bool
}

// describe reads a kustomization's file.
func describe(source, file string) (*description, error) {
	text, err := os.ReadFile(filepath.Join(source, file))
	if err != nil {
		return nil, err
	}
	documents, err := manifest.Documents(file, text)
	if err != nil {
		return nil, err
	}
	if len(documents) != 1 {
		return nil, &manifest.FileError{File: file, Line: 1, Reason: "it is empty, or several documents: a kustomization is one"}
	}
	d := &description{folder: path.Dir(file), file: file, node: documents[0].Node, component: documents[0].Kind == "Component"}
	d.collect()
	return d, nil
}

// collect finds what the kustomization names, by the fields that kustomize has for that.
func (d *description) collect() {
	for _, field := range []string{"resources", "bases", "components", "configurations", "crds"} {
		d.each(field, func(item *yaml.Node) { d.name(item) })
	}
	for _, field := range []string{"patchesStrategicMerge", "transformers", "generators", "validators"} {
		d.each(field, func(item *yaml.Node) {
			if !strings.Contains(item.Value, "\n") {
				d.name(item)
			}
		})
	}
	for _, field := range []string{"patches", "patchesJson6902", "replacements"} {
		d.each(field, func(item *yaml.Node) {
			patch := manifest.Child(item, "path")
			d.name(patch)
			if patch != nil {
				d.patches = append(d.patches, path.Join(d.folder, patch.Value))
			}
			if selector := newSelector(manifest.Child(item, "target")); selector != nil {
				d.selectors = append(d.selectors, selector)
			}
		})
	}
	d.name(manifest.Child(manifest.Child(d.node, "openapi"), "path"))
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		d.each(field, func(item *yaml.Node) {
			d.name(manifest.Child(item, "env"))
			for _, list := range []string{"files", "envs"} {
				for _, entry := range items(manifest.Child(item, list)) {
					d.name(entry)
				}
			}
		})
	}
}

func (d *description) each(field string, take func(*yaml.Node)) {
	for _, item := range items(manifest.Child(d.node, field)) {
		take(item)
	}
}

func items(list *yaml.Node) []*yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	return list.Content
}

// remote matches what kustomize would fetch.
var remote = regexp.MustCompile(`://|^git@|^github\.com/|\?(.*&)?(ref|version)=`)

func (d *description) name(node *yaml.Node) {
	if node == nil || node.Kind != yaml.ScalarNode || node.Value == "" {
		return
	}
	if remote.MatchString(node.Value) {
		d.names = append(d.names, reference{target: node.Value, line: node.Line, address: true})
		return
	}
	target := node.Value
	if _, file, named := strings.Cut(target, "="); named {
		target = file
	}
	d.names = append(d.names, reference{target: path.Join(d.folder, target), line: node.Line})
}

// walk calls take with the path of each file below the source that is worth a look.
func walk(source string, take func(file string) error) error {
	return filepath.WalkDir(source, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != source && strings.HasPrefix(entry.Name(), ".") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(name, "Chart.yaml")); err == nil {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		relative, err := filepath.Rel(source, name)
		if err != nil {
			return err
		}
		return take(filepath.ToSlash(relative))
	})
}

func isKustomization(file string) bool { return slices.Contains(fileNames, path.Base(file)) }

func isYAML(file string) bool {
	return isKustomization(file) || path.Ext(file) == ".yaml" || path.Ext(file) == ".yml"
}
