// Package source finds where in Terraform's configuration a planned resource comes from: the file and line of its block or
// of one attribute in it, and the module calls that lead there.
package source

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/esteira/esteira/pipelines/finding"
)

// Tree is a folder with Terraform's configuration. Modules are read when something in them is asked for. It is not for
// concurrent use.
type Tree struct {
	files   fs.FS
	modules map[string]*module
}

// New is the tree of a folder.
func New(files fs.FS) *Tree { return &Tree{files, map[string]*module{}} }

// Place is where a resource comes from.
type Place struct {
	Location finding.Location
	// Exact says that it is the line of the attribute that was asked for, and not that of the resource's block.
	Exact bool
	// Calls are the module calls that lead there from the root, the outermost first.
	Calls []finding.Location
}

// Find is the place of the resource with this address in the root module that lies in a folder. A field is what to look for
// in the block, such as body.properties.agentPoolProfiles.0.count; it may be empty, and what is not found is no error. A
// resource of a module that does not lie in the tree is at the call of that module.
func (t *Tree) Find(root, address, field string) (Place, error) {
	steps, err := parseAddress(address)
	if err != nil {
		return Place{}, err
	}
	var place Place
	folder := path.Clean(root)
	for _, name := range steps.modules {
		module, err := t.module(folder)
		if err != nil {
			return Place{}, err
		}
		call, known := module.calls[name]
		if !known {
			return Place{}, fmt.Errorf("%s: module %s calls no module %q", address, folder, name)
		}
		place.Calls = append(place.Calls, call.location)
		if !call.local() {
			place.Location = call.location
			return place, nil
		}
		folder = path.Join(folder, call.source)
	}
	module, err := t.module(folder)
	if err != nil {
		return Place{}, err
	}
	block, known := module.resources[steps.resource]
	if !known {
		return Place{}, fmt.Errorf("%s: module %s has no %s", address, folder, steps.resource)
	}
	place.Location = module.location(block.DefRange)
	if found, exact := module.field(block, field); exact {
		place.Location, place.Exact = module.location(found), true
	}
	return place, nil
}

// steps is an address: the modules that lead to a resource, and its type and name.
type steps struct {
	modules  []string
	resource string
}

// parseAddress reads an address such as module.x["a"].azapi_resource.y[0].
func parseAddress(address string) (steps, error) {
	var parsed steps
	traversal, diagnostics := hclsyntax.ParseTraversalAbs([]byte(address), "", hcl.InitialPos)
	if diagnostics.HasErrors() {
		return parsed, fmt.Errorf("%q is no address of a resource: %s", address, diagnostics[0].Detail)
	}
	var names []string
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, step.Name)
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		}
	}
	for len(names) > 2 && names[0] == "module" {
		parsed.modules = append(parsed.modules, names[1])
		names = names[2:]
	}
	if len(names) < 2 || len(names) > 3 {
		return parsed, fmt.Errorf("%q is no address of a resource", address)
	}
	parsed.resource = strings.Join(names, ".")
	return parsed, nil
}

// call is a call of a module.
type call struct {
	source   string
	location finding.Location
}

func (c call) local() bool {
	return strings.HasPrefix(c.source, "./") || strings.HasPrefix(c.source, "../")
}

// literal is the text that an expression is without any variables, or nothing.
func literal(expression hcl.Expression) string {
	value, diagnostics := expression.Value(nil)
	if diagnostics.HasErrors() || value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

// failed is the first error that reading a file came to, with its place.
func failed(diagnostics hcl.Diagnostics) error {
	for _, d := range diagnostics {
		if d.Severity != hcl.DiagError {
			continue
		}
		if d.Subject == nil {
			return errors.New(d.Summary + ": " + d.Detail)
		}
		return fmt.Errorf("%s:%d: %s: %s", d.Subject.Filename, d.Subject.Start.Line, d.Summary, d.Detail)
	}
	return nil
}
