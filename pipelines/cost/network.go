package cost

import (
	"fmt"

	"github.com/esteira/esteira/pipelines/cost/prices"
)

// The meters of networks. Those of load balancers and gateways have one price in all regions.
var (
	balancerRules = prices.Meter{Service: "Load Balancer", Product: "Load Balancer", SKU: "Standard",
		Name: "Standard Included LB Rules and Outbound Rules", Unit: "1 Hour", Global: true}
	balancerOverage = prices.Meter{Service: "Load Balancer", Product: "Load Balancer", SKU: "Standard",
		Name: "Standard Overage LB Rules and Outbound Rules", Unit: "1/Hour", Global: true}
	balancerData = prices.Meter{Service: "Load Balancer", Product: "Load Balancer", SKU: "Standard",
		Name: "Standard Data Processed", Unit: "1 GB", Global: true}
	publicAddress = prices.Meter{Service: "Virtual Network", Product: "IP Addresses", SKU: "Standard",
		Name: "Standard IPv4 Static Public IP", Unit: "1 Hour"}
	gatewayHours = prices.Meter{Service: "NAT Gateway", Product: "NAT Gateway", SKU: "Standard",
		Name: "Standard Gateway", Unit: "1 Hour", Global: true}
	gatewayData = prices.Meter{Service: "NAT Gateway", Product: "NAT Gateway", SKU: "Standard",
		Name: "Standard Data Processed", Unit: "1 GB", Global: true}
	endpointHours = prices.Meter{Service: "Virtual Network", Product: "Virtual Network Private Link", SKU: "Standard",
		Name: "Standard Private Endpoint", Unit: "1 Hour", Global: true}
	endpointData = prices.Meter{Service: "Virtual Network", Product: "Virtual Network Private Link", SKU: "Standard",
		Name: "Standard Data Processed - Ingress", Unit: "1 GB", Global: true}
)

// rulesIncluded are the rules that the price of a load balancer's hour holds for.
const rulesIncluded = 5

func loadBalancer(m *metering) {
	sku, known := m.sku("sku.name", "Load Balancer")
	if !known {
		return
	}
	if sku != "Standard" {
		m.unknown("Load Balancer", fmt.Sprintf("SKU %s has prices that this does not know", sku))
		return
	}
	rules := len(m.list(m.Body, "properties.loadBalancingRules")) + len(m.list(m.Body, "properties.outboundRules"))
	if rules > 0 {
		m.planned(balancerRules, m.hours(), fmt.Sprintf("%d rules, of which %d are included", rules, rulesIncluded))
	}
	if rules > rulesIncluded {
		m.planned(balancerOverage, float64(rules-rulesIncluded)*m.hours(), fmt.Sprintf("%d rules more", rules-rulesIncluded))
	}
	m.used(balancerData, "processedGB", 1, 0)
}

func address(m *metering) {
	sku, known := m.sku("sku.name", "public IP address")
	if !known {
		return
	}
	if sku != "Standard" || m.text(m.Body, "properties.publicIPAddressVersion") == "IPv6" {
		m.unknown("public IP address", fmt.Sprintf("SKU %s has prices that this does not know", sku))
		return
	}
	m.planned(publicAddress, m.hours(), "one address")
}

func natGateway(m *metering) {
	m.planned(gatewayHours, m.hours(), "one gateway")
	m.used(gatewayData, "processedGB", 1, 0)
}

func privateEndpoint(m *metering) {
	m.planned(endpointHours, m.hours(), "one endpoint")
	m.used(endpointData, "processedGB", 1, 0)
}

// zone is a DNS zone. Its price falls with the number of all zones of the subscription, which no plan knows: it is the price
// of the first 25.
func zone(kind string) func(*metering) {
	return func(m *metering) {
		of := func(name, unit string) prices.Meter {
			return prices.Meter{Service: "Azure DNS", Product: "Azure DNS", SKU: kind, Name: kind + " " + name, Unit: unit, Global: true}
		}
		m.planned(of("Zone", "1"), 1, "one zone, as one of the first 25")
		m.used(of("Queries", "1M"), "queries", 1_000_000, 0)
	}
}
