package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// terraform is the plan of one environment, as a stage and bare: OpenTofu on this machine, the same program and provider,
// without resolving anything. Beside it: a report over all environments, in which nothing changed.
func terraform(ctx context.Context, b *bench) ([]line, error) {
	folder, tools := filepath.Join(b.work, "terraform"), filepath.Join(b.work, "tofu")
	for _, part := range []string{"environments/dev", "modules"} {
		if err := os.CopyFS(filepath.Join(folder, part), os.DirFS(filepath.Join(b.repository, "infra", part))); err != nil {
			return nil, err
		}
	}
	if err := b.tofu(ctx, tools); err != nil {
		return nil, err
	}
	// Each plans what no run before has seen.
	changed := func(name string, plan func(context.Context) error) side {
		return side{name, func(ctx context.Context) (time.Duration, error) {
			if err := touchEnvironment(folder); err != nil {
				return 0, err
			}
			return timed(func() error { return plan(ctx) })
		}}
	}
	ours, theirs, err := sideBySide(ctx, 3,
		changed("terraform plan", func(ctx context.Context) error {
			return passed(b.dagger(ctx, "call", "terraform", "--source", folder, "plan", "check"))
		}),
		changed("tofu init and plan", func(ctx context.Context) error { return barePlan(ctx, folder, tools) }))
	if err != nil {
		return nil, err
	}
	// The first one may plan, and says that all is green; then a report is as long as a person waits for one.
	if err := passed(b.dagger(ctx, "call", "terraform", "report", "check")); err != nil {
		return nil, err
	}
	var same []time.Duration
	for range 5 {
		taken, err := timed(func() error { return inTurn(b.dagger(ctx, "call", "terraform", "report")) })
		if err != nil {
			return nil, err
		}
		same = append(same, taken)
	}
	return []line{
		{what: "terraform plan, one environment", unit: "s", esteira: ours, bare: theirs, target: []limit{{1, 2}}},
		{what: "terraform report, no change", unit: "s", esteira: median(same).Seconds(), target: []limit{{0, 2}}},
	}, nil
}

// tofu puts OpenTofu into a folder, and a mirror with the provider, as the stage has them.
func (b *bench) tofu(ctx context.Context, folder string) error {
	provider := filepath.Join(folder, "terraform-provider-azapi")
	mirror := command(ctx, "go", "run", "./pipelines/cmd/esteira", "terraform", "mirror", "--provider", provider, "--out", filepath.Join(folder, "mirror"))
	mirror.Dir = b.repository
	return errors.Join(inTurn(
		b.dagger(ctx, "call", "toolbox", "tool", "--name=tofu", "export", "--path", filepath.Join(folder, "tofu")),
		b.dagger(ctx, "call", "toolbox", "tool", "--name=terraform-provider-azapi", "export", "--path", provider),
		mirror),
		os.WriteFile(filepath.Join(folder, "tofurc"),
			[]byte("provider_installation {\n  filesystem_mirror {\n    path = \""+filepath.Join(folder, "mirror")+"\"\n  }\n}\n"), 0o644))
}

// barePlan is all that a plan without a cloud takes, done by hand in a copy.
func barePlan(ctx context.Context, folder, tools string) error {
	const plan = `cp -r "$0" "$1/copy" && cd "$1/copy/environments/dev"
printf 'terraform {\n  backend "local" {}\n}\n' >bench_override.tf
"$1/tofu" init -input=false -no-color
"$1/tofu" plan -input=false -no-color -refresh=false -var-file=offline.tfvars -out=plan.tfplan`
	if err := os.RemoveAll(filepath.Join(tools, "copy")); err != nil {
		return err
	}
	planned := command(ctx, "bash", "-euo", "pipefail", "-c", plan, folder, tools)
	const none = "00000000-0000-0000-0000-000000000000"
	planned.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(tools, "tofurc"),
		"ARM_CLIENT_ID="+none, "ARM_TENANT_ID="+none, "ARM_SUBSCRIPTION_ID="+none, "ARM_OIDC_TOKEN=offline")
	return inTurn(planned)
}

// touchEnvironment changes an environment to what no run before has seen, and what is planned not at all.
func touchEnvironment(folder string) error {
	name := filepath.Join(folder, "environments", "dev", "moment.tf")
	return os.WriteFile(name, []byte(fmt.Sprintf("# %d\n", time.Now().UnixNano())), 0o644)
}
