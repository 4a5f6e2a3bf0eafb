// Package dora measures software delivery as DORA defines it (https://dora.dev/guides/dora-metrics/; the rework rate since the
// report of 2024): from release sets, the commits between them, and GitHub's deployments. Where the history for a metric is not
// there it says what is missing, and gives no number.
package dora

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
)

// Definitions say what each metric is, and how it is taken from what is there.
var Definitions = []string{
	"deployments: release sets that brought something new to the environment in the window; a rollback is none",
	"lead time: from a commit in a component's folder to the deployment that first brought it, by the sources of its images and models",
	"failed: deployments that asked for intervention: a rollback took them back, or GitHub's deployment ended as failure or error",
	"restored: from a failed deployment to the one that took it back or came after it and was good",
	"rework: unplanned deployments, of all with the rollbacks: rollbacks, emergencies, and what came after a failure without one",
	"p50 and p90: nearest rank, the least value that half and nine tenths of all do not exceed",
}

// Input is what is measured.
type Input struct {
	// Histories are the release sets by environment, oldest first, as release.History reads them.
	Histories map[string][]release.Entry
	// Deployments are GitHub's; none where nobody asked for them.
	Deployments []Deployment
	Components  []config.Component
	// From and To are the window: a deployment at From is in it, one at To is not.
	From, To time.Time
	// Changes are the commits between two that changed a folder; git.Repository has them.
	Changes func(ctx context.Context, from, to, path string) ([]git.Commit, error)
}

// Deployment is one of GitHub's, with its last status.
type Deployment struct {
	// Environment is the overlay that it changed.
	Environment string    `json:"environment"`
	SHA         string    `json:"sha"`
	State       string    `json:"state"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
}

// Report is what was measured.
type Report struct {
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Rows        []Row     `json:"rows"`
	Definitions []string  `json:"definitions"`
	// Missing says what would have to be there.
	Missing []string `json:"missing,omitempty"`
}

// Row is what was measured of an environment and a team. A metric that cannot be told is nil, and Missing says why.
type Row struct {
	Environment string `json:"environment"`
	// Team is empty in the row of all.
	Team        string `json:"team,omitempty"`
	Deployments *int   `json:"deployments"`
	// PerDay is the deployment frequency.
	PerDay *float64 `json:"deploymentsPerDay"`
	Lead   *Times   `json:"leadTime"`
	Failed *Ratio   `json:"changeFailureRate"`
	// Restored is the failed deployment recovery time; Open counts the failures that nothing took back yet.
	Restored *Times `json:"failedDeploymentRecoveryTime"`
	Open     int    `json:"openFailures"`
	Rework   *Ratio `json:"reworkRate"`
	// Missing says of each metric that is nil why.
	Missing map[string]string `json:"missing,omitempty"`
}

// The metrics, as Missing names them.
const (
	Frequency = "deployment frequency"
	LeadTime  = "lead time"
	Failure   = "change failure rate"
	Recovery  = "time to restore"
	Rework    = "rework rate"
)

// Metrics are all of them.
var Metrics = []string{Frequency, LeadTime, Failure, Recovery, Rework}

// Times are how long several things took, in seconds.
type Times struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50Seconds"`
	P90   float64 `json:"p90Seconds"`
}

// Ratio is a part of a whole.
type Ratio struct {
	Part  int `json:"part"`
	Whole int `json:"whole"`
}

// Value is the ratio as a number from 0 to 1.
func (r Ratio) Value() float64 { return float64(r.Part) / float64(r.Whole) }

func times(seconds []float64) *Times {
	slices.Sort(seconds)
	return &Times{
		len(seconds), stat.Quantile(0.5, stat.Empirical, seconds, nil), stat.Quantile(0.9, stat.Empirical, seconds, nil),
	}
}

// Measure measures every environment, as a whole and by team.
func Measure(ctx context.Context, in Input) (Report, error) {
	r := Report{From: in.From, To: in.To, Definitions: Definitions, Rows: []Row{}}
	if !in.From.Before(in.To) {
		return r, fmt.Errorf("the window is from %s to %s: it has to be longer than nothing", in.From.Format(time.RFC3339), in.To.Format(time.RFC3339))
	}
	if len(in.Histories) == 0 {
		r.Missing = append(r.Missing, "no environment has a release.yaml: a promotion writes the first one")
	}
	if len(in.Deployments) == 0 {
		r.Missing = append(r.Missing, "no deployments of GitHub's were given: a deployment is dated by its commit and not by the end of its rollout, and failures are those that were rolled back")
	}
	owners := newOwners(in.Components)
	for _, environment := range sorted(in.Histories) {
		if cut(in.Histories[environment]) {
			r.Missing = append(r.Missing, fmt.Sprintf("%s: the history begins with set %d: fetch what came before, a shallow clone has few commits", environment, in.Histories[environment][0].Set.Sequence))
		}
		for _, team := range append([]string{""}, owners.teams()...) {
			row, err := in.measure(ctx, owners, environment, team)
			if err != nil {
				return r, err
			}
			r.Rows = append(r.Rows, row)
		}
	}
	return r, nil
}

// measure is one row.
func (in Input) measure(ctx context.Context, owners owners, environment, team string) (Row, error) {
	row := Row{Environment: environment, Team: team, Missing: map[string]string{}}
	moves := moves(in.Histories[environment], in.outcomes(environment), func(c change) bool {
		return team == "" || owners.team(c) == team
	})
	if !slices.ContainsFunc(in.Histories[environment], func(e release.Entry) bool { return e.Set.Sequence > 0 }) {
		for _, metric := range Metrics {
			row.Missing[metric] = "nothing was ever promoted to " + environment
		}
		return row, nil
	}
	judge(moves)
	within := func(m move) bool { return !m.at.Before(in.From) && m.at.Before(in.To) }
	row.count(moves, within, in.To.Sub(in.From))
	lead, why, err := in.leads(ctx, owners, moves, within)
	if err != nil {
		return row, err
	}
	if len(lead) > 0 && why == "" {
		row.Lead = times(lead)
	} else if why == "" {
		row.Missing[LeadTime] = "no deployment in the window brought a commit"
	} else {
		row.Missing[LeadTime] = why
	}
	return row, nil
}

// count fills in what is counted of moves.
func (row *Row) count(moves []move, within func(move) bool, window time.Duration) {
	var deployed, failed, unplanned, all int
	var restored []float64
	for _, m := range moves {
		if !within(m) {
			continue
		}
		all++
		if m.unplanned() {
			unplanned++
		}
		if m.rollback {
			continue
		}
		deployed++
		if m.failed {
			failed++
			if m.restored.IsZero() {
				row.Open++
				continue
			}
			restored = append(restored, m.restored.Sub(m.at).Seconds())
		}
	}
	perDay := float64(deployed) / (window.Hours() / 24)
	row.Deployments, row.PerDay = &deployed, &perDay
	const none = "no deployment in the window"
	if deployed > 0 {
		row.Failed = &Ratio{failed, deployed}
	} else {
		row.Missing[Failure] = none
	}
	if all > 0 {
		row.Rework = &Ratio{unplanned, all}
	} else {
		row.Missing[Rework] = none
	}
	switch {
	case len(restored) > 0:
		row.Restored = times(restored)
	case row.Open > 0:
		row.Missing[Recovery] = fmt.Sprintf("%d failed, and nothing has restored it yet", row.Open)
	default:
		row.Missing[Recovery] = "no deployment in the window failed"
	}
}
