package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/cost"
)

// aVault is a plan of a vault, whose operations are assumed.
const aVault = `{"format_version": "1.2", "terraform_version": "1.10.10", "resource_changes": [
	{"address": "azapi_resource.vault", "mode": "managed", "type": "azapi_resource", "name": "vault", "provider_name": "p",
	 "change": {"actions": ["create"], "before": null, "after_unknown": {}, "after": {"type": "Microsoft.KeyVault/vaults@2023-07-01",
	  "location": "westeurope", "body": {"properties": {"sku": {"name": "standard"}}}}}}]}`

// aChange has an address in the place of what was a vault.
const aChange = `{"format_version": "1.2", "terraform_version": "1.10.10", "resource_changes": [
	{"address": "azapi_resource.vault", "mode": "managed", "type": "azapi_resource", "name": "vault", "provider_name": "p",
	 "change": {"actions": ["create"], "before": null, "after_unknown": {}, "after": {"type": "Microsoft.KeyVault/vaults@2023-07-01",
	  "location": "westeurope", "body": {"properties": {"sku": {"name": "standard"}}}}}},
	{"address": "azapi_resource.address", "mode": "managed", "type": "azapi_resource", "name": "address", "provider_name": "p",
	 "change": {"actions": ["delete"], "after": null, "after_unknown": {}, "before": {"type": "Microsoft.Network/publicIPAddresses@2023-11-01",
	  "location": "westeurope", "body": {"sku": {"name": "Standard"}}}}}]}`

const aCostPolicy = `version: 1
cost:
  currency: USD
  environments:
    prod: {budget: 10, usage: {azapi_resource.vault: {operations: 1000000}}}
`

const index = `{"against": "nothing", "roots": [{"path": "prod", "plan": "prod/plan.json", "unknown": [], "files": []}]}`

func somePrices(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../cost/testdata/westeurope.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// costed is what the command left.
type costed struct {
	cost.Estimate
	acceptance.Said
}

// costing runs the command over a plan of root prod that was made against something. It is what was left, or what was
// complained of.
func costing(t *testing.T, plan, against, book, policy string) (left costed, complaint string) {
	t.Helper()
	out := t.TempDir()
	planned := folder(t, map[string]string{"index.json": strings.Replace(index, "nothing", against, 1), "prod/plan.json": plan})
	args := []string{"terraform", "cost", "--today", "2026-11-30", "--planned", planned, "--out", out,
		"--source", folder(t, map[string]string{"prices/westeurope.json": book})}
	if against == "base" {
		args = append(args, "--base", folder(t, map[string]string{"prices/westeurope.json": somePrices(t)}))
	}
	if policy != "" {
		args = append(args, "--policy", folder(t, map[string]string{"esteira.yaml": policy}))
	}
	var stdout, stderr bytes.Buffer
	if code := run(args, &stdout, &stderr); code != 0 {
		return left, stderr.String()
	}
	text, err := os.ReadFile(filepath.Join(out, "cost.json"))
	if err == nil {
		err = json.Unmarshal(text, &left.Estimate)
	}
	if err == nil {
		left.Said, err = readFile(filepath.Join(out, "said.json"), acceptance.ReadSaid)
	}
	if err != nil {
		t.Fatal(err)
	}
	return left, ""
}

func TestTerraformCost(t *testing.T) {
	alone, complaint := costing(t, aVault, "nothing", somePrices(t), aCostPolicy)
	if complaint != "" || len(alone.Environments) != 1 || alone.Environments[0].After != 3 || alone.Environments[0].Compared {
		t.Errorf("alone: %+v %s", alone, complaint)
	}
	compared, complaint := costing(t, aChange, "base", strings.Replace(somePrices(t), `"retailPrice": 0.03,`, `"retailPrice": 0.04,`, 1), aCostPolicy)
	if complaint != "" || compared.Environments[0].Before != 3.65 || compared.Environments[0].After != 4 || !compared.Environments[0].Compared ||
		len(compared.BookChanges) != 1 || !strings.Contains(compared.BookChanges[0], "0.03 → 0.04") {
		t.Errorf("compared: %+v %s", compared, complaint)
	}
	if len(compared.Changes) != 2 || len(compared.Remarks) != 0 || compared.Judged != 2 {
		t.Errorf("compared: %+v", compared.Said)
	}
	over, _ := costing(t, aVault, "nothing", somePrices(t), strings.Replace(aCostPolicy, "budget: 10,", "budget: 2.99,", 1))
	if len(over.Remarks) != 1 || over.Remarks[0].Finding.Location.String() != "esteira.yaml:5" || over.Remarks[0].Object != "prod" {
		t.Errorf("over the budget: %+v", over.Remarks)
	}
	without, complaint := costing(t, aVault, "nothing", somePrices(t), "")
	if complaint != "" || without.Currency != "USD" || without.Environments[0].Resources[0].After[0].Unpriced == "" {
		t.Errorf("without a policy: %+v %s", without, complaint)
	}
}

// What of a price book cannot be meant is told with its line, and nothing is priced by it.
func TestTerraformCostFaults(t *testing.T) {
	for _, test := range []struct{ name, old, new, policy, says string }{
		{"a negative price", `"retailPrice": 0.03,`, `"retailPrice": -0.03,`, aCostPolicy, "prices/westeurope.json:217: Operations: retailPrice is -0.03: want 0 or more"},
		{"a row of another currency", `"currencyCode": "USD"`, `"currencyCode": "EUR"`, aCostPolicy, `prices/westeurope.json:5: D2ds v5: currencyCode is "EUR"`},
		{"a book of another currency", `"USD"`, `"EUR"`, aCostPolicy, `prices/westeurope.json:1: BillingCurrency is "EUR": what it is compared with is in "USD"`},
		{"another unit", `"unitOfMeasure": "10K"`, `"unitOfMeasure": "1M"`, aCostPolicy, `prices/westeurope.json:217: Key Vault, Operations is sold by "1M"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			count := 1
			if test.old == `"USD"` {
				count = -1
			}
			book := strings.Replace(somePrices(t), test.old, test.new, count)
			estimate, complaint := costing(t, aVault, "nothing", book, test.policy)
			if complaint != "" || len(estimate.Remarks) == 0 || len(estimate.Environments) != 0 || estimate.Judged != 0 {
				t.Fatalf("%+v %s", estimate, complaint)
			}
			first := estimate.Remarks[0].Finding
			if said := first.Location.String() + ": " + first.Message; !strings.HasPrefix(said, test.says) {
				t.Errorf("%s, want %s", said, test.says)
			}
		})
	}
}

func TestTerraformCostRefuses(t *testing.T) {
	for name, test := range map[string]struct{ plan, policy, says string }{
		"a plan that is cut off": {aVault[:300], aCostPolicy, "in the middle of its JSON: it was cut off"},
		"a newer plan":           {strings.Replace(aVault, `"1.2"`, `"2.0"`, 1), aCostPolicy, "the plan has format 2.0, and this reads 1.x"},
		"a policy that is wrong": {aVault, "version: 1\ncost: {currency: dollars}\n", `esteira.yaml:2: cost.currency: "dollars" is no currency`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, complaint := costing(t, test.plan, "", somePrices(t), test.policy); !strings.Contains(complaint, test.says) {
				t.Errorf("%q, want %q", complaint, test.says)
			}
		})
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"terraform", "cost", "--planned", "x"}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "name the --planned, the --source and the --out") {
		t.Errorf("%d %s", code, &stderr)
	}
}
