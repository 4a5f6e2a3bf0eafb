// Package planned takes from a Terraform plan what there is to be paid for, before and after.
package planned

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/cost"
)

// Changes are the managed resources of a plan: as the state has them, and as they will be. What is only read costs nothing.
func Changes(plan *tfjson.Plan) []cost.Change {
	var changes []cost.Change
	for _, change := range plan.ResourceChanges {
		if change.Mode != tfjson.ManagedResourceMode || change.Change == nil {
			continue
		}
		changes = append(changes, cost.Change{
			Before: resource(change, change.Change.Before, nil),
			After:  resource(change, change.Change.After, change.Change.AfterUnknown),
		})
	}
	return changes
}

// resource is one side of a change, nil where there is none.
func resource(change *tfjson.ResourceChange, side, unknown any) *cost.Resource {
	values, isObject := side.(map[string]any)
	if !isObject {
		return nil
	}
	address := change.Address
	if change.DeposedKey != "" {
		address += " (deposed " + change.DeposedKey + ")"
	}
	resource := &cost.Resource{Address: address, Kind: change.Type}
	if change.Type != "azapi_resource" {
		return resource
	}
	kind, _ := values["type"].(string)
	resource.Type, _, _ = strings.Cut(kind, "@")
	resource.Location, _ = values["location"].(string)
	marks, _ := unknown.(map[string]any)
	resource.Body, _ = marked(body(values["body"]), marks["body"]).(map[string]any)
	return resource
}

// marked is a value with cost.Unknown in place of what the plan does not know. The plan itself is left as it is.
func marked(value, marks any) any {
	if !anyOf(marks) {
		return value
	}
	switch marks := marks.(type) {
	case map[string]any:
		object, _ := value.(map[string]any)
		object = maps.Clone(object)
		if object == nil {
			object = map[string]any{}
		}
		for name, mark := range marks {
			object[name] = marked(object[name], mark)
		}
		return object
	case []any:
		list, _ := value.([]any)
		list = append(slices.Clone(list), make([]any, max(0, len(marks)-len(list)))...)
		for i, mark := range marks {
			list[i] = marked(list[i], mark)
		}
		return list
	}
	return cost.Unknown{}
}

// anyOf says whether anything is marked.
func anyOf(marks any) bool {
	switch marks := marks.(type) {
	case bool:
		return marks
	case map[string]any:
		for _, mark := range marks {
			if anyOf(mark) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(marks, anyOf)
	}
	return false
}

// body is an object, or the text of one.
func body(value any) map[string]any {
	switch value := value.(type) {
	case map[string]any:
		return value
	case string:
		var object map[string]any
		if json.Unmarshal([]byte(value), &object) == nil {
			return object
		}
	}
	return nil
}
