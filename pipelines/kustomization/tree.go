package kustomization

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// tool is the name under which findings about sources are said.
const tool = "render"

// Tree is a folder of kustomizations or plain manifests, and what is wrong in its files.
type Tree struct {
	source, parts string
	// files are the paths in parts by the addresses that they stand in for.
	files        map[string][]string
	notes        []string
	descriptions map[string]*description
	// documents are those of every YAML file.
	documents map[string][]manifest.Document
	// unread are the files that don't parse.
	unread   map[string]bool
	findings []finding.Finding
}

// Read looks through a folder. parts is the folder of what stands in for addresses, with its parts.json; it may be empty.
func Read(source, parts string) (*Tree, error) {
	t := &Tree{
		source: source, parts: parts, descriptions: map[string]*description{},
		documents: map[string][]manifest.Document{}, unread: map[string]bool{},
	}
	if err := t.readParts(); err != nil {
		return nil, err
	}
	if err := walk(source, t.take); err != nil {
		return nil, err
	}
	t.secrets()
	return t, nil
}

func (t *Tree) readParts() error {
	if t.parts == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(t.parts, "parts.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var index struct {
		Files map[string][]string `json:"files"`
		Notes []string            `json:"notes"`
		Wrong []finding.Finding   `json:"wrong"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("parts.json: %w", err)
	}
	t.files, t.notes, t.findings = index.Files, index.Notes, index.Wrong
	return nil
}

// take reads a file where it is YAML. One that does not parse is a finding.
func (t *Tree) take(file string) error {
	if !isYAML(file) {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(t.source, file))
	if err != nil {
		return err
	}
	documents, err := manifest.Documents(file, text)
	if err == nil && isKustomization(file) {
		var d *description
		if d, err = describe(t.source, file); err == nil {
			t.descriptions[d.folder] = d
		}
	}
	var wrong *manifest.FileError
	if errors.As(err, &wrong) {
		t.unread[file] = true
		t.find("yaml", wrong.File, wrong.Line, wrong.Reason)
		return nil
	}
	t.documents[file] = documents
	return err
}

func (t *Tree) find(rule, file string, line int, message string) {
	t.findings = append(t.findings, finding.Finding{
		Tool: tool, Rule: rule, Severity: finding.High, Message: message,
		Location: finding.Location{File: file, Line: line},
	}.Identified())
}

// roots are the kustomizations that render by themselves, by folder.
func (t *Tree) roots() []string {
	var roots []string
	for _, folder := range slices.Sorted(maps.Keys(t.descriptions)) {
		if !t.descriptions[folder].component {
			roots = append(roots, folder)
		}
	}
	return roots
}

// plain are the files with manifests that no kustomization names.
func (t *Tree) plain() []string {
	named := map[string]bool{}
	for _, d := range t.descriptions {
		for _, r := range d.names {
			named[r.target] = true
		}
	}
	var plain []string
	for _, file := range slices.Sorted(maps.Keys(t.documents)) {
		documents := t.documents[file]
		if len(documents) > 0 && documents[0].APIVersion != "" && documents[0].Kind != "" && !named[file] && !isKustomization(file) {
			plain = append(plain, file)
		}
	}
	return plain
}

// applied are the roots that no other one gathers, or that an Application of Argo CD names.
func (t *Tree) applied() map[string]bool {
	applied := map[string]bool{}
	for _, folder := range t.roots() {
		applied[folder] = true
	}
	for _, d := range t.descriptions {
		for _, r := range d.names {
			delete(applied, r.target)
		}
	}
	for _, documents := range t.documents {
		for _, d := range documents {
			if d.Kind != "Application" {
				continue
			}
			named := manifest.Child(manifest.Child(manifest.Child(d.Node, "spec"), "source"), "path")
			if named == nil {
				continue
			}
			for _, folder := range t.roots() {
				if named.Value == folder || strings.HasSuffix(named.Value, "/"+folder) {
					applied[folder] = true
				}
			}
		}
	}
	return applied
}

// closure is what a root is made of.
type closure struct {
	// files are those of the source, the root's own kustomization first, breadth first.
	files     []string
	addresses []string
	// sound says that everything named is there and parses, and that nothing names itself. What is not was said.
	sound bool
}

// closure follows what a root names.
func (t *Tree) closure(root string) closure {
	c := closure{sound: true}
	seen := map[string]bool{root: true}
	for queue := []string{root}; len(queue) > 0; queue = queue[1:] {
		d := t.descriptions[queue[0]]
		if d == nil {
			c.sound = false
			continue
		}
		c.files = append(c.files, d.file)
		for _, r := range d.names {
			if r.address {
				c.sound = t.pinned(r) && c.sound
				c.addresses = append(c.addresses, r.target)
				continue
			}
			folder, there := t.look(r)
			switch {
			case !there, folder && t.reaches(r.target, queue[0], map[string]bool{}):
				c.sound = false
			case seen[r.target]:
			case folder:
				queue = append(queue, r.target)
			default:
				c.sound = c.sound && !t.unread[r.target]
				c.files = append(c.files, r.target)
			}
			seen[r.target] = true
		}
	}
	return c
}

// look says whether what is named is a folder, and whether it is there.
func (t *Tree) look(r reference) (folder, there bool) {
	if r.target == ".." || strings.HasPrefix(r.target, "../") {
		return false, false
	}
	info, err := os.Stat(filepath.Join(t.source, r.target))
	if err != nil {
		return false, false
	}
	return info.IsDir(), true
}

// pinned says whether something stands in for an address.
func (t *Tree) pinned(r reference) bool { return len(t.files[r.target]) > 0 }

// reaches says whether one kustomization names another, by whatever way.
func (t *Tree) reaches(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	d := t.descriptions[from]
	if d == nil || seen[from] {
		return false
	}
	seen[from] = true
	for _, r := range d.names {
		if !r.address && t.reaches(r.target, to, seen) {
			return true
		}
	}
	return false
}

// check finds what kustomizations name and is not there, is not pinned, is broken, or leads back to them.
func (t *Tree) check() {
	for _, folder := range slices.Sorted(maps.Keys(t.descriptions)) {
		d := t.descriptions[folder]
		for _, r := range d.names {
			if r.address {
				if !t.pinned(r) {
					t.find("unpinned", d.file, r.line, fmt.Sprintf("%s is pinned by nothing: parts.yaml has to name it, with its SHA-256", r.target))
				}
				continue
			}
			isFolder, there := t.look(r)
			switch {
			case !there:
				t.find("missing-file", d.file, r.line, fmt.Sprintf("it names %s, which is not there, or outside of the source", r.target))
			case isFolder && t.descriptions[r.target] == nil && !t.broken(r.target):
				t.find("missing-file", d.file, r.line, fmt.Sprintf("it names the folder %s, which has no kustomization", r.target))
			case isFolder && t.reaches(r.target, folder, map[string]bool{}):
				t.find("cycle", d.file, r.line, fmt.Sprintf("a cycle: it names %s, which names it in turn", r.target))
			}
		}
	}
}

// broken says whether a folder has a kustomization, which then did not parse.
func (t *Tree) broken(folder string) bool {
	return slices.ContainsFunc(fileNames, func(name string) bool {
		_, err := os.Stat(filepath.Join(t.source, folder, name))
		return err == nil
	})
}

// digest is that of all that a root is made of, by a version of kustomize.
func (t *Tree) digest(root, version string, c closure) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %s %s\n", cacheFormat, version, root)
	for _, file := range slices.Sorted(slices.Values(c.files)) {
		if err := add(sum, file, filepath.Join(t.source, file)); err != nil {
			return "", err
		}
	}
	for _, address := range c.addresses {
		for _, file := range t.files[address] {
			if err := add(sum, path.Join(address, file), filepath.Join(t.parts, file)); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func add(w io.Writer, name, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(content)
	_, err = fmt.Fprintf(w, "%x %s\n", hash, name)
	return err
}
