package source

import (
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"

	"github.com/esteira/esteira/pipelines/finding"
)

// Variable is an input variable of a module that has a text for its default.
type Variable struct {
	Name string
	// Module is the folder.
	Module    string
	Default   string
	Sensitive bool
	// Location is that of the default.
	Location finding.Location
}

// Files are the configuration files of all folders, but not of what Terraform itself downloaded (.terraform).
func (t *Tree) Files() (names []string, err error) {
	err = fs.WalkDir(t.files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".terraform":
			return fs.SkipDir
		case !entry.IsDir() && isConfiguration(name):
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// isConfiguration knows a file by its name. Those that end with .tofu are OpenTofu's alone.
func isConfiguration(name string) bool {
	name = strings.TrimSuffix(name, ".json")
	return strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tofu")
}

// Variables are those of all modules that have a text for a default.
func (t *Tree) Variables() (all []Variable, err error) {
	names, err := t.Files()
	if err != nil {
		return nil, err
	}
	parser := hclparse.NewParser()
	for _, name := range names {
		body, err := parse(parser, t.files, name)
		if err != nil {
			return nil, err
		}
		content, _, _ := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}}})
		for _, block := range content.Blocks {
			if variable, has := variableOf(block); has {
				all = append(all, variable)
			}
		}
	}
	return all, nil
}

// variableOf is the variable of a block, and whether its default is a text.
func variableOf(block *hcl.Block) (Variable, bool) {
	content, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "default"}, {Name: "sensitive"}}})
	given := content.Attributes["default"]
	if given == nil || literal(given.Expr) == "" {
		return Variable{}, false
	}
	variable := Variable{
		Name: block.Labels[0], Module: path.Dir(given.Range.Filename), Default: literal(given.Expr),
		Location: finding.Location{File: given.Range.Filename, Line: given.Range.Start.Line},
	}
	if sensitive := content.Attributes["sensitive"]; sensitive != nil {
		value, diagnostics := sensitive.Expr.Value(nil)
		variable.Sensitive = !diagnostics.HasErrors() && value.RawEquals(cty.True)
	}
	return variable, true
}

// parse reads a file of either syntax.
func parse(parser *hclparse.Parser, files fs.FS, name string) (hcl.Body, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	read := parser.ParseHCL
	if strings.HasSuffix(name, ".json") {
		read = parser.ParseJSON
	}
	file, diagnostics := read(text, name)
	if err := failed(diagnostics); err != nil {
		return nil, err
	}
	return file.Body, nil
}
