package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Scan reports what is weak in what the plans make and in the source: by checkov's rules for ARM, by rules of our own, and
// by what looks like a secret. What in the folder would have a scanner look away is a finding too.
// +cache="session"
func (t *Terraform) Scan(ctx context.Context) (*Result, error) {
	return t.judge(ctx, "scan", scanning, nil)
}

// ScanCheck is red when something is weak, and where a rule cannot decide.
// +check
// +cache="never"
func (t *Terraform) ScanCheck(ctx context.Context) error { return checked(t.Scan(ctx)) }

func scanning(t *Terraform, ctx context.Context) (*dagger.File, error) {
	planned, err := t.planned(ctx)
	if err != nil {
		return nil, err
	}
	checkov, err := t.Esteira.checkov(ctx)
	if err != nil {
		return nil, err
	}
	command, err := t.Esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	conftest, err := t.Esteira.Toolbox().Tool(ctx, "conftest")
	if err != nil {
		return nil, err
	}
	return checkov.
		WithMountedFile("/usr/local/bin/esteira", command).
		WithMountedFile("/usr/local/bin/conftest", conftest).
		WithMountedDirectory(terraformPath, t.Source).
		WithMountedDirectory(plannedPath, planned).
		WithExec(withTimeout(terraformLimit, "esteira", "terraform", "scan",
			"--source="+terraformPath, "--planned="+plannedPath, "--out=/out")).
		File(terraformSaid), nil
}

// checkov is a container with checkov, by the hashes of its lock.
func (e *Esteira) checkov(ctx context.Context) (*dagger.Container, error) {
	lock, err := dag.CurrentModule().Source().File("toolbox/checkov/requirements.txt").Contents(ctx)
	if err != nil {
		return nil, err
	}
	return e.pythonTool(ctx, lock)
}
