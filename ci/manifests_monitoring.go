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
	if runbooks, err := m.runbooks(ctx); err != nil {
		return nil, err
	} else if runbooks != nil {
		bench = bench.WithMountedDirectory("/runbooks", runbooks)
		args = append(args, "--runbooks=/runbooks")
	}
	return bench.WithExec(args), nil
}

// exposed is what the applications answer Prometheus: as it was handed in, else as they are asked, where they are ours.
func (m *Manifests) exposed(ctx context.Context) (*dagger.Directory, error) {
	if m.Exposed != nil {
		return m.Exposed, nil
	}
	for _, name := range applicationFolders {
		if found, err := m.Repository.Glob(ctx, name+"/*"); err != nil || len(found) == 0 {
			return nil, err
		}
	}
	memory, err := m.Esteira.memory(ctx, "exposed", []*dagger.Directory{m.Repository})
	if err != nil {
		return nil, err
	}
	if kept, err := memory.get(ctx); err != nil || kept != nil {
		return kept, err
	}
	asked, err := m.asked(ctx)
	if err != nil {
		return nil, err
	}
	return asked, memory.put(ctx, asked)
}

// applicationFolders are what has to be there for the applications to be asked.
var applicationFolders = []string{"apps/api-gateway", "apps/inference-service", "ml/training"}

// asked is what the applications answer now.
func (m *Manifests) asked(ctx context.Context) (*dagger.Directory, error) {
	folders := map[string]*dagger.Directory{}
	for _, name := range applicationFolders {
		folder, err := m.folder(ctx, name)
		if err != nil {
			return nil, err
		}
		folders[name] = folder
	}
	policy, err := pick(ctx, m.Repository, []string{"esteira.yaml", "k8s/overlays/prod/release.yaml"})
	if err != nil {
		return nil, err
	}
	e := m.Esteira
	return (&applications{
		gateway:  e.Java(folders["apps/api-gateway"], nil, "20m"),
		service:  e.Python(folders["apps/inference-service"], nil, "20m"),
		training: &Training{Esteira: e, Source: folders["ml/training"], Policy: policy, Recipe: &Recipe{}, Timeout: "20m"},
	}).expose(ctx)
}

func (m *Manifests) runbooks(ctx context.Context) (*dagger.Directory, error) {
	return m.folder(ctx, "docs/runbooks")
}

// folder is a folder of the repository, or nil where it is not there.
func (m *Manifests) folder(ctx context.Context, name string) (*dagger.Directory, error) {
	found, err := m.Repository.Glob(ctx, name+"/*")
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return here(ctx, m.Repository.Directory(name))
}
