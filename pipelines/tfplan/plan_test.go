package tfplan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

// The fixtures are of testdata/shop: first.json is what `tofu show -json` printed of its first plan, changed.json what was
// resolved of one against what that made, after the account was renamed, and the vault and its secret taken out.
func plan(t testing.TB, name string) *tfjson.Plan {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/first.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "ends after 0 bytes"},
		{"cut off", string(whole[:len(whole)/2]), "was cut off"},
		{"no JSON", "Terraform used the selected providers", "is no JSON at byte 1"},
		{"an error page", "<html></html>", "is no JSON at byte 1"},
		{"newer format", `{"format_version": "2.0"}`, "format 2.0, and this reads 1.x"},
		{"newer format with another shape", `{"format_version": "3.1", "resource_changes": {}}`, "format 3.1, and this reads 1.x"},
		{"older format", `{"format_version": "0.2"}`, "format 0.2, and this reads 1.x"},
		{"no format", `{}`, "format version is missing"},
		{"a list", `[]`, "not one in Terraform's JSON form"},
		{"a change of nothing", `{"format_version": "1.2", "resource_changes": [{"address": "a.b"}]}`, "resource_changes[0] has no address or no change"},
		{"null for a change", `{"format_version": "1.2", "resource_changes": [null]}`, "resource_changes[0]"},
	} {
		if _, err := Read(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format_version": "1.2", "resource_changes": [{"address": "azapi_resource.x", "type": "azapi_resource", "mode": "managed", "change": {"actions": ["create"], "after": {"type": "Microsoft.KeyVault/vaults@1", "body": []}, "after_unknown": {"body": [true]}}}]}`))
	f.Add([]byte(`{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"address": "azapi_resource.x[0]", "mode": "managed", "type": "azapi_resource", "name": "x", "index": 0, "values": {"identity": [null]}}]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		plan, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		Summary(plan)
		Guard("root", plan)
		Unknown(plan)
		Drift("root", plan)
		if made, err := MadeUp(plan, State{}); err == nil {
			Kept(plan, made)
		}
		Resolved(plan, plan)
	})
}

func TestSummary(t *testing.T) {
	t.Parallel()
	counts, changes := Summary(plan(t, "changed.json"))
	if got, want := Counted(counts), "1 created, 1 changed, 2 replaced, 2 destroyed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var lines []string
	for _, change := range changes {
		lines = append(append(lines, change.Title), change.Lines...)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{
		"destroyed azapi_resource.vault (Microsoft.KeyVault/vaults@2023-07-01)\n- body.properties.sku.family: \"A\"",
		"replaced module.store[\"eu\"].azapi_resource.account[0] (Microsoft.Storage/storageAccounts@2023-05-01)\n" +
			"body.properties.allowBlobPublicAccess: false → true\n+ body.properties.minimumTlsVersion: \"TLS1_2\"\nname: \"shop\" → \"shopeu\" (forces the replacement)",
		"changed azapi_resource.text (Microsoft.Network/publicIPAddresses@2023-11-01)",
		"created terraform_data.chance (terraform_data)",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("it does not say %q:\n%s", want, all)
		}
	}
	if first := changes[0].Title; !strings.HasPrefix(first, "destroyed") {
		t.Errorf("it begins with %q and not with the worst", first)
	}
	if strings.Contains(all, "output") {
		t.Errorf("it says what Azure answers:\n%s", all)
	}
}

func TestSummaryMasks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, change, want string }{
		{"sensitive before and after", `{"actions":["update"],"before":{"a":"hunter2"},"after":{"a":"hunter3"},"before_sensitive":{"a":true},"after_sensitive":{"a":true}}`, "a: (masked) → (masked)"},
		{"sensitive as a whole", `{"actions":["update"],"before":{"a":{"b":"hunter2"}},"after":{"a":{"b":"hunter3"}},"before_sensitive":{"a":true},"after_sensitive":{"a":true}}`, "a: (masked) → (masked)"},
		{"sensitive from now on", `{"actions":["update"],"before":{"a":"x"},"after":{"a":"hunter3"},"before_sensitive":false,"after_sensitive":{"a":true}}`, `a: "x" → (masked)`},
		{"all of it", `{"actions":["update"],"before":{"a":"hunter2"},"after":{"a":"hunter3"},"before_sensitive":true,"after_sensitive":true}`, ": (masked) → (masked)"},
		{"by its name", `{"actions":["update"],"before":{"adminPassword":"hunter2"},"after":{"adminPassword":"hunter3"}}`, "adminPassword: (masked) → (masked)"},
		{"in a list", `{"actions":["update"],"before":{"a":["x","hunter2"]},"after":{"a":["x","hunter3"]},"before_sensitive":{"a":[false,true]},"after_sensitive":{"a":[false,true]}}`, "a.1: (masked) → (masked)"},
		{"not known yet", `{"actions":["update"],"before":{"a":"x"},"after":{},"after_unknown":{"a":true}}`, `a: "x" → (known after apply)`},
	} {
		text := `{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":` + test.change + `}]}`
		read, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		_, changes := Summary(read)
		said := strings.Join(changes[0].Lines, "\n")
		if said != test.want {
			t.Errorf("%s: %q, want %q", test.name, said, test.want)
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	said := map[string]string{}
	for _, remark := range Guard("environments/prod", plan(t, "changed.json")) {
		said[remark.Finding.Rule+" "+remark.Object] = remark.Finding.Message
	}
	for rule, message := range map[string]string{
		"destroys-data environments/prod:azapi_resource.vault":                         "is destroyed, and it is a key vault",
		"destroys-data environments/prod:azapi_resource.secret":                        "is destroyed, and it is a secret",
		`replaces-data environments/prod:module.store["eu"].azapi_resource.account[0]`: "is replaced, and it is a storage account",
		"validation-off environments/prod:azapi_resource.text":                         "schema_validation_enabled",
		"text-body environments/prod:azapi_resource.text":                              "jsonencode",
	} {
		if !strings.Contains(said[rule], message) {
			t.Errorf("%s: %q, want %q in it", rule, said[rule], message)
		}
		delete(said, rule)
	}
	for rule, message := range said {
		t.Errorf("%s: %s, and nothing is wrong there", rule, message)
	}
}

// What is not data may be replaced, and what is made may be anything.
func TestGuardLetsThrough(t *testing.T) {
	t.Parallel()
	for _, remark := range Guard("shop", plan(t, "first.json")) {
		if rule := remark.Finding.Rule; rule == RuleDestroysData || rule == RuleReplacesData {
			t.Errorf("%s: %s", rule, remark.Finding.Message)
		}
	}
	for actions, want := range map[string]string{
		`["delete"]`: RuleDestroysData, `["delete","create"]`: RuleReplacesData, `["create","delete"]`: RuleReplacesData,
		`["forget"]`: RuleForgetsData, `["update"]`: "", `["create"]`: "", `["no-op"]`: "", `["read"]`: "",
	} {
		for kind, keeps := range map[string]bool{"Microsoft.ContainerRegistry/registries@2023-11-01-preview": true, "microsoft.containerservice/MANAGEDCLUSTERS@2024-05-01": true, "Microsoft.Insights/diagnosticSettings@2021-05-01-preview": false} {
			text := `{"format_version":"1.2","resource_changes":[{"address":"azapi_resource.x","mode":"managed","type":"azapi_resource","change":{"actions":` + actions + `,"before":{"type":"` + kind + `"}}}]}`
			read, err := Read(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			rule := ""
			if remarks := Guard("r", read); len(remarks) > 0 {
				rule = remarks[0].Finding.Rule
			}
			if expected := map[bool]string{true: want}[keeps]; rule != expected {
				t.Errorf("%s of %s: rule %q, want %q", actions, kind, rule, expected)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	got := strings.Join(Unknown(plan(t, "first.json")), "\n")
	for _, want := range []string{
		"azapi_resource.may: body.properties.principalId", "azapi_resource.identity: parent_id", "azapi_resource.secret: body.properties.contentType",
		`module.store["eu"].azapi_resource.account[0]: parent_id`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, got)
		}
	}
	if strings.Contains(got, ": id") || strings.Contains(got, ": output") {
		t.Errorf("what Azure answers is among\n%s", got)
	}
	if left := Unknown(plan(t, "changed.json")); len(left) > 0 {
		t.Errorf("unknown after all: %v", left)
	}
}

func TestMadeUp(t *testing.T) {
	t.Parallel()
	first := plan(t, "first.json")
	state, err := MadeUp(first, State{})
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]map[string]any{}
	for _, resource := range state.Resources {
		for _, instance := range resource.Instances {
			var values map[string]any
			if err := json.Unmarshal(instance.Attributes, &values); err != nil {
				t.Fatal(err)
			}
			attributes[resource.address(instance)] = values
		}
	}
	const group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
	for address, want := range map[string]string{
		"azapi_resource.group":                         group,
		"azapi_resource.vault":                         group + "/providers/Microsoft.KeyVault/vaults/shop",
		"azapi_resource.secret":                        group + "/providers/Microsoft.KeyVault/vaults/shop/secrets/database",
		`module.store["eu"].azapi_resource.account[0]`: group + "/providers/Microsoft.Storage/storageAccounts/shop",
		"azapi_resource.identity":                      group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop",
	} {
		if attributes[address]["id"] != want {
			t.Errorf("%s: id %v, want %s", address, attributes[address]["id"], want)
		}
	}
	if id, _ := attributes["azapi_resource.may"]["id"].(string); !strings.HasPrefix(id, group+"/providers/Microsoft.Storage/storageAccounts/shop/providers/Microsoft.Authorization/roleAssignments/") {
		t.Errorf("the role assignment is at %s and not at its scope", id)
	}
	told, _ := json.Marshal(attributes["azapi_resource.identity"]["output"])
	if !strings.Contains(string(told), `"principalId":"`) {
		t.Errorf("the identity does not say who it is: %s", told)
	}
	if _, made := attributes["terraform_data.chance"]; made {
		t.Error("what is not azapi's is made up")
	}
	again, err := MadeUp(first, State{})
	if err != nil {
		t.Fatal(err)
	}
	one, _ := state.Bytes()
	two, _ := again.Bytes()
	if !bytes.Equal(one, two) {
		t.Error("it is another one each time")
	}
}

// A resource without a body answers in text, as azapi does: whoever takes that for an object is told so by the next plan.
func TestMadeUpAnswersInText(t *testing.T) {
	t.Parallel()
	text := `{"format_version":"1.2","planned_values":{"root_module":{"resources":[{"address":"azapi_resource.x","mode":"managed","type":"azapi_resource","name":"x",
		"provider_name":"registry.opentofu.org/azure/azapi","schema_version":1,"values":{"type":"Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31","name":"x","body":"{}","response_export_values":["properties.clientId"]}}]}}}`
	read, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	state, err := MadeUp(read, State{})
	if err != nil {
		t.Fatal(err)
	}
	if attributes := string(state.Resources[0].Instances[0].Attributes); !strings.Contains(attributes, `"output":{"type":"string","value":"{\"properties\":{\"clientId\":`) {
		t.Errorf("%s", attributes)
	}
}

func TestKept(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/terraform.tfstate.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	state, err := ReadState(file)
	if err != nil {
		t.Fatal(err)
	}
	kept := Kept(plan(t, "changed.json"), state).addresses()
	for address, want := range map[string]bool{
		"azapi_resource.group": true, "azapi_resource.identity": true, "azapi_resource.vault": false, "azapi_resource.text": false,
		`module.store["eu"].azapi_resource.account[0]`: false,
	} {
		if kept[address] != want {
			t.Errorf("%s is kept: %v, want %v", address, kept[address], want)
		}
	}
}

func TestReadStateRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "cut off", `{"version": 3}`: "version 3", "[]": "no JSON"} {
		if _, err := ReadState(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q in it", text, err, want)
		}
	}
}

// drifted.json is a plan of this repository's dev, made by the stage with credentials against an imitation of Azure: its vault
// was changed there, and the diagnostics are gone.
func TestDriftOfAPlan(t *testing.T) {
	t.Parallel()
	remarks := Drift("environments/dev", plan(t, "drifted.json"))
	if len(remarks) != 2 {
		t.Fatalf("%d remarks, want 2: %+v", len(remarks), remarks)
	}
	for i, want := range []string{
		"module.environment.module.vault.azapi_resource.diagnostics in environments/dev was destroyed",
		`body.properties.enablePurgeProtection: true → false; body.properties.networkAcls.defaultAction: "Deny" → "Allow"`,
	} {
		if !strings.Contains(remarks[i].Finding.Message, want) {
			t.Errorf("%q is not in %q", want, remarks[i].Finding.Message)
		}
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	const drifted = `{"format_version":"1.2","resource_drift":[
		{"address":"azapi_resource.vault","mode":"managed","type":"azapi_resource","change":{"actions":["update"],"before":{"body":{"properties":{"enablePurgeProtection":true}},"tags":{"team":"a"}},"after":{"body":{"properties":{"enablePurgeProtection":false}},"tags":{"team":"a"}}}},
		{"address":"azapi_resource.gone","mode":"managed","type":"azapi_resource","change":{"actions":["delete"],"before":{"name":"x"},"after":null}},
		{"address":"azapi_resource.same","mode":"managed","type":"azapi_resource","change":{"actions":["update"],"before":{"output":{"properties":{"time":1}}},"after":{"output":{"properties":{"time":2}}}}},
		{"address":"azapi_resource.secret","mode":"managed","type":"azapi_resource","change":{"actions":["update"],"before":{"body":{"value":"hunter2"}},"after":{"body":{"value":"hunter3"}},"before_sensitive":{"body":{"value":true}},"after_sensitive":{"body":{"value":true}}}}
	]}`
	read, err := Read(strings.NewReader(drifted))
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, remark := range Drift("environments/prod", read) {
		messages = append(messages, remark.Object+": "+remark.Finding.Message)
	}
	all := strings.Join(messages, "\n")
	if len(messages) != 3 {
		t.Errorf("%d remarks, want 3:\n%s", len(messages), all)
	}
	for _, want := range []string{
		"environments/prod:azapi_resource.vault: azapi_resource.vault in environments/prod differs: body.properties.enablePurgeProtection: true → false, outside of code",
		"azapi_resource.gone in environments/prod was destroyed", "body.value: (masked) → (masked)",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("it does not say %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, "hunter") {
		t.Errorf("it says a secret:\n%s", all)
	}
}

// many is a plan of n vaults and clusters, as text.
func many(n int) string {
	var text strings.Builder
	text.WriteString(`{"format_version":"1.2","terraform_version":"1.10.10","resource_changes":[`)
	for i := range n {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"address":"module.m[%[1]d].azapi_resource.vault","mode":"managed","type":"azapi_resource","name":"vault","change":{"actions":["update"],
			"before":{"type":"Microsoft.KeyVault/vaults@2023-07-01","name":"v%[1]d","location":"westeurope","body":{"properties":{"sku":{"family":"A","name":"standard"},"enablePurgeProtection":false,"ipRules":["192.0.2.1","192.0.2.2"]}},"tags":{"team":"a"}},
			"after":{"type":"Microsoft.KeyVault/vaults@2023-07-01","name":"v%[1]d","location":"westeurope","body":{"properties":{"sku":{"family":"A","name":"standard"},"enablePurgeProtection":true,"ipRules":["192.0.2.1","192.0.2.2"]}},"tags":{"team":"a"}},
			"after_unknown":{"output":true,"body":{"properties":{"sku":{},"ipRules":[false,false]}}},"before_sensitive":{"body":{}},"after_sensitive":{"body":{}}}}`, i)
	}
	text.WriteString("]}")
	return text.String()
}

func BenchmarkTenThousand(b *testing.B) {
	text := many(10_000)
	b.ReportAllocs()
	for b.Loop() {
		plan, err := Read(strings.NewReader(text))
		if err != nil {
			b.Fatal(err)
		}
		if counts, _ := Summary(plan); counts[Changed] != 10_000 {
			b.Fatal(counts)
		}
		Guard("root", plan)
		Unknown(plan)
	}
}
