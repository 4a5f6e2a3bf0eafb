package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// Fmt reports the files that are not formatted.
// +cache="session"
func (t *Terraform) Fmt(ctx context.Context) (*Result, error) {
	return t.judge(ctx, "fmt", formatting, nil)
}

// FmtCheck is red unless all files are formatted.
// +check
// +cache="never"
func (t *Terraform) FmtCheck(ctx context.Context) error { return checked(t.Fmt(ctx)) }

func formatting(t *Terraform, ctx context.Context) (*dagger.File, error) {
	return t.look(ctx, "fmt", t.tool())
}

// Validate reports what is not valid in any environment or module, with any variables, locks that do not fit, and the tests of
// modules, which OpenTofu tries with mocked providers.
// +cache="session"
func (t *Terraform) Validate(ctx context.Context) (*Result, error) {
	return t.judge(ctx, "validate", validating, nil)
}

// ValidateCheck is red unless all is valid and all tests pass.
// +check
// +cache="never"
func (t *Terraform) ValidateCheck(ctx context.Context) error { return checked(t.Validate(ctx)) }

func validating(t *Terraform, ctx context.Context) (*dagger.File, error) {
	if t.tool() == "tofu" {
		return t.look(ctx, "validate", "tofu")
	}
	return t.look(ctx, "validate", t.tool(), "tofu")
}

// Lint reports what tflint finds, configured by us, and whatever in the tree would have it look away.
// +cache="session"
func (t *Terraform) Lint(ctx context.Context) (*Result, error) {
	return t.judge(ctx, "lint", linting, nil)
}

// LintCheck is red when tflint finds something.
// +check
// +cache="never"
func (t *Terraform) LintCheck(ctx context.Context) error { return checked(t.Lint(ctx)) }

func linting(t *Terraform, ctx context.Context) (*dagger.File, error) {
	return t.look(ctx, "lint", "tflint")
}

// look runs a command of ours that has the first of these tools look at the folder.
func (t *Terraform) look(ctx context.Context, command string, tools ...string) (*dagger.File, error) {
	bench, err := t.workbench(ctx, tools...)
	if err != nil {
		return nil, err
	}
	return bench.WithExec(withTimeout(terraformLimit, "esteira", "terraform", command,
		"--source="+terraformPath, "--tool="+tools[0], "--mirror="+mirrorPath, "--out="+terraformSaid)).File(terraformSaid), nil
}

// Drift reports what differs from the state outside of code. Only Azure tells: without credentials it is undecided.
// +cache="session"
func (t *Terraform) Drift(ctx context.Context) (*Result, error) {
	return t.judge(ctx, "drift", drifting, nil)
}

func drifting(t *Terraform, ctx context.Context) (*dagger.File, error) {
	planned, err := t.planned(ctx)
	if err != nil {
		return nil, err
	}
	bench, err := t.workbench(ctx)
	if err != nil {
		return nil, err
	}
	return bench.WithMountedDirectory(plannedPath, planned).
		WithExec([]string{"esteira", "terraform", "drift", "--source=" + terraformPath, "--planned=" + plannedPath, "--out=" + terraformSaid}).
		File(terraformSaid), nil
}

// driftStage is that of Report, which leaves it out where nobody can tell.
func (t *Terraform) driftStage(ctx context.Context) (report.Stage, error) {
	if t.Credentials == nil {
		return report.Stage{Name: "drift", Status: report.Skipped, Summary: "what differs outside of code only Azure tells: give --credentials"}, nil
	}
	result, err := t.Drift(ctx)
	if err != nil {
		return report.Stage{}, err
	}
	return result.stage()
}

// architectures are those on which engines run. A lock has the hashes of the provider for each.
var architectures = []string{"amd64", "arm64"}

// Lock makes the lock files anew, of all environments and of all modules that have tests: a folder to lay over the source.
// +cache="session"
func (t *Terraform) Lock(ctx context.Context) (*dagger.Directory, error) {
	bench, err := t.workbench(ctx, t.tool())
	if err != nil {
		return nil, err
	}
	if t.Providers == nil {
		command, err := t.Esteira.command(ctx)
		if err != nil {
			return nil, err
		}
		var providers []*dagger.File
		for _, architecture := range architectures {
			providers = append(providers, t.Esteira.Toolbox().buildFor(azapi, t.Esteira.golang().WithEnvVariable("GOARCH", architecture)))
		}
		bench = bench.WithMountedDirectory(mirrorPath, t.mirrored(command, providers...))
	}
	return bench.WithExec(withTimeout(terraformLimit, "esteira", "terraform", "lock",
		"--source="+terraformPath, "--tool="+t.tool(), "--mirror="+mirrorPath, "--out=/locks")).Directory("/locks"), nil
}
