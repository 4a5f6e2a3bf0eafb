// Package cost estimates what planned infrastructure costs in a month, before and after a change, and decides whether it may.
//
// A resource's amounts follow from what is planned (machines, hours, disks) and from what a policy takes to be used
// (gigabytes, operations). What has no price, or no known amount, is unpriced: it is listed, and never counted as nothing.
package cost

import (
	"strings"

	"github.com/esteira/esteira/pipelines/cost/prices"
)

// HoursPerMonth is what Azure's pricing calculator takes for a month: 365 days of 24 hours, divided by 12.
const HoursPerMonth = 730.0

const daysPerMonth = HoursPerMonth / 24

// Resource is one of a plan or a state.
type Resource struct {
	Address string
	// Kind is the provider's type, such as azapi_resource.
	Kind string
	// Type is Azure's, without the version, such as Microsoft.KeyVault/vaults.
	Type     string
	Location string
	// Body is what is asked of Azure; nil where all of it is unknown.
	Body map[string]any
}

// region is the location as price books write it: Terraform takes West Europe, too.
func (r Resource) region() string {
	return strings.ToLower(strings.ReplaceAll(r.Location, " ", ""))
}

// Unknown stands in a body for what the plan does not know yet.
type Unknown struct{}

// Line is what a resource costs by one meter.
type Line struct {
	Meter  string  `json:"meter"`
	Amount float64 `json:"amount"`
	Unit   string  `json:"unit"`
	// Why says where the amount comes from, such as "3 nodes of pool user".
	Why string `json:"why"`
	// Assumed says that it comes from the policy and not from the plan.
	Assumed bool `json:"assumed,omitempty"`
	// Price is that of a unit, in words.
	Price   string  `json:"price,omitempty"`
	Monthly float64 `json:"monthly"`
	// Unpriced says why there is no price or no amount. Monthly is no number then.
	Unpriced string `json:"unpriced,omitempty"`
}

// quantity is what a resource uses of a meter in a month.
type quantity struct {
	meter   prices.Meter
	amount  float64
	why     string
	assumed bool
	// unknown says why there is no amount.
	unknown string
}
