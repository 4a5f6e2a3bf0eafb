package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Policies has Gatekeeper's policies, which are among the manifests, judge all that is applied, by gator, and tries the
// policies' own cases (suites of test.gatekeeper.sh), each of which is a test of the report. A constraint without a
// template, and a policy that cannot be used, are findings. With --base, the base's policies judge too.
// +cache="session"
func (m *Manifests) Policies(ctx context.Context) (*Result, error) {
	return m.judge(ctx, "policies", (*Manifests).policies)
}

// PoliciesCheck is red unless the policies let everything in, and do what their cases say.
// +check
// +cache="never"
func (m *Manifests) PoliciesCheck(ctx context.Context) error { return checked(m.Policies(ctx)) }

func (m *Manifests) policies(ctx context.Context) (*dagger.Container, error) {
	bench, err := m.workbench(ctx, "gator")
	if err != nil {
		return nil, err
	}
	args := []string{"esteira", "manifest", "policies", "--source=" + manifestsPath, "--rendered=" + renderedPath, "--out=/out"}
	if m.Base != nil {
		before, err := m.before().rendered(ctx)
		if err != nil {
			return nil, err
		}
		bench = bench.WithMountedDirectory("/before", before)
		args = append(args, "--base=/before")
	}
	return bench.WithExec(args), nil
}
