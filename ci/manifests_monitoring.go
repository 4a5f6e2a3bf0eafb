package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Monitoring reports what watches the cluster in vain: rules, dashboards and canaries that ask for what nobody exposes or
// scrapes, alerts that no test has fire and not fire, or that name no runbook, and alerts that reach the wrong team. The
// applications themselves are asked what they expose; where neither they nor the model changed, nothing is started.
// +cache="session"
func (m *Manifests) Monitoring(ctx context.Context) (*Result, error) {
	return m.judge(ctx, "monitoring", (*Manifests).monitoring)
}

// MonitoringCheck is red unless what watches the cluster sees what it looks for.
// +check
// +cache="never"
func (m *Manifests) MonitoringCheck(ctx context.Context) error { return checked(m.Monitoring(ctx)) }

func (m *Manifests) monitoring(ctx context.Context) (*dagger.Container, error) {
	bench, err := m.bench(ctx, "promtool", "amtool")
	if err != nil {
		return nil, err
	}
	args := []string{"esteira", "manifest", "monitoring", "--source=" + manifestsPath, "--out=/out"}
	exposed, err := m.exposed(ctx)
	if err != nil {
		return nil, err
	}
	if exposed != nil {
		bench = bench.WithMountedDirectory("/exposed", exposed)
		args = append(args, "--exposed=/exposed")
	}
	if m.Runbooks != nil {
		bench = bench.WithMountedDirectory("/runbooks", m.Runbooks)
		args = append(args, "--runbooks=/runbooks")
	}
	return bench.WithExec(args), nil
}

// exposed is what the applications answer Prometheus: as it was handed in, else as they are asked.
func (m *Manifests) exposed(ctx context.Context) (*dagger.Directory, error) {
	if m.Exposed != nil {
		return m.Exposed, nil
	}
	if m.Applications == nil {
		return nil, nil
	}
	return m.Applications.expose(ctx)
}
