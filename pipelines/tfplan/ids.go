package tfplan

import (
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// ids makes up what Azure would call the resources of a plan.
type ids struct {
	plan      *tfjson.Plan
	resources map[string]*tfjson.StateResource
	changes   map[string]*tfjson.Change
	made      map[string]string
}

func newIDs(plan *tfjson.Plan, resources []*tfjson.StateResource) *ids {
	i := &ids{plan, map[string]*tfjson.StateResource{}, map[string]*tfjson.Change{}, map[string]string{}}
	for _, resource := range resources {
		i.resources[resource.Address] = resource
	}
	for _, change := range plan.ResourceChanges {
		if change.DeposedKey == "" {
			i.changes[change.Address] = change.Change
		}
	}
	return i
}

// of is the id of a resource.
func (i *ids) of(resource *tfjson.StateResource) string {
	if id, known := i.made[resource.Address]; known {
		return id
	}
	i.made[resource.Address] = nowhere // where references go in a circle
	id, known := resource.AttributeValues["id"].(string)
	if !known {
		id = composed(i.kind(resource), i.parent(resource), i.name(resource))
	}
	i.made[resource.Address] = id
	return id
}

// kind is the type of Azure, without its version.
func (i *ids) kind(resource *tfjson.StateResource) string {
	kind, _ := resource.AttributeValues["type"].(string)
	kind, _, _ = strings.Cut(kind, "@")
	return kind
}

// name is that of the plan, or one that is made up.
func (i *ids) name(resource *tfjson.StateResource) string {
	if name, known := resource.AttributeValues["name"].(string); known {
		return name
	}
	return madeUpUUID(resource.Address)
}

// parent is that of the plan, or the id of what its reference leads to.
func (i *ids) parent(resource *tfjson.StateResource) string {
	if parent, known := resource.AttributeValues["parent_id"].(string); known {
		return parent
	}
	if parent, known := i.resources[i.referred(resource.Address, "parent_id")]; known && parent != resource {
		return i.of(parent)
	}
	if i.kind(resource) == "Microsoft.Resources/resourceGroups" {
		return strings.TrimSuffix(nowhere, "/resourceGroups/made-up")
	}
	segments := strings.Split(i.kind(resource), "/")
	parent := nowhere
	for n := 1; n < len(segments)-1; n++ {
		parent = composed(strings.Join(segments[:n+1], "/"), parent, "made-up")
	}
	return parent
}

// composed is an id below its parent's: a child type goes on in it, any other begins anew by its provider.
func composed(kind, parent, name string) string {
	namespace, types, _ := strings.Cut(kind, "/")
	segments := strings.Split(types, "/")
	switch {
	case kind == "Microsoft.Resources/resourceGroups":
		return parent + "/resourceGroups/" + name
	case len(segments) > 1 && strings.Contains(strings.ToLower(parent), "/providers/"+strings.ToLower(namespace)+"/"):
		return parent + "/" + segments[len(segments)-1] + "/" + name
	}
	return parent + "/providers/" + kind + "/" + name
}

// body is that of the plan, or something else where it is not known as a whole: then the next plan changes it.
func (i *ids) body(resource *tfjson.StateResource) any {
	change := i.changes[resource.Address]
	body := resource.AttributeValues["body"]
	if body == nil || change != nil && len(leaves(nil, nil, child(change.AfterUnknown, "body"))) > 0 {
		return map[string]any{"unknown": true}
	}
	return body
}

// output is what the provider would answer: a text where the body is one, which it also is where none is written.
func (i *ids) output(resource *tfjson.StateResource) any {
	paths, _ := resource.AttributeValues["response_export_values"].([]any)
	output := exported(resource.Address, paths)
	if _, isText := resource.AttributeValues["body"].(string); isText {
		return text(output)
	}
	return output
}
