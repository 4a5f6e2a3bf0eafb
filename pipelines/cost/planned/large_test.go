package planned

import (
	"flag"
	"io"
	"os"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/cost"
	"github.com/esteira/esteira/pipelines/cost/policy"
	"github.com/esteira/esteira/pipelines/cost/prices"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan"
	"github.com/esteira/esteira/pipelines/tfplan/arm"
)

var large = flag.String("plan", "", "`file` of a large plan, in its JSON form")

// BenchmarkLargePlan summarises a plan, turns it into an ARM template and prices it, reading included, as `make bench` measures it in a process of its own.
func BenchmarkLargePlan(b *testing.B) {
	if *large == "" {
		b.Skip("name a plan by -plan")
	}
	text, err := os.ReadFile("../testdata/westeurope.json")
	if err != nil {
		b.Fatal(err)
	}
	book, err := prices.Read("prices/westeurope.json", text)
	if err != nil {
		b.Fatal(err)
	}
	pricing := cost.Pricing{Books: map[string]*prices.Book{"westeurope": book}}
	for b.Loop() {
		resources, said := work(b, pricing)
		if said.Judged != resources || said.Undecided != "" || len(said.Facts) < 20 {
			b.Fatalf("judged %d of %d: %s", said.Judged, resources, said.Undecided)
		}
	}
}

// work is what is done with each plan.
func work(b *testing.B, pricing cost.Pricing) (resources int, said acceptance.Said) {
	file, err := os.Open(*large)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	plan, err := tfplan.Read(file)
	if err != nil {
		b.Fatal(err)
	}
	counts, changes := tfplan.Summary(plan)
	template, err := arm.Convert(plan)
	if err != nil || len(template.Resources) != len(changes) {
		b.Fatalf("%d of %d are in the template, %v", len(template.Resources), len(changes), err)
	}
	if err := template.Write(io.Discard); err != nil {
		b.Fatal(err)
	}
	environment, err := pricing.Environment("large", Changes(plan), false)
	if err != nil {
		b.Fatal(err)
	}
	day := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	estimate := cost.Estimate{Currency: "USD", Books: []cost.Book{{Oldest: day, Newest: day}}, Environments: []cost.Environment{environment}}
	if counts[tfplan.Created] != len(changes) {
		b.Fatalf("%d of %d are created", counts[tfplan.Created], len(changes))
	}
	return len(changes), cost.Judge(estimate, policy.Policy{Currency: "USD"}, func(string) finding.Location { return finding.Location{} }, day)
}
