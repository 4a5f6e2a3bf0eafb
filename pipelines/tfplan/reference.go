package tfplan

import (
	"regexp"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// deepest limits how many references are followed, which may go in circles.
const deepest = 20

// step matches a part of an address: a name, with an index or without.
var step = regexp.MustCompile(`([^.\[\]]+)((?:\["(?:[^"\\]|\\.)*"\]|\[\d+\])?)(?:\.|$)`)

// referred is the address of the resource whose id an attribute of a resource is, or nothing where that is no plain reference.
func (i *ids) referred(address, attribute string) string {
	if i.plan.Config == nil || i.plan.Config.RootModule == nil {
		return ""
	}
	path, own := split(address)
	module := i.module(path)
	if module == nil {
		return ""
	}
	for _, resource := range module.Resources {
		if resource.Type+"."+resource.Name == own {
			return i.target(path, resource.Expressions[attribute], deepest)
		}
	}
	return ""
}

// split cuts an address into the modules that lead to it, each with its index, and TYPE.NAME of the resource.
func split(address string) (modules []string, resource string) {
	steps := steps(address)
	for len(steps) > 2 && steps[0] == "module" {
		modules = append(modules, steps[1])
		steps = steps[2:]
	}
	resource = strings.Join(steps, ".")
	resource, _, _ = strings.Cut(resource, "[")
	return modules, resource
}

// steps are the parts of an address or a reference, each with its index.
func steps(address string) (all []string) {
	for _, match := range step.FindAllStringSubmatch(address, -1) {
		all = append(all, match[1]+match[2])
	}
	return all
}

// module is the configuration of a module.
func (i *ids) module(path []string) *tfjson.ConfigModule {
	module := i.plan.Config.RootModule
	for _, name := range path {
		name, _, _ = strings.Cut(name, "[")
		call := module.ModuleCalls[name]
		if call == nil || call.Module == nil {
			return nil
		}
		module = call.Module
	}
	return module
}

// target follows an expression, of a module, through variables and outputs to a resource.
func (i *ids) target(path []string, expression *tfjson.Expression, limit int) string {
	if expression == nil || expression.ExpressionData == nil || limit == 0 {
		return ""
	}
	for _, reference := range expression.References {
		names := steps(reference)
		switch {
		case len(names) < 2:
		case names[0] == "var" && len(path) > 0:
			parent := i.module(path[:len(path)-1])
			name, _, _ := strings.Cut(path[len(path)-1], "[")
			if call := parent.ModuleCalls[name]; call != nil {
				return i.target(path[:len(path)-1], call.Expressions[names[1]], limit-1)
			}
		case names[0] == "module" && len(names) == 3:
			name, _, _ := strings.Cut(names[1], "[")
			if call := i.module(path).ModuleCalls[name]; call != nil && call.Module != nil {
				if output := call.Module.Outputs[names[2]]; output != nil {
					return i.target(append(path[:len(path):len(path)], names[1]), output.Expression, limit-1)
				}
			}
		case len(names) == 3 && names[2] == "id":
			return address(path, names[0]+"."+names[1])
		}
	}
	return ""
}

func address(path []string, resource string) string {
	all := ""
	for _, module := range path {
		all += "module." + module + "."
	}
	return all + resource
}
