package cost

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/esteira/esteira/pipelines/report"
)

// shownResources is how many resources of an environment a report shows: all are in the estimate.
const shownResources = 20

func (j *judge) money(amount float64) string {
	return fmt.Sprintf("%.2f %s", amount, j.estimate.Currency)
}

// figure is a number without zeros that say nothing.
func figure(value float64) string {
	return strconv.FormatFloat(cents(value), 'f', -1, 64)
}

// compared is what it was and is, and by how much that differs.
func (j *judge) compared(before, after float64) string {
	text := fmt.Sprintf("%.2f → %s a month: %+.2f", before, j.money(after), cents(after-before))
	if before > 0 {
		text += fmt.Sprintf(", %+.1f %%", (after-before)/before*100)
	}
	return text
}

// show tells what was found, whether or not it is against the policy.
func (j *judge) show() {
	total := 0.0
	for _, environment := range j.estimate.Environments {
		total += environment.After
	}
	if len(j.estimate.Environments) > 0 {
		j.fact("all environments", j.money(total)+" a month, and what is unpriced")
	}
	for _, environment := range j.estimate.Environments {
		j.showEnvironment(environment)
	}
	for _, book := range j.estimate.Books {
		j.fact("prices", fmt.Sprintf("%s: %d prices of %s, the oldest of %s", book.File, book.Prices, book.Region, book.Oldest.Format("2006-01-02")))
	}
	if len(j.estimate.BookChanges) > 0 {
		j.said.Changes = append(j.said.Changes, report.Change{
			Title: "prices: before and after are both priced by this change's", Lines: j.estimate.BookChanges,
		})
	}
}

func (j *judge) fact(name, value string) {
	j.said.Facts = append(j.said.Facts, report.Fact{Name: name, Value: value})
}

func (j *judge) showEnvironment(e Environment) {
	if e.Failed != "" {
		return
	}
	value := j.money(e.After) + " a month"
	if e.Compared {
		value = j.compared(e.Before, e.After)
	}
	if budget := j.policy.Environments[e.Path].Budget; budget > 0 {
		value += fmt.Sprintf("; %.0f %% of its budget of %s", e.After/budget*100, j.money(budget))
	}
	j.fact(e.Path, value)
	shown := 0
	for _, cost := range e.Resources {
		if len(cost.After) == 0 {
			continue
		}
		if shown++; shown > shownResources {
			continue
		}
		j.fact(e.Path+": "+cost.Address, fmt.Sprintf("%s: %s", j.money(Monthly(cost.After)), strings.Join(told(cost.After), "; ")))
	}
	if shown > shownResources {
		j.fact(e.Path, fmt.Sprintf("%d resources more, each cheaper, are in cost.json", shown-shownResources))
	}
	if len(e.Free) > 0 {
		j.fact(e.Path+": free", strings.Join(freeOf(e.Free), "; "))
	}
	if e.Compared {
		j.showChange(e)
	}
}

// told are lines in words; those that are unpriced say so.
func told(lines []Line) []string {
	var texts []string
	for _, line := range lines {
		switch {
		case line.Unpriced != "":
			texts = append(texts, fmt.Sprintf("%s: unpriced, %s", line.Meter, line.Unpriced))
		case line.Assumed:
			texts = append(texts, fmt.Sprintf("%.2f for %s × %s at %s each of %s (assumed: %s)", line.Monthly, figure(line.Amount), line.Unit, line.Price, line.Meter, line.Why))
		default:
			texts = append(texts, fmt.Sprintf("%.2f for %s × %s at %s each of %s (%s)", line.Monthly, figure(line.Amount), line.Unit, line.Price, line.Meter, line.Why))
		}
	}
	return texts
}

func freeOf(counts map[string]int) []string {
	var texts []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		texts = append(texts, fmt.Sprintf("%d %s (%s)", counts[kind], kind, free[kind]))
	}
	return texts
}

// showChange is the difference by resource. What is unpriced on one side only is shown, too.
func (j *judge) showChange(e Environment) {
	change := report.Change{Title: e.Path + ": " + j.compared(e.Before, e.After)}
	for _, cost := range e.Resources {
		before, after := told(cost.Before), told(cost.After)
		if slices.Equal(before, after) {
			continue
		}
		change.Lines = append(change.Lines, fmt.Sprintf("%s: %s", cost.Address, j.compared(Monthly(cost.Before), Monthly(cost.After))))
		for _, line := range before {
			if !slices.Contains(after, line) {
				change.Lines = append(change.Lines, "  − "+line)
			}
		}
		for _, line := range after {
			if !slices.Contains(before, line) {
				change.Lines = append(change.Lines, "  + "+line)
			}
		}
	}
	if len(change.Lines) > 0 {
		j.said.Changes = append(j.said.Changes, change)
	}
}
