package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Experiment judges a running A/B experiment of two models.
type Experiment struct {
	// +private
	Esteira *Esteira
}

// Experiment judges a running A/B experiment of two models by a test that may be looked at every day.
func (e *Esteira) Experiment() *Experiment { return &Experiment{Esteira: e} }

// Judge says what an experiment's counts prove: the challenger is better (green), it is worse or the traffic did not
// split as configured (red), or nothing yet (undecided). Its files hold verdict.json.
// +cache="session"
func (x *Experiment) Judge(ctx context.Context,
	// What was counted of each variant, as JSON (docs/experiments.md)
	counts *dagger.File,
	// The policy, as YAML or JSON, where it is not the default one
	// +optional
	policy *dagger.File,
) (*Result, error) {
	files, err := texts(ctx, input{"counts", counts}, input{"policy", policy})
	if err != nil {
		return nil, err
	}
	return x.Esteira.verdict(ctx, "experiment", files)
}
