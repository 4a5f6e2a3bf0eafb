package arm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

// The plan is a real one: OpenTofu's of this repository's environment prod, planned offline.
func TestConvertsRealPlan(t *testing.T) {
	t.Parallel()
	plan := readPlan(t, "testdata/prod.json")
	template, err := Convert(plan)
	if err != nil {
		t.Fatal(err)
	}
	if len(template.Resources) != 10 || len(template.Left) != 0 {
		t.Errorf("%d resources, %v left, want 10 and none", len(template.Resources), template.Left)
	}
	var first, second bytes.Buffer
	if err := template.Write(&first); err != nil {
		t.Fatal(err)
	}
	again, _ := Convert(readPlan(t, "testdata/prod.json"))
	if err := again.Write(&second); err != nil || first.String() != second.String() {
		t.Errorf("a second time it is another: %v", err)
	}
	want, err := os.ReadFile("testdata/prod.template.json")
	if err != nil {
		t.Fatal(err)
	}
	if first.String() != string(want) {
		t.Errorf("the template is\n%s\nwant\n%s", first.String(), want)
	}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	const group = "/subscriptions/s/resourceGroups/g"
	for _, test := range []struct{ name, change, want string }{
		{
			"child", `{"after": {"type": "Microsoft.KeyVault/vaults/secrets@2023-07-01", "name": "c", "parent_id": "` + group + `/providers/Microsoft.KeyVault/vaults/v"}}`,
			`{"apiVersion": "2023-07-01", "name": "v/c", "type": "Microsoft.KeyVault/vaults/secrets",
			  "metadata": {"address": "azapi_resource.x", "parent": "` + group + `/providers/Microsoft.KeyVault/vaults/v"}}`,
		},
		{
			"extension", `{"after": {"type": "Microsoft.Authorization/roleAssignments@1", "name": "r", "parent_id": "` + group + `/providers/Microsoft.KeyVault/vaults/v/secrets/c"}}`,
			`{"apiVersion": "1", "name": "r", "type": "Microsoft.Authorization/roleAssignments",
			  "scope": "` + group + `/providers/Microsoft.KeyVault/vaults/v/secrets/c",
			  "metadata": {"address": "azapi_resource.x", "parent": "` + group + `/providers/Microsoft.KeyVault/vaults/v/secrets/c"}}`,
		},
		{
			"everything", `{"after": {"type": "A.B/c@1", "name": "n", "id": "/id", "parent_id": "` + group + `", "location": "westeurope", "tags": {"a": "b"},
			  "identity": [{"type": "UserAssigned", "identity_ids": ["/i"]}], "body": {"kind": "K", "zones": ["1"], "properties": {"p": [1, {"q": 2}]}}},
			  "after_unknown": {"output": true, "body": {"properties": {"u": true, "p": [false, {"v": true}]}}, "identity": [{"principal_id": true}]},
			  "after_sensitive": {"body": {"properties": {"p": [true]}}}}`,
			`{"apiVersion": "1", "name": "n", "type": "A.B/c", "location": "westeurope", "tags": {"a": "b"}, "kind": "K", "zones": ["1"],
			  "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/i": {}}}, "properties": {"p": [1, {"q": 2}]},
			  "metadata": {"address": "azapi_resource.x", "id": "/id", "parent": "` + group + `", "sensitive": ["body.properties.p.0"],
			  "unknown": ["body.properties.p.1.v", "body.properties.u", "identity.0.principal_id"]}}`,
		},
		{
			"body of JSON, parent unknown", `{"after": {"type": "A.B/c@1", "name": "n", "body": "{\"properties\": {}}"}, "after_unknown": {"parent_id": true}}`,
			`{"apiVersion": "1", "name": "n", "type": "A.B/c", "properties": {}, "metadata": {"address": "azapi_resource.x", "unknown": ["parent_id"]}}`,
		},
		{
			"texts that would be expressions", `{"after": {"type": "A.B/c@1", "name": "n (1)", "tags": {"a": "[x]"}, "body": {"properties": {"p": ["[y]", "z[]"]}}}}`,
			`{"apiVersion": "1", "name": "n (1)", "type": "A.B/c", "tags": {"a": "[[x]"}, "properties": {"p": ["[[y]", "z[]"]}, "metadata": {"address": "azapi_resource.x"}}`,
		},
		{
			"metadata in the body", `{"after": {"type": "A.B/c@1", "name": "n", "body": {"metadata": {"checkov": "checkov:skip=CKV_AZURE_1"}, "type": "D.E/f"}}}`,
			`{"apiVersion": "1", "name": "n", "type": "A.B/c", "metadata": {"address": "azapi_resource.x"}}`,
		},
		{
			"body unknown", `{"after": {"type": "A.B/c@1", "name": "n"}, "after_unknown": {"body": true}}`,
			`{"apiVersion": "1", "name": "n", "type": "A.B/c", "metadata": {"address": "azapi_resource.x", "unknown": ["body"]}}`,
		},
	} {
		template, err := Convert(planOf(t, test.change))
		if err != nil || len(template.Resources) != 1 {
			t.Errorf("%s: %v, %v", test.name, template, err)
			continue
		}
		got, err := json.Marshal(template.Resources[0])
		if err != nil || !sameJSON(t, got, []byte(test.want)) {
			t.Errorf("%s: %s, %v\nwant %s", test.name, got, err, test.want)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ change, want string }{
		{`{"after": "text"}`, "azapi_resource.x: after is string"},
		{`{"after": {"name": "n"}}`, `type is "", want TYPE@VERSION`},
		{`{"after": {"type": "A.B/c", "name": "n"}}`, `type is "A.B/c"`},
		{`{"after": {"type": "A.B/c@1", "name": "ntoLower(x)"}}`, `name is "ntoLower(x)": "r(" calls a function`},
		{`{"after": {"type": "A.B/c@1", "name": "[x]"}}`, `"[" calls a function`},
		{`{"after": {"type": "A.B/c@1", "body": "{"}}`, "body is no JSON object"},
		{`{"after": {"type": "A.B/c@1", "body": [1]}}`, "body is []interface {}"},
	} {
		if _, err := Convert(planOf(t, test.change)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.change, err, test.want)
		}
	}
}

// What is only read and what goes away is no part of the template; what other providers make is named.
func TestLeavesOut(t *testing.T) {
	t.Parallel()
	plan := planOf(t, `{"actions": ["delete"], "before": {}}`)
	plan.ResourceChanges = append(plan.ResourceChanges,
		&tfjson.ResourceChange{Address: "data.azapi_resource.y", Mode: tfjson.DataResourceMode, Type: "azapi_resource", Change: &tfjson.Change{After: map[string]any{}}},
		&tfjson.ResourceChange{Address: "azurerm_key_vault.z", Mode: tfjson.ManagedResourceMode, Type: "azurerm_key_vault", Change: &tfjson.Change{After: map[string]any{}}})
	template, err := Convert(plan)
	if err != nil || len(template.Resources) != 0 || !slices.Equal(template.Left, []string{"azurerm_key_vault.z"}) {
		t.Errorf("%+v, %v", template, err)
	}
}

func TestChildrenDependOnPlannedParents(t *testing.T) {
	t.Parallel()
	template, err := Convert(readPlan(t, "testdata/prod.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range template.Resources {
		depends := len(resource.DependsOn) == 1 && resource.DependsOn[0] == resource.Metadata.Parent
		if isGroup := resource.Type == "Microsoft.Resources/resourceGroups"; isGroup == depends {
			t.Errorf("%s depends on %v, its parent is %s", resource.Metadata.Address, resource.DependsOn, resource.Metadata.Parent)
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(`{"after": {"type": "A.B/c@1", "name": "n", "parent_id": "/providers/a/b", "body": "{}", "identity": [{}]}, "after_unknown": {"body": [true]}}`)
	f.Fuzz(func(t *testing.T, change string) {
		var parsed tfjson.Change
		if json.Unmarshal([]byte(change), &parsed) != nil {
			return
		}
		template, err := Convert(&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{
			{Address: "azapi_resource.x", Mode: tfjson.ManagedResourceMode, Type: "azapi_resource", Change: &parsed},
		}})
		if err == nil {
			if err := template.Write(&bytes.Buffer{}); err != nil {
				t.Error(err)
			}
		}
	})
}

// BenchmarkConvert converts 10,000 resources, as many vaults, and writes the template.
func BenchmarkConvert(b *testing.B) {
	const many = 10_000
	plan := &tfjson.Plan{}
	for i := range many {
		text := fmt.Sprintf(`{"after": {"type": "Microsoft.KeyVault/vaults@2023-07-01", "name": "v%d", "location": "westeurope", "tags": {"team": "t"},
			"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v%d", "parent_id": "/subscriptions/s/resourceGroups/g",
			"body": {"properties": {"sku": {"name": "standard"}, "enablePurgeProtection": true, "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.0/24"}]}}}},
			"after_unknown": {"output": true, "body": {"properties": {"tenantId": true}}}}`, i, i)
		plan.ResourceChanges = append(plan.ResourceChanges, changeOf(b, fmt.Sprintf("azapi_resource.x[%d]", i), text))
	}
	b.ReportAllocs()
	for b.Loop() {
		template, err := Convert(plan)
		if err != nil || len(template.Resources) != many {
			b.Fatal(len(template.Resources), err)
		}
		if err := template.Write(&bytes.Buffer{}); err != nil {
			b.Fatal(err)
		}
	}
}

func readPlan(t *testing.T, name string) *tfjson.Plan {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var plan tfjson.Plan
	if err := json.Unmarshal(text, &plan); err != nil {
		t.Fatal(err)
	}
	return &plan
}

func planOf(t *testing.T, change string) *tfjson.Plan {
	t.Helper()
	return &tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{changeOf(t, "azapi_resource.x", change)}}
}

func changeOf(t testing.TB, address, text string) *tfjson.ResourceChange {
	t.Helper()
	change := &tfjson.ResourceChange{Address: address, Mode: tfjson.ManagedResourceMode, Type: "azapi_resource", Change: &tfjson.Change{}}
	if err := json.Unmarshal([]byte(text), change.Change); err != nil {
		t.Fatal(err)
	}
	return change
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var one, other any
	if err := json.Unmarshal(a, &one); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &other); err != nil {
		t.Fatal(err)
	}
	x, _ := json.Marshal(one)
	y, _ := json.Marshal(other)
	return bytes.Equal(x, y)
}
