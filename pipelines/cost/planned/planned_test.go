package planned

import (
	"encoding/json"
	"reflect"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/cost"
)

// The plan has one resource of each kind: made, kept, taken away, only read, of another provider, with a body as text, and
// bodies that are unknown in part and as a whole.
const plan = `{"format_version": "1.2", "terraform_version": "1.10.10", "resource_changes": [
	{"address": "azapi_resource.made", "mode": "managed", "type": "azapi_resource", "name": "made", "provider_name": "p",
	 "change": {"actions": ["create"], "before": null, "after": {"type": "Microsoft.KeyVault/vaults@2023-07-01", "location": "westeurope",
	  "body": {"properties": {"sku": {"name": "standard"}, "rules": [{"id": "a"}]}}}, "after_unknown": {"id": true, "body": {"properties": {"sku": {}, "rules": [{}]}}}}},
	{"address": "azapi_resource.kept", "mode": "managed", "type": "azapi_resource", "name": "kept", "provider_name": "p",
	 "change": {"actions": ["no-op"], "before": {"type": "Microsoft.Resources/resourceGroups@2024-03-01", "body": "{}"},
	  "after": {"type": "Microsoft.Resources/resourceGroups@2024-03-01", "body": "{}"}, "after_unknown": {}}},
	{"address": "azapi_resource.gone", "mode": "managed", "type": "azapi_resource", "name": "gone", "provider_name": "p", "deposed": "ab12",
	 "change": {"actions": ["delete"], "before": {"type": "Microsoft.Compute/disks@2023-10-02", "body": {"sku": {}}}, "after": null, "after_unknown": {}}},
	{"address": "data.azapi_resource.read", "mode": "data", "type": "azapi_resource", "name": "read", "provider_name": "p",
	 "change": {"actions": ["read"], "before": null, "after": {}, "after_unknown": {}}},
	{"address": "random_id.it", "mode": "managed", "type": "random_id", "name": "it", "provider_name": "r",
	 "change": {"actions": ["create"], "before": null, "after": {"type": 1}, "after_unknown": {}}},
	{"address": "azapi_resource.partly", "mode": "managed", "type": "azapi_resource", "name": "partly", "provider_name": "p",
	 "change": {"actions": ["create"], "before": null, "after": {"type": "T@1", "body": {"properties": {"known": 1, "pools": [{"count": 2}]}}},
	  "after_unknown": {"body": {"properties": {"size": true, "pools": [{"size": true}, true]}, "sku": true}}}},
	{"address": "azapi_resource.wholly", "mode": "managed", "type": "azapi_resource", "name": "wholly", "provider_name": "p",
	 "change": {"actions": ["create"], "before": null, "after": {"type": "T@1"}, "after_unknown": {"body": true}}}
]}`

func changes(t *testing.T, text string) []cost.Change {
	t.Helper()
	var read tfjson.Plan
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	return Changes(&read)
}

func TestChanges(t *testing.T) {
	t.Parallel()
	azapi := func(name, kind, location string, body map[string]any) *cost.Resource {
		return &cost.Resource{Address: "azapi_resource." + name, Kind: "azapi_resource", Type: kind, Location: location, Body: body}
	}
	type object = map[string]any
	kept := azapi("kept", "Microsoft.Resources/resourceGroups", "", object{})
	want := []cost.Change{
		{After: azapi("made", "Microsoft.KeyVault/vaults", "westeurope", object{"properties": object{"sku": object{"name": "standard"}, "rules": []any{object{"id": "a"}}}})},
		{Before: kept, After: kept},
		{Before: azapi("gone (deposed ab12)", "Microsoft.Compute/disks", "", object{"sku": object{}})},
		{After: &cost.Resource{Address: "random_id.it", Kind: "random_id"}},
		{After: azapi("partly", "T", "", object{
			"sku": cost.Unknown{},
			"properties": object{"known": 1.0, "size": cost.Unknown{},
				"pools": []any{object{"count": 2.0, "size": cost.Unknown{}}, cost.Unknown{}}},
		})},
		{After: azapi("wholly", "T", "", nil)},
	}
	got := changes(t, plan)
	if !reflect.DeepEqual(got, want) {
		text, _ := json.MarshalIndent(got, "", " ")
		t.Errorf("%s", text)
	}
}

// What the plan does not know is marked in a copy: others read the same plan.
func TestPlanIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	var read, again tfjson.Plan
	for _, into := range []*tfjson.Plan{&read, &again} {
		if err := json.Unmarshal([]byte(plan), into); err != nil {
			t.Fatal(err)
		}
	}
	Changes(&read)
	if !reflect.DeepEqual(read, again) {
		t.Error("the plan has changed")
	}
}
