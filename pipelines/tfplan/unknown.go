package tfplan

import (
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Unknown lists what of the planned azapi resources is not known, leaf by leaf, as "ADDRESS: body.properties.x". What Azure
// only answers is not among it: no rule reads that.
func Unknown(plan *tfjson.Plan) (all []string) {
	for _, resource := range plan.ResourceChanges {
		for _, path := range unknownOf(resource) {
			all = append(all, resource.Address+": "+path)
		}
	}
	slices.Sort(all)
	return all
}

// unknownOf are the paths of an azapi resource that somebody sets and that are not known.
func unknownOf(resource *tfjson.ResourceChange) (paths []string) {
	if !isAzure(resource.Type) || resource.Change.After == nil {
		return nil
	}
	for path, leaf := range leaves(nil, nil, resource.Change.AfterUnknown) {
		if leaf.text == unknown && !isComputed(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// unvalidated says that the provider could not compare the body with Azure's schemas: it does so only with one that is
// known as a whole.
func unvalidated(resource *tfjson.ResourceChange) bool {
	return slices.ContainsFunc(unknownOf(resource), func(path string) bool {
		return path == "body" || strings.HasPrefix(path, "body.")
	})
}
