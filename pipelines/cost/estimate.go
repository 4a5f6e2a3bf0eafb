package cost

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/cost/policy"
	"github.com/esteira/esteira/pipelines/cost/prices"
	"github.com/esteira/esteira/pipelines/finding"
)

// Estimate is what environments cost in a month, before and after a change.
type Estimate struct {
	Currency     string        `json:"currency"`
	Books        []Book        `json:"books"`
	Environments []Environment `json:"environments"`
	// Faults are what of the price books cannot be meant. There are no environments then.
	Faults []finding.Finding `json:"faults,omitempty"`
	// BookChanges are the prices that differ from those of the base.
	BookChanges []string `json:"bookChanges,omitempty"`
}

// Book is which prices an estimate was made by.
type Book struct {
	File   string `json:"file"`
	Region string `json:"region"`
	// Oldest and Newest are the days of its prices.
	Oldest time.Time `json:"oldest"`
	Newest time.Time `json:"newest"`
	Prices int       `json:"prices"`
	// Estimated are those of the prices that nobody fetched.
	Estimated int `json:"estimated"`
}

// BookOf is what is to be known of a price book.
func BookOf(book *prices.Book) Book {
	oldest, newest := book.Days()
	return Book{File: book.File, Region: book.Region, Oldest: oldest, Newest: newest, Prices: len(book.Items), Estimated: book.Estimated()}
}

// Environment is what one root module costs.
type Environment struct {
	// Path is the folder of the root module.
	Path   string  `json:"path"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	// Failed says why there is no plan, and with that nothing else.
	Failed string `json:"failed,omitempty"`
	// Compared says that Before is known.
	Compared bool `json:"compared"`
	// Resources are those that cost something or could, the dearest first.
	Resources []Cost `json:"resources"`
	// Free counts the resources that cost nothing by themselves, by their types.
	Free map[string]int `json:"free,omitempty"`
	// Unused are usages of the policy that nothing is metered by, as ADDRESS.NAME.
	Unused []string `json:"unused,omitempty"`
}

// Cost is what one resource costs, by meter.
type Cost struct {
	Address string `json:"address"`
	Type    string `json:"type"`
	// Location is where in the sources it comes from, as far as that is known.
	Location finding.Location `json:"location"`
	Before   []Line           `json:"before,omitempty"`
	After    []Line           `json:"after,omitempty"`
}

// Monthly is what lines come to; what is unpriced is not in it.
func Monthly(lines []Line) float64 {
	total := 0.0
	for _, line := range lines {
		total += line.Monthly
	}
	return total
}

// Change is what an environment's resource was, is or both.
type Change struct{ Before, After *Resource }

// Pricing prices resources by books, each for its region.
type Pricing struct {
	Books  map[string]*prices.Book
	Policy policy.Policy
}

// Environment is what the resources of one root module cost. Compared says that what was before is known.
func (p Pricing) Environment(path string, changes []Change, compared bool) (Environment, error) {
	environment := Environment{Path: path, Compared: compared, Free: map[string]int{}, Resources: []Cost{}}
	usage := p.Policy.Environments[path].Usage
	unused := names(usage)
	for _, change := range changes {
		resource := cmp.Or(change.After, change.Before)
		if change.After != nil && change.After.isFree() {
			environment.Free[change.After.Type]++
		}
		if change.Before.isFree() && change.After.isFree() {
			continue
		}
		cost := Cost{Address: resource.Address, Type: cmp.Or(resource.Type, resource.Kind)}
		for _, side := range []struct {
			resource *Resource
			lines    *[]Line
		}{{change.Before, &cost.Before}, {change.After, &cost.After}} {
			if side.resource.isFree() {
				continue
			}
			lines, used, err := p.lines(*side.resource, usage[resource.Address])
			if err != nil {
				return Environment{}, err
			}
			*side.lines = lines
			for _, name := range used {
				delete(unused, resource.Address+"."+name)
			}
		}
		environment.Before += Monthly(cost.Before)
		environment.After += Monthly(cost.After)
		environment.Resources = append(environment.Resources, cost)
	}
	environment.Unused = slices.Sorted(maps.Keys(unused))
	slices.SortStableFunc(environment.Resources, func(a, b Cost) int {
		return cmp.Or(cmp.Compare(Monthly(b.After), Monthly(a.After)), cmp.Compare(a.Address, b.Address))
	})
	return environment, nil
}

// isFree says that there is nothing to pay for: no resource, or one that costs nothing by itself.
func (r *Resource) isFree() bool { return r == nil || free[r.Type] != "" }

// names are all usages that a policy says, as ADDRESS.NAME.
func names(usage map[string]policy.Usage) map[string]bool {
	all := map[string]bool{}
	for address, amounts := range usage {
		for name := range amounts {
			all[address+"."+name] = true
		}
	}
	return all
}

// lines are what a resource costs by its meters, and the names of the usages that it has.
func (p Pricing) lines(resource Resource, usage policy.Usage) (lines []Line, used []string, err error) {
	meter := metered[resource.Type]
	switch {
	case meter == nil:
		return []Line{{Meter: cmp.Or(resource.Type, resource.Kind), Unpriced: "nothing is known of how it is paid for"}}, nil, nil
	case resource.Body == nil:
		return []Line{{Meter: resource.Type, Unpriced: "the plan does not know its body"}}, nil, nil
	}
	m := &metering{Resource: resource, usage: usage}
	meter(m)
	for _, path := range m.unread {
		m.unknown(resource.Type, "the plan does not know "+path)
	}
	for _, quantity := range m.quantities {
		line, err := p.price(resource, quantity)
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, line)
	}
	return lines, m.known, nil
}

// mostUnits is more than anybody uses of anything in a month.
const mostUnits = 1e15

func (p Pricing) price(resource Resource, q quantity) (Line, error) {
	line := Line{Meter: q.meter.String(), Amount: q.amount, Unit: q.meter.Unit, Why: q.why, Assumed: q.assumed, Unpriced: q.unknown}
	if q.unknown != "" {
		return line, nil
	}
	if q.amount < 0 || q.amount > mostUnits {
		line.Unpriced = fmt.Sprintf("its amount is %s: %s", figure(q.amount), q.why)
		return line, nil
	}
	book := p.Books[resource.region()]
	if book == nil {
		line.Unpriced = fmt.Sprintf("there is no price book for its location, %q", resource.Location)
		return line, nil
	}
	price, found, err := book.Find(q.meter)
	if err != nil {
		return line, err
	}
	if !found {
		line.Unpriced = fmt.Sprintf("%s has no price of %s by %q", book.File, q.meter, q.meter.Unit)
		return line, nil
	}
	line.Price, line.Monthly = price.String(), price.Of(q.amount)
	return line, nil
}

// Write writes it as JSON.
func (e Estimate) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(e)
}
