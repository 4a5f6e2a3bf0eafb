package tfplan

import (
	tfjson "github.com/hashicorp/terraform-json"
)

// Resolved is what the first plan does, with the values that the last one knows: the last is made against a state in which
// everything is already, so what it does to that says nothing.
func Resolved(first, last *tfjson.Plan) *tfjson.Plan {
	known := map[string]*tfjson.Change{}
	for _, resource := range last.ResourceChanges {
		if resource.DeposedKey == "" {
			known[resource.Address] = resource.Change
		}
	}
	resolved := *first
	resolved.PlannedValues = last.PlannedValues
	resolved.ResourceChanges = make([]*tfjson.ResourceChange, len(first.ResourceChanges))
	for i, resource := range first.ResourceChanges {
		copied, change := *resource, *resource.Change
		if latest := known[resource.Address]; latest != nil && change.After != nil && latest.After != nil {
			change.After, change.AfterUnknown, change.AfterSensitive = latest.After, latest.AfterUnknown, latest.AfterSensitive
		}
		copied.Change = &change
		resolved.ResourceChanges[i] = &copied
	}
	return &resolved
}
