package cost

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/cost/policy"
	"github.com/esteira/esteira/pipelines/finding"
)

// The rules, as acceptances name them.
const (
	RuleBudget      = "over-budget"
	RuleIncrease    = "increase"
	RuleUnpriced    = "unpriced"
	RulePriceBook   = "price-book"
	RuleUnusedUsage = "unused-usage"
	RuleEnvironment = "unknown-environment"
)

// Judge says what of an estimate is against a policy on a day. Place is where in the policy's file a field is.
func Judge(estimate Estimate, policy policy.Policy, place func(field string) finding.Location, today time.Time) acceptance.Said {
	j := judge{estimate: estimate, policy: policy.WithDefaults(), place: place, today: today}
	for _, fault := range estimate.Faults {
		j.said.Remarks = append(j.said.Remarks, acceptance.Remark{Finding: fault})
	}
	if len(estimate.Books) == 0 && len(estimate.Faults) == 0 {
		j.undecided("there is no price book: put one into prices/ of the Terraform folder, as docs/stages.md says")
	}
	j.books()
	for _, environment := range estimate.Environments {
		j.said.Judged += environment.resources()
		j.environment(environment)
	}
	j.increase()
	j.unknownEnvironments()
	j.show()
	return j.said
}

type judge struct {
	estimate Estimate
	policy   policy.Policy
	today    time.Time
	place    func(field string) finding.Location
	said     acceptance.Said
}

func (j *judge) remark(rule, object string, severity finding.Severity, location finding.Location, format string, values ...any) {
	j.said.Remarks = append(j.said.Remarks, acceptance.Remark{Object: object, Finding: finding.Finding{
		Tool: "esteira cost", Rule: rule, Severity: severity, Message: fmt.Sprintf(format, values...), Location: location,
	}})
}

// books says which prices are old, and which nobody fetched. By prices that are too old nothing is judged, whether or not
// they were before; a price of tomorrow would never become old.
func (j *judge) books() {
	const day = 24 * time.Hour
	for _, book := range j.estimate.Books {
		age := int(j.today.Sub(book.Oldest) / day)
		oldest := fmt.Sprintf("%s: its oldest price is of %s, %d days ago", book.File, book.Oldest.Format(time.DateOnly), age)
		switch {
		case book.Newest.After(j.today):
			j.undecided(fmt.Sprintf("%s: a price is of %s, which is not yet", book.File, book.Newest.Format(time.DateOnly)))
		case age > j.policy.Prices.RedAfter:
			j.undecided(fmt.Sprintf("%s, and %d days are the limit: refresh it by `dagger call terraform cost-refresh`", oldest, j.policy.Prices.RedAfter))
		case age > j.policy.Prices.WarnAfter:
			j.note("%s: from day %d on nothing is judged by it", oldest, j.policy.Prices.RedAfter+1)
		}
		if book.Estimated > 0 {
			j.note("%d of %d prices of %s were not fetched: they are what its rows say as their source. Refresh it before you rely on the figures",
				book.Estimated, book.Prices, book.File)
		}
	}
}

// undecided says why nothing can be decided; the first reason counts.
func (j *judge) undecided(reason string) {
	j.said.Undecided = cmp.Or(j.said.Undecided, reason)
}

func (j *judge) note(format string, values ...any) {
	j.said.Notes = append(j.said.Notes, fmt.Sprintf(format, values...))
}

func (j *judge) environment(e Environment) {
	if e.Failed != "" {
		j.undecided(fmt.Sprintf("%s has no plan that could be priced: %s", e.Path, e.Failed))
		return
	}
	wanted, named := j.policy.Environments[e.Path]
	if named && wanted.Budget > 0 {
		j.budget(e, wanted.Budget)
	} else {
		j.note("%s has no budget: give it one as cost.environments.%s.budget of esteira.yaml", e.Path, e.Path)
	}
	// It is said and not red: a usage comes before what it is of, because it is the base's that judges.
	for _, name := range e.Unused {
		j.remark(RuleUnusedUsage, e.Path+":"+name, finding.Info, j.place("environments."+e.Path+".usage."+name),
			"%s: nothing that is planned is paid for by %s: mend the name, or take it out", e.Path, name)
	}
}

// budget compares what is known with the budget, and says what is not: with that, nobody knows whether it is kept.
func (j *judge) budget(e Environment, budget float64) {
	at := j.place("environments." + e.Path + ".budget")
	if over := cents(e.After) - cents(budget); over > 0 {
		severity, what := finding.High, ""
		if e.Compared && cents(e.Before) >= cents(e.After) {
			severity, what = finding.Info, ", as it did before this change"
		}
		j.remark(RuleBudget, e.Path, severity, at, "%s costs %s a month, %s more than its budget of %s%s",
			e.Path, j.money(e.After), j.money(over), j.money(budget), what)
	}
	for _, cost := range e.Resources {
		for _, line := range cost.After {
			if line.Unpriced != "" {
				j.remark(RuleUnpriced, e.Path+":"+cost.Address, finding.Medium, cmp.Or(cost.Location, at),
					"%s: %s: %s has no price: %s. Nobody knows whether the budget is kept", e.Path, cost.Address, line.Meter, line.Unpriced)
			}
		}
	}
}

// total is what all environments cost that are compared.
func (e Estimate) total() (before, after float64, compared bool) {
	for _, environment := range e.Environments {
		if environment.Compared {
			before, after, compared = before+environment.Before, after+environment.After, true
		}
	}
	return before, after, compared
}

// increase compares what a change adds with the limits. Of nothing there is no percentage: then the amount alone counts.
func (j *judge) increase() {
	before, after, compared := j.estimate.total()
	limit := j.policy.Increase
	if limit == nil || !compared {
		return
	}
	added := cents(after - before)
	if limit.Amount > 0 && added > limit.Amount {
		j.remark(RuleIncrease, "amount", finding.High, j.place("increase.amount"), "this change adds %s a month (%s), and %s are the limit for one",
			j.money(added), j.compared(before, after), j.money(limit.Amount))
	}
	if limit.Percent > 0 && before > 0 && added/before*100 > limit.Percent {
		j.remark(RuleIncrease, "percent", finding.High, j.place("increase.percent"), "this change adds %.1f %% (%s), and %v %% are the limit for one",
			added/before*100, j.compared(before, after), limit.Percent)
	}
}

// unknownEnvironments are those of the policy that nobody planned: nobody would notice that they have no budget.
func (j *judge) unknownEnvironments() {
	if len(j.estimate.Environments) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(j.policy.Environments)) {
		if !slices.ContainsFunc(j.estimate.Environments, func(e Environment) bool { return e.Path == name }) {
			j.remark(RuleEnvironment, name, finding.Medium, j.place("environments."+name), "no root module lies in %s: mend the name, or take it out", name)
		}
	}
}

// cents is an amount as it is shown: what is equal on paper is equal.
func cents(amount float64) float64 { return math.Round(amount*100) / 100 }

// resources counts what was looked at.
func (e Environment) resources() int {
	count := len(e.Resources)
	for _, free := range e.Free {
		count += free
	}
	return count
}
