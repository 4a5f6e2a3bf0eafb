package cost

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/cost/policy"
	"github.com/esteira/esteira/pipelines/cost/prices"
)

// metering collects what one resource uses.
type metering struct {
	Resource
	usage      policy.Usage
	known      []string
	quantities []quantity
	// unread are the settings that a price depends on and that the plan does not know.
	unread []string
}

// at is the setting at a path in a part of the body, or nil. What the plan does not know is remembered.
func (m *metering) at(value any, path string) any {
	for _, name := range strings.Split(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
		if value == (Unknown{}) {
			m.unread = append(m.unread, path)
			return nil
		}
	}
	return value
}

func (m *metering) text(value any, path string) string {
	text, _ := m.at(value, path).(string)
	return text
}

func (m *metering) list(value any, path string) []any {
	list, _ := m.at(value, path).([]any)
	return list
}

// number is a number, and whether there is one.
func (m *metering) number(value any, path string) (float64, bool) {
	switch number := m.at(value, path).(type) {
	case float64:
		return number, true
	case json.Number:
		value, err := number.Float64()
		return value, err == nil
	}
	return 0, false
}

// planned adds what follows from the plan.
func (m *metering) planned(meter prices.Meter, amount float64, why string) {
	m.quantities = append(m.quantities, quantity{meter: meter, amount: amount, why: why})
}

// unknown adds what will cost something, and nobody knows how much.
func (m *metering) unknown(what, why string) {
	m.quantities = append(m.quantities, quantity{meter: prices.Meter{Service: what}, unknown: why})
}

// assumed is what the policy says is used of something, and whether it says so.
func (m *metering) assumed(name string) (float64, bool) {
	if !slices.Contains(m.known, name) {
		m.known = append(m.known, name)
	}
	amount, said := m.usage[name]
	return amount, said
}

// used adds what the policy says is used beyond what is included in another price; a unit of the meter are so many of what
// the policy counts.
func (m *metering) used(meter prices.Meter, name string, per, included float64) {
	amount, said := m.assumed(name)
	if !said {
		m.quantities = append(m.quantities, quantity{meter: meter, unknown: unsaid(name)})
		return
	}
	why := fmt.Sprintf("%s %s", name, figure(amount))
	if included > 0 {
		why += fmt.Sprintf(", of which %s are included", figure(included))
	}
	m.quantities = append(m.quantities, quantity{meter: meter, amount: max(0, amount-included) / per, why: why, assumed: true})
}

func unsaid(name string) string {
	return fmt.Sprintf("it depends on %s, which cost.environments of esteira.yaml does not say", name)
}

// hours are those of the month in which it runs.
func (m *metering) hours() float64 {
	if hours, said := m.assumed("hours"); said {
		return min(hours, HoursPerMonth)
	}
	return HoursPerMonth
}

// metered says what resources of a type use. What is in neither this table nor in free is unpriced.
var metered = map[string]func(*metering){
	"Microsoft.Compute/disks":                               disk,
	"Microsoft.ContainerRegistry/registries":                registry,
	"Microsoft.ContainerService/managedClusters":            cluster,
	"Microsoft.KeyVault/vaults":                             vault,
	"Microsoft.Network/dnsZones":                            zone("Public"),
	"Microsoft.Network/loadBalancers":                       loadBalancer,
	"Microsoft.Network/natGateways":                         natGateway,
	"Microsoft.Network/privateDnsZones":                     zone("Private"),
	"Microsoft.Network/privateEndpoints":                    privateEndpoint,
	"Microsoft.Network/publicIPAddresses":                   address,
	"Microsoft.OperationalInsights/workspaces":              workspace,
	"Microsoft.Storage/storageAccounts":                     account,
	"Microsoft.ContainerService/managedClusters/agentPools": func(m *metering) { pool(m, m.at(m.Body, "properties")) },
}

// free says why resources of a type cost nothing by themselves.
var free = map[string]string{
	"Microsoft.Authorization/roleAssignments":                                       "access costs nothing",
	"Microsoft.Authorization/roleDefinitions":                                       "access costs nothing",
	"Microsoft.Authorization/locks":                                                 "locks cost nothing",
	"Microsoft.Consumption/budgets":                                                 "a budget costs nothing",
	"Microsoft.Insights/diagnosticSettings":                                         "what it sends is paid at the workspace",
	"Microsoft.KeyVault/vaults/secrets":                                             "its operations are the vault's",
	"Microsoft.ManagedIdentity/userAssignedIdentities":                              "identities cost nothing",
	"Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": "identities cost nothing",
	"Microsoft.Network/networkSecurityGroups":                                       "rules cost nothing",
	"Microsoft.Network/networkSecurityGroups/securityRules":                         "rules cost nothing",
	"Microsoft.Network/privateDnsZones/virtualNetworkLinks":                         "links cost nothing",
	"Microsoft.Network/routeTables":                                                 "routes cost nothing",
	"Microsoft.Network/virtualNetworks":                                             "networks cost nothing, what is peered with them does",
	"Microsoft.Network/virtualNetworks/subnets":                                     "networks cost nothing",
	"Microsoft.Resources/resourceGroups":                                            "groups cost nothing",
	"Microsoft.Storage/storageAccounts/blobServices":                                "what it holds is the account's",
	"Microsoft.Storage/storageAccounts/blobServices/containers":                     "what it holds is the account's",
	"Microsoft.Storage/storageAccounts/managementPolicies":                          "policies cost nothing",
}

// sku is a setting that a price depends on; where it is unknown, so is the price.
func (m *metering) sku(path, what string) (string, bool) {
	value := m.text(m.Body, path)
	if value == "" && !slices.Contains(m.unread, path) {
		m.unknown(what, "the plan does not say "+path)
	}
	return value, value != ""
}

// Included gigabytes of a registry, by tier (https://learn.microsoft.com/azure/container-registry/container-registry-skus).
var registryIncluded = map[string]float64{"Basic": 10, "Standard": 100, "Premium": 500}

func registry(m *metering) {
	sku, known := m.sku("sku.name", "Container Registry")
	if !known {
		return
	}
	of := func(name, unit string) prices.Meter {
		return prices.Meter{Service: "Container Registry", Product: "Container Registry", SKU: sku, Name: name, Unit: unit}
	}
	m.planned(of(sku+" Registry Unit", "1/Day"), daysPerMonth, "one registry of tier "+sku)
	stored := of("Data Stored", "1 GB/Month")
	m.used(stored, "storedGB", 1, registryIncluded[sku])
}

func vault(m *metering) {
	sku, known := m.sku("properties.sku.name", "Key Vault")
	if !known {
		return
	}
	sku = strings.ToUpper(sku[:1]) + sku[1:]
	m.used(prices.Meter{Service: "Key Vault", Product: "Key Vault", SKU: sku, Name: "Operations", Unit: "10K"}, "operations", 10_000, 0)
}

// Retention up to 31 days is part of the price of ingestion (https://learn.microsoft.com/azure/azure-monitor/logs/cost-logs).
const retentionIncluded = 31

func workspace(m *metering) {
	of := func(name, unit string) prices.Meter {
		return prices.Meter{Service: "Log Analytics", Product: "Log Analytics", SKU: "Analytics Logs", Name: "Analytics Logs Data " + name, Unit: unit}
	}
	if sku, known := m.sku("properties.sku.name", "Log Analytics"); !known {
		return
	} else if sku != "PerGB2018" {
		m.unknown("Log Analytics", fmt.Sprintf("tier %s has prices that this does not know", sku))
		return
	}
	ingested, said := m.assumed("ingestedGB")
	if !said {
		m.unknown("Log Analytics", unsaid("ingestedGB"))
		return
	}
	why := "ingestedGB " + figure(ingested)
	if quota, limited := m.number(m.Body, "properties.workspaceCapping.dailyQuotaGb"); limited && quota > 0 && ingested > quota*daysPerMonth {
		ingested = quota * daysPerMonth
		why += fmt.Sprintf(", cut off by dailyQuotaGb %s", figure(quota))
	}
	m.quantities = append(m.quantities, quantity{meter: of("Ingestion", "1 GB"), amount: ingested, why: why, assumed: true})
	if days, said := m.number(m.Body, "properties.retentionInDays"); said && days > retentionIncluded {
		kept := ingested * (days - retentionIncluded) / daysPerMonth
		m.quantities = append(m.quantities, quantity{meter: of("Retention", "1 GB/Month"), amount: kept, assumed: true,
			why: fmt.Sprintf("what is kept from day %d to day %s", retentionIncluded, figure(days))})
	}
}

// readOperations are the meters of reads: those of zones have one of their own.
var readOperations = map[string]string{"LRS": " Read Operations", "GRS": " Read Operations", "RAGRS": " Read Operations", "ZRS": " ZRS Read Operations"}

func account(m *metering) {
	name, known := m.sku("sku.name", "Storage")
	if !known {
		return
	}
	tier := m.text(m.Body, "properties.accessTier")
	performance, redundancy, _ := strings.Cut(name, "_")
	if m.text(m.Body, "kind") != "StorageV2" || performance != "Standard" || tier == "" {
		m.unknown("Storage", fmt.Sprintf("%s of kind %s and tier %q has prices that this does not know", name, m.text(m.Body, "kind"), tier))
		return
	}
	sku := tier + " " + strings.Replace(redundancy, "RAG", "RA-G", 1)
	of := func(name, unit string) prices.Meter {
		return prices.Meter{Service: "Storage", Product: "General Block Blob v2", SKU: sku, Name: name, Unit: unit}
	}
	m.used(of(sku+" Data Stored", "1 GB/Month"), "storedGB", 1, 0)
	m.used(of(sku+" Write Operations", "10K"), "writes", 10_000, 0)
	if reads, known := readOperations[redundancy]; known {
		m.used(of(tier+reads, "10K"), "reads", 10_000, 0)
	} else {
		m.unknown("Storage, reads", redundancy+" has a meter that this does not know")
	}
}
