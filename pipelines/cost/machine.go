package cost

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/esteira/esteira/pipelines/cost/prices"
)

// cluster is AKS: the control plane, its pools, and what leads out of it.
func cluster(m *metering) {
	switch tier := m.text(m.Body, "sku.tier"); tier {
	case "Free", "":
		// It has no meter: nothing is paid for it.
	case "Standard":
		m.planned(prices.Meter{Service: "Azure Kubernetes Service", Product: "Azure Kubernetes Service", SKU: "Standard",
			Name: "Standard Uptime SLA", Unit: "1 Hour"}, m.hours(), "the control plane of tier Standard")
	default:
		m.unknown("Azure Kubernetes Service", fmt.Sprintf("tier %s has prices that this does not know", tier))
	}
	pools := m.list(m.Body, "properties.agentPoolProfiles")
	if len(pools) == 0 {
		m.unknown("Virtual Machines", "the plan does not say properties.agentPoolProfiles")
	}
	for _, planned := range pools {
		pool(m, planned)
	}
	// What leads out is made by AKS itself, and no resource of the plan (https://learn.microsoft.com/azure/aks/egress-outboundtype).
	if outbound := m.text(m.Body, "properties.networkProfile.outboundType"); outbound == "loadBalancer" || outbound == "" {
		m.planned(balancerRules, m.hours(), "the load balancer that nodes go out by")
		addresses := 1.0
		if count, said := m.number(m.Body, "properties.networkProfile.loadBalancerProfile.managedOutboundIPs.count"); said {
			addresses = count
		}
		m.planned(publicAddress, addresses*m.hours(), fmt.Sprintf("%s address that nodes go out by", figure(addresses)))
		m.used(balancerData, "processedGB", 1, 0)
	}
	if count, said := m.assumed("publicAddresses"); said {
		m.quantities = append(m.quantities, quantity{meter: publicAddress, amount: count * m.hours(), assumed: true,
			why: fmt.Sprintf("%s addresses of services", figure(count))})
	}
}

// pool is some machines of one size with their disks. Where it scales by itself the policy says how many there are on average,
// within what is planned: else more at least would cost nothing more.
func pool(m *metering, settings any) {
	name, size := m.text(settings, "name"), m.text(settings, "vmSize")
	count, counted := m.number(settings, "count")
	why, usage := "nodes", "nodes"
	if name != "" {
		why, usage = "nodes of pool "+name, "nodes."+name
	}
	average, assumed := m.assumed(usage)
	least, most := m.scale(settings, count)
	if assumed {
		count, counted = min(max(average, least), most), true
	}
	why = figure(count) + " " + why
	if most > least {
		why += fmt.Sprintf(", from %s to %s by itself", figure(least), figure(most))
	}
	if size == "" || !counted {
		m.unknown("Virtual Machines", "the plan does not say vmSize and count of pool "+name)
		return
	}
	hours := m.hours()
	m.quantities = append(m.quantities, quantity{
		meter: prices.Meter{Service: "Virtual Machines", ArmSKU: size, Unit: "1 Hour"}, amount: count * hours, why: why, assumed: assumed,
	})
	m.osDisk(settings, size, count, assumed)
}

// scale is the least and the most nodes of a pool.
func (m *metering) scale(settings any, count float64) (least, most float64) {
	if scales, _ := m.at(settings, "enableAutoScaling").(bool); !scales {
		return count, count
	}
	least, _ = m.number(settings, "minCount")
	most, _ = m.number(settings, "maxCount")
	return least, max(least, most)
}

// osDisk is the disk of each node of a pool: part of the machine where it is ephemeral, else one of Premium SSD.
func (m *metering) osDisk(settings any, size string, count float64, assumed bool) {
	if m.text(settings, "osDiskType") == "Ephemeral" {
		return
	}
	gigabytes, said := m.number(settings, "osDiskSizeGB")
	if !said || gigabytes == 0 {
		gigabytes = defaultDisk(size)
	}
	if gigabytes == 0 {
		m.unknown("Storage, disks of nodes", fmt.Sprintf("the size of the disk does not follow from %q: say osDiskSizeGB", size))
		return
	}
	meter, known := premium(gigabytes)
	if !known {
		m.unknown("Storage, disks of nodes", fmt.Sprintf("there is no disk of %s GB", figure(gigabytes)))
		return
	}
	m.quantities = append(m.quantities, quantity{meter: meter, amount: count, assumed: assumed,
		why: fmt.Sprintf("a disk of %s GB for each of %s nodes", figure(gigabytes), figure(count))})
}

// cores matches the number of cores in the name of a size: Standard_D4ds_v5 has four.
var cores = regexp.MustCompile(`^Standard_[A-Z]+(\d+)`)

// defaultDisk is the size in gigabytes of the disk that AKS gives a machine where nobody says one, 0 where the size's name
// does not tell (https://learn.microsoft.com/azure/aks/concepts-storage#default-os-disk-sizing).
func defaultDisk(size string) float64 {
	found := cores.FindStringSubmatch(size)
	if found == nil {
		return 0
	}
	count, err := strconv.Atoi(found[1])
	switch {
	case err != nil:
		return 0
	case count < 8:
		return 128
	case count < 16:
		return 256
	case count < 64:
		return 512
	}
	return 1024
}

// premiumSizes are the sizes of Premium SSD: a disk is paid by the next larger one
// (https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-size).
var premiumSizes = []struct {
	gigabytes float64
	name      string
}{
	{4, "P1"}, {8, "P2"}, {16, "P3"}, {32, "P4"}, {64, "P6"}, {128, "P10"}, {256, "P15"}, {512, "P20"},
	{1024, "P30"}, {2048, "P40"}, {4096, "P50"}, {8192, "P60"}, {16384, "P70"}, {32767, "P80"},
}

func premium(gigabytes float64) (prices.Meter, bool) {
	for _, size := range premiumSizes {
		if gigabytes <= size.gigabytes {
			return prices.Meter{Service: "Storage", Product: "Premium SSD Managed Disks", SKU: size.name + " LRS",
				Name: size.name + " LRS Disk", Unit: "1/Month"}, true
		}
	}
	return prices.Meter{}, false
}

func disk(m *metering) {
	sku, known := m.sku("sku.name", "Storage, a disk")
	if !known {
		return
	}
	gigabytes, said := m.number(m.Body, "properties.diskSizeGB")
	meter, fits := premium(gigabytes)
	if strings.ToLower(sku) != "premium_lrs" || !said || !fits {
		m.unknown("Storage, a disk", fmt.Sprintf("%s of %s GB has prices that this does not know", sku, figure(gigabytes)))
		return
	}
	m.planned(meter, 1, figure(gigabytes)+" GB")
}
