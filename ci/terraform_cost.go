package main

import (
	"context"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/report"
)

// Cost reports what the environments cost in a month, by resource and by meter, and what a change adds. A budget that is
// not kept, an increase beyond the limits, and what has no price where there is a budget, are red; so are price books that
// are damaged or too old. Its files have all of the estimate, as cost.json.
// +cache="session"
func (t *Terraform) Cost(ctx context.Context) (*Result, error) {
	estimate, err := t.estimate(ctx)
	if err != nil {
		return nil, err
	}
	return t.judge(ctx, "cost", costing, estimate)
}

// CostCheck is red unless every environment keeps its budget, and the change its limits.
// +check
// +cache="never"
func (t *Terraform) CostCheck(ctx context.Context) error { return checked(t.Cost(ctx)) }

func costing(t *Terraform, ctx context.Context) (*dagger.File, error) {
	estimate, err := t.estimate(ctx)
	if err != nil {
		return nil, err
	}
	return estimate.File("said.json"), nil
}

// estimate is the folder of cost.json and said.json. It is made anew each day: prices age.
func (t *Terraform) estimate(ctx context.Context) (*dagger.Directory, error) {
	planned, err := t.planned(ctx)
	if err != nil {
		return nil, err
	}
	bench, err := t.workbench(ctx)
	if err != nil {
		return nil, err
	}
	bench = bench.WithMountedDirectory(plannedPath, planned).WithMountedDirectory("/policy", t.Budgets)
	args := []string{"esteira", "terraform", "cost", "--planned=" + plannedPath, "--source=" + terraformPath, "--policy=/policy",
		"--today=" + today(), "--out=/out"}
	if t.Base != nil {
		bench = bench.WithMountedDirectory("/base", t.Base)
		args = append(args, "--base=/base")
	}
	return bench.WithExec(withTimeout(terraformLimit, args...)).Directory("/out"), nil
}

// unbudgeted is the stage of Report in a repository that does not say what anything may cost.
var unbudgeted = report.Stage{
	Name: "cost", Status: report.Skipped,
	Summary: policyFile + " has no section cost: nothing says what the environments may cost, docs/stages.md tells how to",
}

// budgeted says whether there is a section cost. It is not the change's own, so that no change takes it away from itself.
func (t *Terraform) budgeted(ctx context.Context) (bool, error) {
	names, err := t.Budgets.Glob(ctx, policyFile)
	if err != nil || len(names) == 0 {
		return false, err
	}
	text, err := t.Budgets.File(policyFile).Contents(ctx)
	if err != nil {
		return false, err
	}
	asked, err := config.Parse(policyFile, []byte(text))
	return asked.Cost != nil, err
}

// CostRefresh asks the Azure Retail Prices API for the prices of the folder's books: a folder to lay over its prices/. Each
// book is fetched as a whole, or it is an error.
// +cache="session"
func (t *Terraform) CostRefresh(ctx context.Context,
	// Where the API answers
	// +default="https://prices.azure.com/api/retail/prices"
	api string,
) (*dagger.Directory, error) {
	bench, err := t.workbench(ctx)
	if err != nil {
		return nil, err
	}
	const refresh = `cp -r "$1" /prices && for book in /prices/*.json; do esteira prices refresh --api="$2" --today="$3" "$book"; done`
	return bench.
		WithExec(withTimeout(terraformLimit, "sh", "-ec", refresh, "sh", terraformPath+"/prices", api, today())).
		Directory("/prices"), nil
}

// today is the day, in UTC.
func today() string { return time.Now().UTC().Format(time.DateOnly) }
