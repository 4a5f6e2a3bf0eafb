// Package prices holds price books: what one unit of a meter costs in a region, on which day, and who says so. Their form
// is that of the Azure Retail Prices API (https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices),
// with the day and the source of each row beside it.
package prices

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Global is the region of meters that have the same price everywhere, such as those of load balancers.
const Global = "Global"

// Consumption is the only type of price that is used: neither reservations nor prices for tests.
const Consumption = "Consumption"

// Item is a row: what a unit of a meter costs from so many units a month on. The names are those of the API.
type Item struct {
	CurrencyCode string `json:"currencyCode"`
	// TierMinimumUnits is how many units a month have to be used before this price holds.
	TierMinimumUnits float64 `json:"tierMinimumUnits"`
	RetailPrice      float64 `json:"retailPrice"`
	UnitPrice        float64 `json:"unitPrice"`
	ArmRegionName    string  `json:"armRegionName"`
	Location         string  `json:"location,omitempty"`
	// EffectiveStartDate is since when the price holds; a price that nobody fetched has none.
	EffectiveStartDate string `json:"effectiveStartDate,omitempty"`
	MeterID            string `json:"meterId,omitempty"`
	MeterName          string `json:"meterName"`
	ProductName        string `json:"productName"`
	SKUName            string `json:"skuName"`
	ServiceName        string `json:"serviceName"`
	UnitOfMeasure      string `json:"unitOfMeasure"`
	Type               string `json:"type"`
	ArmSKUName         string `json:"armSkuName,omitempty"`
	// Date is the day on which the price was taken, YYYY-MM-DD, and Source from where. The API has neither.
	Date   string `json:"date"`
	Source string `json:"source"`
	// Estimated says that nobody fetched the price.
	Estimated bool `json:"estimated,omitempty"`

	// Line is that of the book's file.
	Line int `json:"-"`
}

// Meter names what is counted and paid for. A virtual machine's is known by its size alone, ArmSKU, because neither
// product nor meter follow from that; everything else by product, SKU and name.
type Meter struct {
	Service, Product, SKU, Name string
	ArmSKU                      string
	// Unit is what Amount counts, as the API writes it.
	Unit string
	// Global says that the price is the same in all regions.
	Global bool
}

// String is the meter as people find it on a bill.
func (m Meter) String() string {
	switch {
	case m.ArmSKU != "":
		return m.Service + " " + m.ArmSKU
	case m.Name == "":
		return m.Service
	}
	return m.Service + ", " + m.Name
}

// Book is the prices of one region.
type Book struct {
	// File is where it was read from.
	File     string
	Currency string
	Region   string
	Items    []Item

	tiers map[string][]Item
}

// key is what a meter's rows have in common.
func (m Meter) key() string {
	if m.ArmSKU != "" {
		return strings.Join([]string{m.Service, m.ArmSKU}, "|")
	}
	return strings.Join([]string{m.Service, m.Product, m.SKU, m.Name, region(m.Global)}, "|")
}

func region(global bool) string {
	if global {
		return Global
	}
	return ""
}

// linuxMachine says that the row is a size of virtual machines without a licence of Windows, neither spot nor low priority.
func (i Item) linuxMachine() bool {
	return i.ServiceName == "Virtual Machines" && !strings.Contains(i.ProductName, "Windows") &&
		!strings.HasSuffix(i.SKUName, " Spot") && !strings.HasSuffix(i.SKUName, " Low Priority")
}

func (i Item) key() string {
	if i.linuxMachine() {
		return Meter{Service: i.ServiceName, ArmSKU: i.ArmSKUName}.key()
	}
	return Meter{Service: i.ServiceName, Product: i.ProductName, SKU: i.SKUName, Name: i.MeterName, Global: i.ArmRegionName == Global}.key()
}

// index makes the rows findable, those of one meter by their tiers.
func (b *Book) index() {
	b.tiers = map[string][]Item{}
	for _, item := range b.Items {
		b.tiers[item.key()] = append(b.tiers[item.key()], item)
	}
	for _, tiers := range b.tiers {
		slices.SortFunc(tiers, func(a, b Item) int { return int(math.Copysign(1, a.TierMinimumUnits-b.TierMinimumUnits)) })
	}
}

// Price is a meter's price in a book.
type Price struct{ tiers []Item }

// Find is the price of a meter, and whether the book has one. A row that counts in another unit than the meter is an error.
func (b *Book) Find(meter Meter) (Price, bool, error) {
	tiers := b.tiers[meter.key()]
	for _, tier := range tiers {
		if tier.UnitOfMeasure != meter.Unit {
			return Price{}, false, &Error{b.File, tier.Line, fmt.Sprintf("%s is sold by %q: its amount is counted by %q", meter, tier.UnitOfMeasure, meter.Unit)}
		}
	}
	return Price{tiers}, len(tiers) > 0, nil
}

// Of is what an amount of units costs: each tier's units at that tier's price.
func (p Price) Of(units float64) float64 {
	total := 0.0
	for i, tier := range p.tiers {
		upTo := math.Inf(1)
		if i+1 < len(p.tiers) {
			upTo = p.tiers[i+1].TierMinimumUnits
		}
		total += max(0, min(units, upTo)-tier.TierMinimumUnits) * tier.RetailPrice
	}
	return total
}

// String is the price of a unit; of several tiers, each.
func (p Price) String() string {
	var tiers []string
	for i, tier := range p.tiers {
		text := fmt.Sprintf("%v", tier.RetailPrice)
		if i > 0 {
			text += fmt.Sprintf(" from %v on", tier.TierMinimumUnits)
		}
		tiers = append(tiers, text)
	}
	return strings.Join(tiers, ", ")
}

// Days are those of the oldest and the newest price.
func (b *Book) Days() (oldest, newest time.Time) {
	for _, item := range b.Items {
		// It was checked when it was read.
		day, _ := time.Parse(time.DateOnly, item.Date)
		if oldest.IsZero() || day.Before(oldest) {
			oldest = day
		}
		if day.After(newest) {
			newest = day
		}
	}
	return oldest, newest
}

// Estimated counts the prices that nobody fetched.
func (b *Book) Estimated() int {
	count := 0
	for _, item := range b.Items {
		if item.Estimated {
			count++
		}
	}
	return count
}

// Meters are the first rows of all meters, in the order of the book.
func (b *Book) Meters() (first []Item) {
	seen := map[string]bool{}
	for _, item := range b.Items {
		if !seen[item.key()] {
			seen[item.key()] = true
			first = append(first, item)
		}
	}
	return first
}

// Write writes the book as Read reads it.
func (b *Book) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		BillingCurrency string
		Region          string
		Items           []Item
	}{b.Currency, b.Region, b.Items})
}

// Changes are the prices that differ between two states of the same books, in words.
func Changes(before, after []*Book) []string {
	old, now := byRow(before), byRow(after)
	var changes []string
	for _, row := range slices.Sorted(maps.Keys(now)) {
		switch item, was := old[row]; {
		case !was:
			changes = append(changes, fmt.Sprintf("+ %s: %v", row, now[row].RetailPrice))
		case item.RetailPrice != now[row].RetailPrice:
			changes = append(changes, fmt.Sprintf("%s: %v → %v", row, item.RetailPrice, now[row].RetailPrice))
		}
	}
	for _, row := range slices.Sorted(maps.Keys(old)) {
		if _, is := now[row]; !is {
			changes = append(changes, fmt.Sprintf("− %s: %v", row, old[row].RetailPrice))
		}
	}
	return changes
}

func byRow(books []*Book) map[string]Item {
	rows := map[string]Item{}
	for _, book := range books {
		for _, item := range book.Items {
			rows[fmt.Sprintf("%s: %s, %s by %s from %v on", book.Region, item.ProductName, item.MeterName, item.UnitOfMeasure, item.TierMinimumUnits)] = item
		}
	}
	return rows
}
