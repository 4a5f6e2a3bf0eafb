package cost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/cost/policy"
	"github.com/esteira/esteira/pipelines/cost/prices"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// pricing is by a book that stays as it is, whatever Azure asks for.
func pricing(t *testing.T, usage map[string]policy.Usage) Pricing {
	t.Helper()
	const file = "testdata/westeurope.json"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	book, err := prices.Read("prices/westeurope.json", text)
	if err != nil {
		t.Fatal(err)
	}
	return Pricing{
		Books:  map[string]*prices.Book{"westeurope": book},
		Policy: policy.Policy{Currency: "USD", Environments: map[string]policy.Environment{"environments/prod": {Usage: usage}}},
	}
}

// resource is one in West Europe, with a body in JSON.
func resource(t *testing.T, kind, body string) *Resource {
	t.Helper()
	r := &Resource{Address: "azapi_resource.it", Kind: "azapi_resource", Type: kind, Location: "westeurope"}
	if err := json.Unmarshal([]byte(body), &r.Body); err != nil {
		t.Fatal(err)
	}
	return r
}

// of is what the lines come to, in words: amounts by unit, and reasons of what is unpriced.
func of(lines []Line) (text string) {
	for _, line := range lines {
		if line.Unpriced != "" {
			text += fmt.Sprintf("%s unpriced: %s\n", line.Meter, line.Unpriced)
			continue
		}
		text += fmt.Sprintf("%s: %s × %s = %.2f\n", line.Meter, figure(line.Amount), line.Unit, line.Monthly)
	}
	return text
}

const cluster1 = `{"sku": {"name": "Base", "tier": "Standard"}, "properties": {
	"networkProfile": {"outboundType": "loadBalancer"},
	"agentPoolProfiles": [
		{"name": "system", "vmSize": "Standard_D2ds_v5", "count": 3, "enableAutoScaling": true, "minCount": 2, "maxCount": 5, "osDiskType": "Managed"},
		{"name": "user", "vmSize": "Standard_D4ds_v5", "count": 3, "enableAutoScaling": true, "minCount": 3, "maxCount": 9, "osDiskType": "Ephemeral"}]}}`

// What follows is priced by hand: 730 hours, 30.42 days a month.
func TestResources(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, kind, body string
		usage            policy.Usage
		want             string
	}{
		{"a cluster", "Microsoft.ContainerService/managedClusters", cluster1, policy.Usage{"processedGB": 100}, `
Azure Kubernetes Service, Standard Uptime SLA: 730 × 1 Hour = 73.00
Virtual Machines Standard_D2ds_v5: 2190 × 1 Hour = 297.84
Storage, P10 LRS Disk: 3 × 1/Month = 65.04
Virtual Machines Standard_D4ds_v5: 2190 × 1 Hour = 595.68
Load Balancer, Standard Included LB Rules and Outbound Rules: 730 × 1 Hour = 18.25
Virtual Network, Standard IPv4 Static Public IP: 730 × 1 Hour = 3.65
Load Balancer, Standard Data Processed: 100 × 1 GB = 0.50
`},
		{"a cluster on average, at night off", "Microsoft.ContainerService/managedClusters", cluster1,
			policy.Usage{"nodes.user": 4.5, "nodes.system": 2, "hours": 365, "processedGB": 0, "publicAddresses": 2}, `
Azure Kubernetes Service, Standard Uptime SLA: 365 × 1 Hour = 36.50
Virtual Machines Standard_D2ds_v5: 730 × 1 Hour = 99.28
Storage, P10 LRS Disk: 2 × 1/Month = 43.36
Virtual Machines Standard_D4ds_v5: 1642.5 × 1 Hour = 446.76
Load Balancer, Standard Included LB Rules and Outbound Rules: 365 × 1 Hour = 9.12
Virtual Network, Standard IPv4 Static Public IP: 365 × 1 Hour = 1.82
Load Balancer, Standard Data Processed: 0 × 1 GB = 0.00
Virtual Network, Standard IPv4 Static Public IP: 730 × 1 Hour = 3.65
`},
		{"more nodes than are planned, and fewer", "Microsoft.ContainerService/managedClusters", cluster1,
			policy.Usage{"nodes.user": 1, "nodes.system": 7, "processedGB": 0}, `
Azure Kubernetes Service, Standard Uptime SLA: 730 × 1 Hour = 73.00
Virtual Machines Standard_D2ds_v5: 3650 × 1 Hour = 496.40
Storage, P10 LRS Disk: 5 × 1/Month = 108.40
Virtual Machines Standard_D4ds_v5: 2190 × 1 Hour = 595.68
Load Balancer, Standard Included LB Rules and Outbound Rules: 730 × 1 Hour = 18.25
Virtual Network, Standard IPv4 Static Public IP: 730 × 1 Hour = 3.65
Load Balancer, Standard Data Processed: 0 × 1 GB = 0.00
`},
		{"a cluster without usage", "Microsoft.ContainerService/managedClusters",
			`{"sku": {"tier": "Free"}, "properties": {"agentPoolProfiles": [{"name": "a", "vmSize": "Standard_D2ds_v5", "count": 1, "osDiskType": "Ephemeral"}]}}`, nil, `
Virtual Machines Standard_D2ds_v5: 730 × 1 Hour = 99.28
Load Balancer, Standard Included LB Rules and Outbound Rules: 730 × 1 Hour = 18.25
Virtual Network, Standard IPv4 Static Public IP: 730 × 1 Hour = 3.65
Load Balancer, Standard Data Processed unpriced: it depends on processedGB, which cost.environments of esteira.yaml does not say
`},
		{"a size that the book does not have", "Microsoft.ContainerService/managedClusters",
			`{"sku": {"tier": "Premium"}, "properties": {"networkProfile": {"outboundType": "userDefinedRouting"}, "agentPoolProfiles": [{"name": "a", "vmSize": "Standard_NC6", "count": 1, "osDiskSizeGB": 200}, {"name": "b"}]}}`, nil, `
Azure Kubernetes Service unpriced: tier Premium has prices that this does not know
Virtual Machines Standard_NC6 unpriced: prices/westeurope.json has no price of Virtual Machines Standard_NC6 by "1 Hour"
Storage, P15 LRS Disk: 1 × 1/Month = 41.82
Virtual Machines unpriced: the plan does not say vmSize and count of pool b
`},
		{"a registry", "Microsoft.ContainerRegistry/registries", `{"sku": {"name": "Premium"}}`, policy.Usage{"storedGB": 520}, `
Container Registry, Premium Registry Unit: 30.42 × 1/Day = 50.69
Container Registry, Data Stored: 20 × 1 GB/Month = 2.00
`},
		{"a registry within what is included", "Microsoft.ContainerRegistry/registries", `{"sku": {"name": "Premium"}}`, policy.Usage{"storedGB": 100}, `
Container Registry, Premium Registry Unit: 30.42 × 1/Day = 50.69
Container Registry, Data Stored: 0 × 1 GB/Month = 0.00
`},
		{"a registry of no tier", "Microsoft.ContainerRegistry/registries", `{}`, nil, `
Container Registry unpriced: the plan does not say sku.name
`},
		{"a vault", "Microsoft.KeyVault/vaults", `{"properties": {"sku": {"name": "standard"}}}`, policy.Usage{"operations": 500_000}, `
Key Vault, Operations: 50 × 10K = 1.50
`},
		{"a workspace", "Microsoft.OperationalInsights/workspaces",
			`{"properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 90, "workspaceCapping": {"dailyQuotaGb": 5}}}`, policy.Usage{"ingestedGB": 60}, `
Log Analytics, Analytics Logs Data Ingestion: 60 × 1 GB = 164.45
Log Analytics, Analytics Logs Data Retention: 116.38 × 1 GB/Month = 15.13
`},
		{"a workspace that is cut off", "Microsoft.OperationalInsights/workspaces",
			`{"properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 30, "workspaceCapping": {"dailyQuotaGb": 1}}}`, policy.Usage{"ingestedGB": 1000}, `
Log Analytics, Analytics Logs Data Ingestion: 30.42 × 1 GB = 76.00
`},
		{"a workspace without usage", "Microsoft.OperationalInsights/workspaces", `{"properties": {"sku": {"name": "PerGB2018"}}}`, nil, `
Log Analytics unpriced: it depends on ingestedGB, which cost.environments of esteira.yaml does not say
`},
		{"an account", "Microsoft.Storage/storageAccounts", `{"kind": "StorageV2", "sku": {"name": "Standard_ZRS"}, "properties": {"accessTier": "Hot"}}`,
			policy.Usage{"storedGB": 50, "writes": 20_000, "reads": 200_000}, `
Storage, Hot ZRS Data Stored: 50 × 1 GB/Month = 1.23
Storage, Hot ZRS Write Operations: 2 × 10K = 0.14
Storage, Hot ZRS Read Operations: 20 × 10K = 0.09
`},
		{"an account whose reads nobody knows", "Microsoft.Storage/storageAccounts", `{"kind": "StorageV2", "sku": {"name": "Standard_GZRS"}, "properties": {"accessTier": "Hot"}}`,
			policy.Usage{"storedGB": 100, "writes": 0}, `
Storage, Hot GZRS Data Stored: 100 × 1 GB/Month = 4.41
Storage, Hot GZRS Write Operations: 0 × 10K = 0.00
Storage, reads unpriced: GZRS has a meter that this does not know
`},
		{"an account of files", "Microsoft.Storage/storageAccounts", `{"kind": "FileStorage", "sku": {"name": "Premium_LRS"}}`, nil, `
Storage unpriced: Premium_LRS of kind FileStorage and tier "" has prices that this does not know
`},
		{"a load balancer", "Microsoft.Network/loadBalancers",
			`{"sku": {"name": "Standard"}, "properties": {"loadBalancingRules": [{}, {}, {}, {}, {}, {}], "outboundRules": [{}]}}`, policy.Usage{"processedGB": 1000}, `
Load Balancer, Standard Included LB Rules and Outbound Rules: 730 × 1 Hour = 18.25
Load Balancer, Standard Overage LB Rules and Outbound Rules: 1460 × 1/Hour = 14.60
Load Balancer, Standard Data Processed: 1000 × 1 GB = 5.00
`},
		{"an address", "Microsoft.Network/publicIPAddresses", `{"sku": {"name": "Standard"}}`, nil, `
Virtual Network, Standard IPv4 Static Public IP: 730 × 1 Hour = 3.65
`},
		{"a disk", "Microsoft.Compute/disks", `{"sku": {"name": "Premium_LRS"}, "properties": {"diskSizeGB": 100}}`, nil, `
Storage, P10 LRS Disk: 1 × 1/Month = 21.68
`},
		{"a disk of another kind", "Microsoft.Compute/disks", `{"sku": {"name": "PremiumV2_LRS"}, "properties": {"diskSizeGB": 100}}`, nil, `
Storage, a disk unpriced: PremiumV2_LRS of 100 GB has prices that this does not know
`},
		{"a gateway that the book does not have", "Microsoft.Network/natGateways", `{"sku": {"name": "Standard"}}`, policy.Usage{"processedGB": 1}, `
NAT Gateway, Standard Gateway unpriced: prices/westeurope.json has no price of NAT Gateway, Standard Gateway by "1 Hour"
NAT Gateway, Standard Data Processed unpriced: prices/westeurope.json has no price of NAT Gateway, Standard Data Processed by "1 GB"
`},
		{"what nobody knows", "Microsoft.Sql/servers", `{}`, nil, `
Microsoft.Sql/servers unpriced: nothing is known of how it is paid for
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := resource(t, test.kind, test.body)
			e, err := pricing(t, map[string]policy.Usage{r.Address: test.usage}).Environment("environments/prod", []Change{{After: r}}, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := of(e.Resources[0].After); got != strings.TrimPrefix(test.want, "\n") {
				t.Errorf("it comes to\n%swant%s", got, test.want)
			}
			if len(e.Unused) > 0 {
				t.Errorf("unused: %v", e.Unused)
			}
		})
	}
}

// What the plan does not know yet is unpriced, wherever a default would apply to what is not there.
func TestUnknown(t *testing.T) {
	t.Parallel()
	r := resource(t, "Microsoft.ContainerService/managedClusters", cluster1)
	r.Body["sku"] = map[string]any{"tier": Unknown{}}
	r.Body["properties"].(map[string]any)["networkProfile"] = Unknown{}
	whole := resource(t, "Microsoft.KeyVault/vaults", "null")
	elsewhere := resource(t, "Microsoft.KeyVault/vaults", `{"properties": {"sku": {"name": "standard"}}}`)
	elsewhere.Location = "North Europe"
	foreign := &Resource{Address: "aws_instance.it", Kind: "aws_instance"}
	usage := map[string]policy.Usage{r.Address: {"operations": 10, "processedGB": 1}}
	e, err := pricing(t, usage).Environment("environments/prod", []Change{{After: r}, {After: whole}, {After: elsewhere}, {After: foreign}}, false)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, cost := range e.Resources {
		text += of(cost.After)
	}
	for _, want := range []string{
		"the plan does not know sku.tier", "the plan does not know properties.networkProfile.outboundType",
		"Microsoft.KeyVault/vaults unpriced: the plan does not know its body",
		`there is no price book for its location, "North Europe"`, "aws_instance unpriced: nothing is known",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it is not said %q:\n%s", want, text)
		}
	}
}

var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// estimated is an estimate of one environment.
func estimated(before, after float64, compared bool) Estimate {
	cost := Cost{Address: "azapi_resource.it", Type: "T", After: []Line{{Meter: "M", Amount: 1, Unit: "1 Hour", Price: "1", Monthly: after}}}
	if compared {
		cost.Before = []Line{{Meter: "M", Amount: 1, Unit: "1 Hour", Price: "1", Monthly: before}}
	}
	day := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	return Estimate{
		Currency:     "USD",
		Books:        []Book{{File: "prices/westeurope.json", Region: "westeurope", Oldest: day, Newest: day, Prices: 3}},
		Environments: []Environment{{Path: "environments/prod", Before: before, After: after, Compared: compared, Resources: []Cost{cost}}},
	}
}

// asked is a policy with a budget of 100 and both limits.
func asked() policy.Policy {
	return policy.Policy{
		Currency: "USD", Increase: &policy.Increase{Amount: 20, Percent: 50},
		Environments: map[string]policy.Environment{"environments/prod": {Budget: 100}},
	}
}

func judged(e Estimate, p policy.Policy, now time.Time) acceptance.Said {
	return Judge(e, p, func(field string) finding.Location { return finding.Location{File: "esteira.yaml: " + field} }, now)
}

// rules are what is against the policy, with what only is said in brackets.
func rules(said acceptance.Said) (rules []string) {
	for _, remark := range said.Remarks {
		rule := remark.Finding.Rule
		if remark.Finding.Severity == finding.Info {
			rule = "(" + rule + ")"
		}
		rules = append(rules, rule)
	}
	return rules
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		e    Estimate
		edit func(e *Estimate, p *policy.Policy)
		now  time.Time
		want []string
		says string
		// undecided is why nothing is decided.
		undecided string
	}{
		{name: "within all limits", e: estimated(90, 100, true)},
		{name: "over the budget by a cent", e: estimated(0, 100.01, false), want: []string{RuleBudget}, says: "environments/prod costs 100.01 USD a month, 0.01 USD more than its budget of 100.00 USD"},
		{name: "over it by less than a cent", e: estimated(0, 100.004, false)},
		{name: "over it as before", e: estimated(120, 120, true), want: []string{"(" + RuleBudget + ")"}, says: "as it did before this change"},
		{name: "over it, and more than before", e: estimated(120, 121, true), want: []string{RuleBudget}},
		{name: "an increase beyond the amount", e: estimated(70, 91, true), want: []string{RuleIncrease}, says: "this change adds 21.00 USD a month (70.00 → 91.00 USD a month: +21.00, +30.0 %), and 20.00 USD are the limit"},
		{name: "an increase beyond the percentage", e: estimated(10, 16, true), want: []string{RuleIncrease}, says: "this change adds 60.0 % (10.00 → 16.00 USD a month: +6.00, +60.0 %), and 50 % are the limit"},
		{name: "an increase of nothing has no percentage", e: estimated(0, 15, true)},
		{name: "a decrease", e: estimated(90, 10, true)},
		{name: "compared with nothing", e: estimated(0, 90, false)},
		{name: "no budget", e: estimated(0, 1e6, false), edit: func(_ *Estimate, p *policy.Policy) { p.Environments = nil }},
		{name: "unpriced, with a budget", e: estimated(0, 10, false), edit: func(e *Estimate, _ *policy.Policy) {
			e.Environments[0].Resources[0].After[0] = Line{Meter: "M", Unpriced: "nobody knows it"}
		}, want: []string{RuleUnpriced}, says: "azapi_resource.it: M has no price: nobody knows it. Nobody knows whether the budget is kept"},
		{name: "unpriced, without a budget", e: estimated(0, 10, false), edit: func(e *Estimate, p *policy.Policy) {
			e.Environments[0].Resources[0].After[0] = Line{Meter: "M", Unpriced: "nobody knows it"}
			p.Environments = nil
		}},
		{name: "an environment that is not there", e: estimated(0, 10, false), edit: func(_ *Estimate, p *policy.Policy) {
			p.Environments["environments/prd"] = policy.Environment{Budget: 1}
		}, want: []string{RuleEnvironment}, says: "no root module lies in environments/prd"},
		{name: "a usage that nothing has", e: estimated(0, 10, false), edit: func(e *Estimate, _ *policy.Policy) {
			e.Environments[0].Unused = []string{"azapi_resource.it.storedGb"}
		}, want: []string{"(" + RuleUnusedUsage + ")"}, says: "nothing that is planned is paid for by azapi_resource.it.storedGb"},
		{name: "prices of 30 days ago", e: estimated(0, 10, false), now: time.Date(2026, 12, 26, 23, 0, 0, 0, time.UTC)},
		{name: "prices of 90 days ago", e: estimated(0, 10, false), now: time.Date(2027, 2, 24, 23, 0, 0, 0, time.UTC)},
		{name: "prices of 91 days ago", e: estimated(0, 10, false), now: time.Date(2027, 2, 25, 0, 0, 0, 0, time.UTC), undecided: "prices/westeurope.json: its oldest price is of 2026-11-26, 91 days ago, and 90 days are the limit"},
		{name: "prices of tomorrow", e: estimated(0, 10, false), now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), undecided: "prices/westeurope.json: a price is of 2026-11-26, which is not yet"},
		{name: "no plan", e: estimated(0, 10, false), edit: func(e *Estimate, _ *policy.Policy) { e.Environments[0].Failed = "main.tf:1: no" },
			undecided: "environments/prod has no plan that could be priced: main.tf:1: no"},
		{name: "a damaged book", e: Estimate{Faults: []finding.Finding{{Tool: "t", Rule: RulePriceBook, Severity: finding.High, Message: "retailPrice is -3"}}}, want: []string{RulePriceBook}, says: "retailPrice is -3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := asked()
			if test.edit != nil {
				test.edit(&test.e, &p)
			}
			if test.now.IsZero() {
				test.now = now
			}
			said := judged(test.e, p, test.now)
			if got := rules(said); !slices.Equal(got, test.want) {
				t.Fatalf("rules %v, want %v: %+v", got, test.want, said.Remarks)
			}
			if test.says != "" && !strings.Contains(said.Remarks[0].Finding.Message, test.says) {
				t.Errorf("it says %q, want %q", said.Remarks[0].Finding.Message, test.says)
			}
			stage := acceptance.Judge(nil, said, nil, test.now).Stage("cost")
			if !strings.HasPrefix(said.Undecided, test.undecided) || (said.Undecided == "") != (test.undecided == "") {
				t.Errorf("undecided %q, want %q", said.Undecided, test.undecided)
			}
			if red := len(test.want) > 0 && test.want[0][0] != '(' || test.undecided != ""; stage.Status.Red() != red {
				t.Errorf("%s: %s", stage.Status, stage.Summary)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	old := estimated(0, 10, false)
	old.Books[0].Estimated = 2
	said := judged(old, policy.Policy{Currency: "USD"}, time.Date(2026, 12, 27, 0, 0, 0, 0, time.UTC))
	want := []string{
		"prices/westeurope.json: its oldest price is of 2026-11-26, 31 days ago: from day 91 on nothing is judged by it",
		"2 of 3 prices of prices/westeurope.json were not fetched: they are what its rows say as their source. Refresh it before you rely on the figures",
		"environments/prod has no budget: give it one as cost.environments.environments/prod.budget of esteira.yaml",
	}
	if !reflect.DeepEqual(said.Notes, want) {
		t.Errorf("notes %q", said.Notes)
	}
	if said := judged(Estimate{}, policy.Policy{}, now); !strings.Contains(said.Undecided, "there is no price book") {
		t.Errorf("no book: %+v", said)
	}
}

// A change is shown by environment, resource and meter, in both directions; what costs the same is not.
func TestChanges(t *testing.T) {
	t.Parallel()
	usage := map[string]policy.Usage{"azapi_resource.it": {"processedGB": 10}}
	before, after := resource(t, "Microsoft.ContainerService/managedClusters", cluster1), resource(t, "Microsoft.ContainerService/managedClusters", cluster1)
	after.Body["properties"].(map[string]any)["agentPoolProfiles"].([]any)[1].(map[string]any)["count"] = 4.0
	gone := resource(t, "Microsoft.Compute/disks", `{"sku": {"name": "Premium_LRS"}, "properties": {"diskSizeGB": 100}}`)
	gone.Address = "azapi_resource.gone"
	same := resource(t, "Microsoft.Network/publicIPAddresses", `{"sku": {"name": "Standard"}}`)
	same.Address = "azapi_resource.same"
	free := resource(t, "Microsoft.Resources/resourceGroups", `{}`)
	e, err := pricing(t, usage).Environment("environments/prod", []Change{{before, after}, {Before: gone}, {same, same}, {free, free}, {Before: free}}, true)
	if err != nil {
		t.Fatal(err)
	}
	if !near(e.After-e.Before, 730*0.272-21.68) {
		t.Errorf("%v → %v", e.Before, e.After)
	}
	if e.Free["Microsoft.Resources/resourceGroups"] != 1 || len(e.Resources) != 3 {
		t.Errorf("free %v, resources %+v", e.Free, e.Resources)
	}
	said := judged(Estimate{Currency: "USD", Books: []Book{{Oldest: now, Newest: now}}, Environments: []Environment{e}, BookChanges: []string{"M: 1 → 2"}}, policy.Policy{Currency: "USD"}, now)
	want := []report.Change{
		{Title: "environments/prod: 1078.84 → 1255.72 USD a month: +176.88, +16.4 %", Lines: []string{
			"azapi_resource.it: 1053.51 → 1252.07 USD a month: +198.56, +18.8 %",
			"  − 595.68 for 2190 × 1 Hour at 0.272 each of Virtual Machines Standard_D4ds_v5 (3 nodes of pool user, from 3 to 9 by itself)",
			"  + 794.24 for 2920 × 1 Hour at 0.272 each of Virtual Machines Standard_D4ds_v5 (4 nodes of pool user, from 3 to 9 by itself)",
			"azapi_resource.gone: 21.68 → 0.00 USD a month: -21.68, -100.0 %",
			"  − 21.68 for 1 × 1/Month at 21.68 each of Storage, P10 LRS Disk (100 GB)",
		}},
		{Title: "prices: before and after are both priced by this change's", Lines: []string{"M: 1 → 2"}},
	}
	if !reflect.DeepEqual(said.Changes, want) {
		t.Errorf("%q\nwant\n%q", said.Changes, want)
	}
	var written bytes.Buffer
	estimate := Estimate{Currency: "USD", Books: []Book{}, Environments: []Environment{e}}
	if err := estimate.Write(&written); err != nil {
		t.Fatal(err)
	}
	var read Estimate
	if err := json.Unmarshal(written.Bytes(), &read); err != nil || len(read.Environments) != 1 {
		t.Errorf("%+v, %v", read, err)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// A plan may be of anybody's making: whatever a body is like, nothing costs less than nothing, and what is not counted is said.
func FuzzBody(f *testing.F) {
	f.Add("Microsoft.ContainerService/managedClusters", cluster1)
	f.Add("Microsoft.ContainerService/managedClusters", `{"properties": {"agentPoolProfiles": [1, null, {"vmSize": "Standard_D4", "count": -3}, {"vmSize": "x", "count": 1e300}]}}`)
	f.Add("Microsoft.ContainerService/managedClusters/agentPools", `{"properties": {"vmSize": "Standard_D2ds_v5", "count": 2}}`)
	for kind := range metered {
		f.Add(kind, `{"sku": {"name": "Standard"}, "kind": "StorageV2", "properties": {"accessTier": "Hot", "diskSizeGB": 4}}`)
	}
	text, err := os.ReadFile("testdata/westeurope.json")
	if err != nil {
		f.Fatal(err)
	}
	book, err := prices.Read("b.json", text)
	if err != nil {
		f.Fatal(err)
	}
	p := Pricing{Books: map[string]*prices.Book{"westeurope": book}}
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := &Resource{Address: "a.b", Kind: "azapi_resource", Type: kind, Location: "westeurope"}
		if json.Unmarshal([]byte(body), &r.Body) != nil {
			return
		}
		e, err := p.Environment("e", []Change{{Before: r, After: r}}, true)
		if err != nil {
			t.Fatal(err)
		}
		if e.After < 0 || e.After != e.Before {
			t.Errorf("%v → %v", e.Before, e.After)
		}
		for _, cost := range e.Resources {
			for _, line := range cost.After {
				if line.Unpriced == "" && line.Price == "" {
					t.Errorf("%+v has neither a price nor a reason", line)
				}
			}
		}
	})
}
