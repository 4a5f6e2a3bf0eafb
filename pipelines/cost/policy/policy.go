// Package policy holds what infrastructure may cost and how much of it is taken to be used, and refuses what cannot be meant.
//
// It needs nothing but the standard library, so that whoever only reads a policy does not have to compile the pricing.
package policy

import (
	"fmt"
	"io/fs"
	"maps"
	"math"
	"regexp"
	"slices"

	"github.com/esteira/esteira/pipelines/config/section"
)

// What is asked where a policy does not say, in days.
const (
	DefaultWarnAfter = 30
	DefaultRedAfter  = 90
)

// Policy says what the environments of a Terraform folder may cost in a month.
type Policy struct {
	// Currency is that of budgets, limits and price books, by ISO 4217.
	Currency string `json:"currency"`
	// Prices says how old a price may be.
	Prices Prices `json:"prices,omitzero"`
	// Increase limits what one change may add; nil where nothing is limited.
	Increase *Increase `json:"increase,omitempty"`
	// Environments are by the folders of their root modules, from the Terraform folder, such as environments/prod.
	Environments map[string]Environment `json:"environments,omitempty"`
}

// Prices says after how many days a price is old.
type Prices struct {
	// WarnAfter is when it is said; 0 means 30.
	WarnAfter int `json:"warnAfter,omitempty"`
	// RedAfter is when nothing is judged by it any more; 0 means 90.
	RedAfter int `json:"redAfter,omitempty"`
}

// Increase is the most that one change may add to what all environments cost. What is 0 does not limit.
type Increase struct {
	Amount  float64 `json:"amount,omitempty"`
	Percent float64 `json:"percent,omitempty"`
}

// Environment is what one root module may cost, and how much of it is taken to be used.
type Environment struct {
	// Budget is the most in a month; 0 means that none is set.
	Budget float64 `json:"budget,omitempty"`
	// Usage is what no plan says, by address of the resource.
	Usage map[string]Usage `json:"usage,omitempty"`
}

// Usage is an amount in a month by what is counted, such as storedGB. Which names there are depends on the resource.
type Usage map[string]float64

// WithDefaults is the policy with everything said that it left out.
func (p Policy) WithDefaults() Policy {
	if p.Prices.WarnAfter == 0 {
		p.Prices.WarnAfter = DefaultWarnAfter
	}
	if p.Prices.RedAfter == 0 {
		p.Prices.RedAfter = DefaultRedAfter
	}
	return p
}

var (
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
	usage    = regexp.MustCompile(`^[a-z][A-Za-z]*(\.[a-z0-9]+)?$`)
)

// Check is a *section.FieldError for the first thing that cannot be meant.
func (p Policy) Check() error {
	if !currency.MatchString(p.Currency) {
		return section.Wrong("currency", fmt.Sprintf("%q", p.Currency), "is no currency: want three capitals, such as USD")
	}
	ages := p.WithDefaults().Prices
	switch {
	case p.Prices.WarnAfter < 0:
		return section.Wrong("prices.warnAfter", p.Prices.WarnAfter, "is negative: want days")
	case ages.RedAfter < ages.WarnAfter:
		return section.Wrong("prices.redAfter", ages.RedAfter, fmt.Sprintf("is less than warnAfter, %d: the warning comes first", ages.WarnAfter))
	}
	if p.Increase != nil {
		if err := amounts(map[string]float64{"increase.amount": p.Increase.Amount, "increase.percent": p.Increase.Percent}); err != nil {
			return err
		}
		if *p.Increase == (Increase{}) {
			return section.Wrong("increase", "it", "limits nothing: give it an amount or a percent, or leave it out")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Environments)) {
		if !fs.ValidPath(name) {
			return section.Wrong("environments."+name, fmt.Sprintf("%q", name), "is no folder below the Terraform folder: want one such as environments/prod")
		}
		if err := p.Environments[name].check("environments." + name); err != nil {
			return err
		}
	}
	return nil
}

func (e Environment) check(field string) error {
	all := map[string]float64{field + ".budget": e.Budget}
	for _, address := range slices.Sorted(maps.Keys(e.Usage)) {
		for name, amount := range e.Usage[address] {
			at := field + ".usage." + address + "." + name
			if !usage.MatchString(name) {
				return section.Wrong(at, fmt.Sprintf("%q", name), "is no name of a usage: want one such as storedGB")
			}
			all[at] = amount
		}
	}
	return amounts(all)
}

// amounts refuses what is not an amount.
func amounts(all map[string]float64) error {
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if value := all[field]; value < 0 || math.IsNaN(value) || math.IsInf(value, 0) {
			return section.Wrong(field, value, "is no amount: want 0 or more")
		}
	}
	return nil
}
