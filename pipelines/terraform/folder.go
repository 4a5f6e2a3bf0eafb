// Package terraform reads a folder of Terraform's configuration, what OpenTofu and Terraform say of it, and what tflint does.
package terraform

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// LockFile records which providers are used, and their hashes.
const LockFile = ".terraform.lock.hcl"

// Folder is a folder with configuration.
type Folder struct {
	Path string
	// Root says that it is planned and applied: it has a backend, a cloud or a provider, and no other folder uses it.
	Root bool
	// Tests says that it has tests (.tftest.hcl), Locked that it has a lock file.
	Tests, Locked bool
	// Files are those of its own configuration.
	Files []string
	// uses are the folders that it uses as modules.
	uses []string
}

// Tree is all folders with configuration, by their paths.
type Tree struct {
	Folders map[string]*Folder
	// Unparsed remarks on what does not parse, Unsuitable on what has no place in sources: what would have a tool look away,
	// and states.
	Unparsed, Unsuitable []acceptance.Remark
}

var schema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"}, {Type: "provider", LabelNames: []string{"name"}}, {Type: "module", LabelNames: []string{"name"}},
}}

var settings = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"},
}}

// Read reads a folder and all below it, without hidden folders.
func Read(files fs.FS) (Tree, error) {
	tree := Tree{Folders: map[string]*Folder{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		return tree.add(files, name)
	})
	for name, folder := range tree.Folders {
		if len(folder.Files) == 0 {
			delete(tree.Folders, name) // tests or a lock alone
		}
	}
	for _, folder := range tree.Folders {
		for _, used := range folder.uses {
			if module := tree.Folders[used]; module != nil {
				module.Root = false
			}
		}
	}
	return tree, err
}

// add takes a file in.
func (t *Tree) add(files fs.FS, name string) error {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	switch {
	case base == LockFile:
		t.folder(dir).Locked = true
	case strings.HasSuffix(base, ".tftest.hcl"), strings.HasSuffix(base, ".tofutest.hcl"):
		if path.Base(dir) == "tests" {
			dir = path.Dir(dir)
		}
		t.folder(dir).Tests = true
	case strings.HasPrefix(base, stateFile):
		t.unsuitable("state-in-source", finding.Location{File: name}, "is a state, which holds secrets in plain words: take it out, and change what it tells")
	case base == ".tflint.hcl":
		t.unsuitable("suppression", finding.Location{File: name}, "configures tflint, and nobody reads it: tools run with our configuration, take it out")
	case strings.HasSuffix(base, ".tf"), strings.HasSuffix(base, ".tf.json"), strings.HasSuffix(base, ".tofu"):
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		t.configuration(t.folder(dir), name, text)
	}
	return nil
}

func (t *Tree) folder(name string) *Folder {
	if t.Folders[name] == nil {
		t.Folders[name] = &Folder{Path: name}
	}
	return t.Folders[name]
}

func (t *Tree) unsuitable(rule string, location finding.Location, message string) {
	t.Unsuitable = append(t.Unsuitable, remark(rule, location, message))
}

func remark(rule string, location finding.Location, message string) acceptance.Remark {
	return acceptance.Remark{Finding: finding.Finding{
		Tool: "esteira", Rule: rule, Severity: finding.High, Message: message, Location: location,
	}}
}

// configuration takes a configuration file in.
func (t *Tree) configuration(folder *Folder, name string, text []byte) {
	folder.Files = append(folder.Files, name)
	parser := hclparse.NewParser()
	parse := parser.ParseHCL
	if strings.HasSuffix(name, ".json") {
		parse = parser.ParseJSON
	} else {
		t.suppressions(name, text)
	}
	file, diagnostics := parse(text, name)
	for _, d := range diagnostics {
		if d.Severity == hcl.DiagError && d.Subject != nil {
			t.Unparsed = append(t.Unparsed, remark("syntax", finding.Location{File: name, Line: d.Subject.Start.Line, Column: d.Subject.Start.Column}, d.Summary+": "+d.Detail))
		}
	}
	if file == nil {
		return
	}
	content, _, _ := file.Body.PartialContent(schema)
	for _, block := range content.Blocks {
		switch block.Type {
		case "provider":
			folder.Root = true
		case "terraform":
			inner, _, _ := block.Body.PartialContent(settings)
			folder.Root = folder.Root || len(inner.Blocks) > 0
		case "module":
			if source := sourceOf(block.Body); strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") {
				folder.uses = append(folder.uses, path.Join(folder.Path, source))
			}
		}
	}
}

// suppressions remarks on comments that have tflint look away.
func (t *Tree) suppressions(name string, text []byte) {
	tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos)
	for _, token := range tokens {
		if token.Type == hclsyntax.TokenComment && strings.Contains(string(token.Bytes), "tflint-ignore") {
			t.unsuitable("suppression", finding.Location{File: name, Line: token.Range.Start.Line},
				"has tflint look away: have it accepted in "+acceptance.File+" instead, with reason, owner and expiry")
		}
	}
}

// sourceOf is the source of a module call.
func sourceOf(body hcl.Body) string {
	content, _, _ := body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "source"}}})
	source := content.Attributes["source"]
	if source == nil {
		return ""
	}
	value, diagnostics := source.Expr.Value(nil)
	if diagnostics.HasErrors() || value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

// Roots are the folders that are planned, by their paths.
func (t Tree) Roots() []*Folder {
	return t.those(func(f *Folder) bool { return f.Root })
}

// Tested are the folders that have tests.
func (t Tree) Tested() []*Folder {
	return t.those(func(f *Folder) bool { return f.Tests })
}

// All are all folders.
func (t Tree) All() []*Folder {
	return t.those(func(*Folder) bool { return true })
}

func (t Tree) those(which func(*Folder) bool) (folders []*Folder) {
	for _, name := range slices.Sorted(maps.Keys(t.Folders)) {
		if which(t.Folders[name]) {
			folders = append(folders, t.Folders[name])
		}
	}
	return folders
}

// Made are the files that a folder is made of: its own, and those of the modules that it uses, however deep.
func (t Tree) Made(folder *Folder) []string {
	files := map[string]bool{}
	seen := map[string]bool{}
	var visit func(*Folder)
	visit = func(f *Folder) {
		if f == nil || seen[f.Path] {
			return
		}
		seen[f.Path] = true
		for _, name := range f.Files {
			files[name] = true
		}
		for _, used := range f.uses {
			visit(t.Folders[used])
		}
	}
	visit(folder)
	return slices.Sorted(maps.Keys(files))
}

// Unlocked remarks on folders whose providers nothing pins by their hashes.
func Unlocked(folders []*Folder) (remarks []acceptance.Remark) {
	for _, folder := range folders {
		if !folder.Locked && len(folder.Files) > 0 {
			remarks = append(remarks, acceptance.Remark{Object: folder.Path, Finding: finding.Finding{
				Tool: "esteira", Rule: "no-lock", Severity: finding.High, Location: finding.Location{File: folder.Files[0]},
				Message: fmt.Sprintf("%s has no %s: make it by `terraform lock export`, so that nobody is given another provider in silence", folder.Path, LockFile),
			}})
		}
	}
	return remarks
}
