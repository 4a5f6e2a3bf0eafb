package tfplan

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	tfjson "github.com/hashicorp/terraform-json"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// nowhere is the resource group of what has no parent that anybody knows.
const nowhere = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/made-up"

// MadeUp is a state in which everything is that a plan would create, as if Azure had made it: with ids that follow from
// type, parent and name, and with made-up values for what the configuration asks to be told (response_export_values). A plan
// against it knows what references lead to. What the earlier state has stays as it is.
//
// It is made up for azapi's resources: what others would answer nobody can tell from a plan.
func MadeUp(plan *tfjson.Plan, earlier State) (State, error) {
	made := earlier
	made.Version, made.TerraformVersion = 4, plan.TerraformVersion
	made.Serial++
	if made.Lineage == "" {
		made.Lineage = uuid.NewSHA1(uuid.NameSpaceURL, []byte("esteira")).String()
	}
	made.Outputs = map[string]json.RawMessage{}
	made.Resources = append([]StateResource{}, earlier.Resources...)
	if plan.PlannedValues == nil {
		return made, nil
	}
	all := managed(plan.PlannedValues.RootModule)
	ids, known := newIDs(plan, all), earlier.addresses()
	for _, resource := range all {
		if !isAzure(resource.Type) || known[resource.Address] {
			continue
		}
		instance, err := madeUpInstance(resource, ids)
		if err != nil {
			return State{}, fmt.Errorf("%s: %w", resource.Address, err)
		}
		made.Resources = append(made.Resources, StateResource{
			Module: moduleOf(resource), Mode: "managed", Type: resource.Type, Name: resource.Name, Each: each(resource.Index),
			Provider: fmt.Sprintf("provider[%q]", resource.ProviderName), Instances: []StateInstance{instance},
		})
	}
	made.Resources = merged(made.Resources)
	return made, nil
}

// Kept is a state without what a plan changes, replaces or destroys: what that will be is made up anew.
func Kept(plan *tfjson.Plan, state State) State {
	touched := map[string]bool{}
	for _, resource := range plan.ResourceChanges {
		if _, acts := ActionOf(resource.Change.Actions); acts {
			touched[resource.Address] = true
		}
	}
	kept := state
	kept.Resources = nil
	for _, resource := range state.Resources {
		var instances []StateInstance
		for _, instance := range resource.Instances {
			if !touched[resource.address(instance)] {
				instances = append(instances, instance)
			}
		}
		if len(instances) > 0 {
			resource.Instances = instances
			kept.Resources = append(kept.Resources, resource)
		}
	}
	return kept
}

// each says in a state how the indices of a resource are counted.
func each(index any) string {
	switch index.(type) {
	case string:
		return "map"
	case nil:
		return ""
	}
	return "list"
}

// merged has the instances of a resource together, as a state wants them.
func merged(resources []StateResource) (all []StateResource) {
	at := map[[3]string]int{}
	for _, resource := range resources {
		key := [3]string{resource.Module, resource.Mode + " " + resource.Type, resource.Name}
		if i, known := at[key]; known {
			all[i].Instances = append(append([]StateInstance{}, all[i].Instances...), resource.Instances...)
			continue
		}
		at[key] = len(all)
		all = append(all, resource)
	}
	return all
}

func madeUpInstance(resource *tfjson.StateResource, ids *ids) (StateInstance, error) {
	attributes := map[string]any{}
	for name, value := range resource.AttributeValues {
		attributes[name] = value
	}
	body, err := dynamic(ids.body(resource))
	if err != nil {
		return StateInstance{}, err
	}
	output, err := dynamic(ids.output(resource))
	if err != nil {
		return StateInstance{}, err
	}
	attributes["id"], attributes["name"], attributes["parent_id"] = ids.of(resource), ids.name(resource), ids.parent(resource)
	attributes["body"], attributes["output"] = body, output
	if identities, some := attributes["identity"].([]any); some {
		attributes["identity"] = identified(resource.Address, identities)
	}
	encoded, err := json.Marshal(attributes)
	return StateInstance{IndexKey: resource.Index, SchemaVersion: resource.SchemaVersion, Attributes: encoded}, err
}

// dynamic is a value as a state has it where the provider does not say of which type it is.
func dynamic(value any) (map[string]any, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	kind, err := ctyjson.ImpliedType(encoded)
	if err != nil {
		return nil, err
	}
	kindText, err := ctyjson.MarshalType(kind)
	return map[string]any{"value": json.RawMessage(encoded), "type": json.RawMessage(kindText)}, err
}

// identified are the identities of a resource, with ids where Azure assigns them.
func identified(address string, identities []any) (all []any) {
	for _, identity := range identities {
		values, isObject := identity.(map[string]any)
		kind, _ := values["type"].(string)
		if isObject && strings.Contains(kind, "SystemAssigned") {
			copied := map[string]any{}
			for name, value := range values {
				copied[name] = value
			}
			copied["principal_id"], copied["tenant_id"] = madeUpUUID(address+" principal"), madeUpUUID("tenant")
			identity = copied
		}
		all = append(all, identity)
	}
	return all
}

// madeUpUUID is always the same for the same thing.
func madeUpUUID(of string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("esteira:"+of)).String()
}

// exported is what a resource would tell of itself: an object with a value at each of the paths that are asked for.
func exported(address string, paths []any) map[string]any {
	output := map[string]any{}
	for _, path := range paths {
		steps := strings.Split(fmt.Sprint(path), ".")
		at := output
		for _, step := range steps[:len(steps)-1] {
			below, known := at[step].(map[string]any)
			if !known {
				below = map[string]any{}
				at[step] = below
			}
			at = below
		}
		name := steps[len(steps)-1]
		at[name] = answer(address, name)
	}
	return output
}

// answer is a made-up value: an id where the name ends like one, an address where it ends so.
func answer(address, name string) string {
	small := strings.ToLower(name)
	switch {
	case strings.HasSuffix(small, "id"):
		return madeUpUUID(address + " " + small)
	case strings.HasSuffix(small, "url"), strings.HasSuffix(small, "uri"), strings.HasSuffix(small, "endpoint"):
		return "https://made-up.example.com/"
	}
	return "made-up"
}
