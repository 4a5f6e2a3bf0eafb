package dora

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/esteira/esteira/pipelines/delivery/policy"
	"github.com/esteira/esteira/pipelines/report"
)

// ReadDeployments reads GitHub's deployments, strictly: a list of {environment, sha, state, created, updated}.
func ReadDeployments(reader io.Reader) ([]Deployment, error) {
	decoder := json.NewDecoder(reader)
	decoder.DisallowUnknownFields()
	var all []Deployment
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("deployments: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("deployments: something follows the list")
	}
	for i, d := range all {
		if d.Environment == "" || d.SHA == "" || d.Created.IsZero() || d.Updated.Before(d.Created) {
			return nil, fmt.Errorf("deployments[%d]: want environment, sha, created, and updated not before that", i)
		}
	}
	return all, nil
}

// Text writes the report for a person at a terminal.
func (r Report) Text(w io.Writer) error {
	fmt.Fprintf(w, "DORA, %s to %s\n\n", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "environment\tteam\tdeployments\ta day\tlead time, p50 / p90\tfailed\trestored, p50 / p90\trework")
	for _, row := range r.Rows {
		fmt.Fprintln(table, strings.Join(row.cells(), "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var text strings.Builder
	for _, missing := range r.AllMissing() {
		fmt.Fprintf(&text, "\nmissing: %s", report.Plain(missing))
	}
	text.WriteString("\n\n" + strings.Join(r.Definitions, "\n") + "\n")
	_, err := io.WriteString(w, text.String())
	return err
}

func (r Row) cells() []string {
	cells := []string{report.Plain(r.Environment), report.Plain(cmp.Or(r.Team, "all")), "?", "?", r.Lead.String(), r.Failed.String(), r.Restored.String(), r.Rework.String()}
	if r.PerDay != nil {
		cells[2], cells[3] = fmt.Sprint(*r.Deployments), fmt.Sprintf("%.2f", *r.PerDay)
	}
	if r.Open > 0 {
		cells[6] += fmt.Sprintf(" (%d open)", r.Open)
	}
	return cells
}

// String is both times, or a question mark where there is none.
func (t *Times) String() string {
	if t == nil {
		return "?"
	}
	return took(t.P50) + " / " + took(t.P90)
}

func took(seconds float64) string {
	return report.Took(time.Duration(seconds * float64(time.Second)))
}

// String is the ratio and what it is in percent, or a question mark where there is none.
func (r *Ratio) String() string {
	if r == nil {
		return "?"
	}
	return fmt.Sprintf("%d of %d, %.1f %%", r.Part, r.Whole, 100*r.Value())
}

// AllMissing says for every metric that has no number what is missing: a line for each reason, with all that miss it.
func (r Report) AllMissing() []string {
	all := slices.Clone(r.Missing)
	type reason struct{ environment, why string }
	var reasons []reason
	metrics, teams := map[reason][]string{}, map[reason][]string{}
	for _, row := range r.Rows {
		for _, metric := range Metrics {
			why, missing := row.Missing[metric]
			if !missing {
				continue
			}
			key := reason{row.Environment, why}
			if metrics[key] == nil {
				reasons = append(reasons, key)
			}
			metrics[key] = append(metrics[key], metric)
			teams[key] = append(teams[key], cmp.Or(row.Team, "all"))
		}
	}
	for _, r := range reasons {
		all = append(all, fmt.Sprintf("%s: %s (%s): %s", r.environment, strings.Join(once(metrics[r]), ", "), strings.Join(once(teams[r]), ", "), r.why))
	}
	return all
}

// once are the texts without repetitions, in their order.
func once(texts []string) (kept []string) {
	for _, text := range texts {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}

// Goal is what is asked of a metric, and whether it is so.
type Goal struct {
	Name string `json:"name"`
	Met  bool   `json:"met"`
	Says string `json:"says"`
}

// Goals compares an environment as a whole with what is asked. What cannot be told is not met.
func (r Report) Goals(environment string, asked policy.Targets) (goals []Goal) {
	i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Environment == environment && row.Team == "" })
	row := Row{}
	if i >= 0 {
		row = r.Rows[i]
	}
	if asked.DeploymentsPerDay > 0 {
		goal := Goal{Name: Frequency, Says: fmt.Sprintf("nobody can tell, and at least %v a day are asked", asked.DeploymentsPerDay)}
		if row.PerDay != nil {
			goal.Met = *row.PerDay >= asked.DeploymentsPerDay
			goal.Says = fmt.Sprintf("%.2f a day, and at least %v are asked", *row.PerDay, asked.DeploymentsPerDay)
		}
		goals = append(goals, goal)
	}
	if asked.FailedPercent > 0 {
		goal := Goal{Name: Failure, Says: fmt.Sprintf("nobody can tell, and less than %v %% is asked", asked.FailedPercent)}
		if row.Failed != nil {
			goal.Met = 100*row.Failed.Value() < asked.FailedPercent
			goal.Says = fmt.Sprintf("%s, and less than %v %% is asked", row.Failed, asked.FailedPercent)
		}
		goals = append(goals, goal)
	}
	return goals
}
