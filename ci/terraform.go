package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/report"
	"github.com/esteira/esteira/pipelines/terraform/policy"
)

// Where the containers of this stage have what they work on.
const (
	terraformPath = "/src"
	mirrorPath    = "/mirror"
	plannedPath   = "/planned"
	beforePath    = "/before"
	terraformSaid = "/out/said.json"
)

// terraformLimit ends a command that hangs, as one does whose module lies where nobody answers.
const terraformLimit = 15 * time.Minute

// TerraformTool is what plans.
type TerraformTool string

// The tools. Tests with mocked providers are OpenTofu's, whichever plans.
const (
	// OpenTofu 1.10
	TerraformToolOpentofu TerraformTool = "OPENTOFU"
	// Terraform 1.5, the last one that is free software
	TerraformToolTerraform TerraformTool = "TERRAFORM"
)

// Terraform holds a folder of Terraform's configuration: environments and modules.
type Terraform struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Base *dagger.Directory
	// +private
	Tool TerraformTool
	// +private
	Providers *dagger.Directory
	// +private
	State *dagger.Directory
	// +private
	Variables *dagger.File
	// +private
	Credentials *dagger.Secret
	// +private
	Budgets *dagger.Directory
}

// Terraform proves what a folder of Terraform's configuration would do, before anyone approves it. Without a cloud it is
// planned against what the base would have made, or against nothing; with credentials, read-only, against what is there.
func (e *Esteira) Terraform(ctx context.Context,
	// The folder, with environments (they have a backend or a provider) and modules; its policy.yaml says what is accepted
	// +defaultPath="/infra"
	// +ignore=["**/.git", "**/.terraform", "**/*.go", "**/go.mod", "**/go.sum", "**/*.md"]
	source *dagger.Directory,
	// The same folder before the change: it is planned against, its policy judges, and what was found there does not block
	// +optional
	// +ignore=["**/.git", "**/.terraform", "**/*.go", "**/go.mod", "**/go.sum", "**/*.md"]
	base *dagger.Directory,
	// OPENTOFU or TERRAFORM
	// +default="OPENTOFU"
	tool TerraformTool,
	// A mirror of providers (registry/owner/name/version/platform/), instead of the one with azapi alone that the toolbox
	// builds; providers come from nowhere else
	// +optional
	providers *dagger.Directory,
	// A folder of states to plan against, ENVIRONMENT/terraform.tfstate each
	// +optional
	state *dagger.Directory,
	// A file of variables, instead of each environment's offline.tfvars
	// +optional
	variables *dagger.File,
	// What the provider and the backend are given to plan against what is there, as lines NAME=VALUE (ARM_CLIENT_ID,
	// ARM_TENANT_ID, ARM_SUBSCRIPTION_ID, ARM_USE_OIDC, ARM_OIDC_TOKEN): of a job that may only read. Needs --approved
	// +optional
	credentials *dagger.Secret,
	// What `terraform digest` says of the folder that somebody approved: a plan runs code, so that with credentials nothing
	// else is planned
	// +optional
	approved string,
	// Folder with esteira.yaml, of the commit that a change goes onto: what it all may cost, and what is taken to be used
	// +defaultPath="/"
	// +ignore=["**", "!esteira.yaml"]
	budgets *dagger.Directory,
) (*Terraform, error) {
	t := &Terraform{
		Esteira: e, Source: source, Base: base, Tool: tool, Providers: providers, State: state, Variables: variables, Credentials: credentials,
		Budgets: budgets,
	}
	switch {
	case state != nil && credentials != nil:
		return nil, errors.New("--state and --credentials both say what to plan against: give one")
	case credentials == nil:
		return t, nil
	case approved == "":
		return nil, errors.New("--credentials: a plan runs code, so say by --approved what somebody approved: the folder's `terraform digest`")
	}
	digest, err := t.Digest(ctx)
	if err == nil && digest != approved {
		err = fmt.Errorf("the folder is %s and not the approved %s: have it approved, and call again", digest, approved)
	}
	return t, err
}

// Digest identifies the folder, for whoever approves that it is planned with credentials.
// +cache="session"
func (t *Terraform) Digest(ctx context.Context) (string, error) { return t.Source.Digest(ctx) }

// before is the stage over the base, which nobody plans with credentials.
func (t *Terraform) before() *Terraform {
	before, _ := once(t, "before", func() (*Terraform, error) {
		return &Terraform{Esteira: t.Esteira, Source: t.Base, Tool: t.Tool, Providers: t.Providers, Variables: t.Variables, Budgets: t.Budgets}, nil
	})
	return before
}

// tool is the name of the tool in the toolbox.
func (t *Terraform) tool() string {
	if t.Tool == TerraformToolTerraform {
		return "terraform"
	}
	return "tofu"
}

// workbench is a container with tools of the toolbox, our own command, the source and the mirror of providers.
func (t *Terraform) workbench(ctx context.Context, tools ...string) (*dagger.Container, error) {
	t.Esteira.begin(ctx, tools...)
	command, err := t.Esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	mirror, err := t.mirror(ctx)
	if err != nil {
		return nil, err
	}
	bench := t.Esteira.apt("ca-certificates").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithMountedDirectory(mirrorPath, mirror).
		WithMountedDirectory(terraformPath, t.Source)
	return t.Esteira.withTools(ctx, bench, tools)
}

// azapi is the provider that the toolbox builds.
const azapi = "terraform-provider-azapi"

// mirror is what providers come from.
func (t *Terraform) mirror(ctx context.Context) (*dagger.Directory, error) {
	if t.Providers != nil {
		return t.Providers, nil
	}
	return once(t.Esteira, "mirror", func() (*dagger.Directory, error) {
		t.Esteira.begin(ctx, azapi)
		command, err := t.Esteira.command(ctx)
		if err != nil {
			return nil, err
		}
		provider, err := t.Esteira.tool(ctx, azapi)
		if err != nil {
			return nil, err
		}
		return t.mirrored(command, provider).Sync(ctx)
	})
}

// mirrored is a mirror of providers that Go built.
func (t *Terraform) mirrored(command *dagger.File, providers ...*dagger.File) *dagger.Directory {
	c := t.Esteira.Debian.WithMountedFile("/usr/local/bin/esteira", command)
	for i, provider := range providers {
		file := fmt.Sprintf("/providers/%d", i)
		c = c.WithMountedFile(file, provider).
			WithExec([]string{"esteira", "terraform", "mirror", "--provider=" + file, "--out=" + mirrorPath})
	}
	return c.Directory(mirrorPath)
}

// planned is the folder of all plans: index.json, said.json, and for each environment plan.json and plan.tfplan.
func (t *Terraform) planned(ctx context.Context) (*dagger.Directory, error) {
	return once(t, "planned", func() (*dagger.Directory, error) { return t.plan(ctx) })
}

func (t *Terraform) plan(ctx context.Context) (*dagger.Directory, error) {
	bench, err := t.workbench(ctx, t.tool())
	if err != nil {
		return nil, err
	}
	args := []string{"esteira", "terraform", "plan", "--source=" + terraformPath, "--tool=" + t.tool(), "--mirror=" + mirrorPath, "--out=" + plannedPath}
	if t.Variables != nil {
		text, err := t.Variables.Contents(ctx)
		if err != nil {
			return nil, err
		}
		bench = bench.WithNewFile("/variables.tfvars", text)
		args = append(args, "--variables=/variables.tfvars")
	}
	switch {
	case t.Credentials != nil:
		bench = bench.
			WithMountedSecret("/run/credentials", t.Credentials).
			WithEnvVariable("ESTEIRA_NOW", time.Now().String())
		args = append(args, "--credentials=/run/credentials")
	case t.State != nil:
		bench = bench.WithMountedDirectory("/state", t.State)
		args = append(args, "--state=/state")
	case t.Base != nil:
		before, err := t.before().planned(ctx)
		if err != nil {
			return nil, err
		}
		bench = bench.WithMountedDirectory(beforePath, before)
		args = append(args, "--base="+beforePath)
	}
	return bench.WithExec(withTimeout(terraformLimit, args...)).Directory(plannedPath), nil
}

// Plans is a folder with the plan of each environment, as plan.tfplan and as plan.json. Where they were made with credentials
// or from a state, they hold secrets.
// +cache="session"
func (t *Terraform) Plans(ctx context.Context) (*dagger.Directory, error) { return t.planned(ctx) }

// terraformCheck is a step that leaves in a file what it says.
type terraformCheck func(t *Terraform, ctx context.Context) (*dagger.File, error)

// terraformChecks are those of Report, by their names.
var terraformChecks = []struct {
	name string
	run  terraformCheck
}{
	{"fmt", formatting},
	{"validate", validating},
	{"lint", linting},
	{"plan", planning},
	{"scan", scanning},
	{"cost", costing},
}

// planning says what planning found.
func planning(t *Terraform, ctx context.Context) (*dagger.File, error) {
	planned, err := t.planned(ctx)
	if err != nil {
		return nil, err
	}
	return planned.File("said.json"), nil
}

// said is what a check says. One that broke down is undecided, and is never remembered.
func (t *Terraform) said(ctx context.Context, run terraformCheck) (acceptance.Said, error) {
	file, err := run(t, ctx)
	if err != nil {
		return acceptance.Said{}, err
	}
	text, err := file.Contents(ctx)
	var failed *dagger.ExecError
	if errors.As(err, &failed) {
		stage := broken(failed, terraformLimit, func(output string) (report.Stage, bool) { return report.Stage{Summary: tail(output)}, false })
		return acceptance.Said{Undecided: stage.Summary}, nil
	}
	if err != nil {
		return acceptance.Said{}, err
	}
	return acceptance.ReadSaid(strings.NewReader(text))
}

// judge is the result of one check: what it says, without what is accepted and what the base says too.
func (t *Terraform) judge(ctx context.Context, name string, run terraformCheck, files *dagger.Directory) (*Result, error) {
	done := stopwatch(name)
	policy, err := t.policy(ctx)
	if err != nil {
		return nil, err
	}
	judgement, err := t.judgement(ctx, policy, run)
	if err != nil {
		return nil, err
	}
	return stageResult(done(judgement.Stage(name)), files)
}

func (t *Terraform) judgement(ctx context.Context, policy policy.Policy, run terraformCheck) (acceptance.Judgement, error) {
	said, err := t.said(ctx, run)
	if err != nil {
		return acceptance.Judgement{}, err
	}
	var before *acceptance.Said
	if t.Base != nil {
		old, err := t.before().said(ctx, run)
		if err != nil {
			return acceptance.Judgement{}, err
		}
		before = &old
	}
	return acceptance.Judge(policy.Accepted, said, before, time.Now()), nil
}

// policy is the base's where there is one: who is judged does not hold the scales.
func (t *Terraform) policy(ctx context.Context) (policy.Policy, error) {
	source := t.Source
	if t.Base != nil {
		source = t.Base
	}
	text, err := policyText(ctx, source)
	if err != nil {
		return policy.Policy{}, err
	}
	return policy.Parse([]byte(text))
}

// Plan reports what would be created, changed, replaced and destroyed, by environment. What destroys or replaces what holds
// data is red, unless policy.yaml names it; so is what no plan can be made of.
// +cache="session"
func (t *Terraform) Plan(ctx context.Context) (*Result, error) {
	return t.judge(ctx, "plan", planning, nil)
}

// PlanCheck is red when Plan's result is.
// +check
// +cache="never"
func (t *Terraform) PlanCheck(ctx context.Context) error { return checked(t.Plan(ctx)) }

// Report is one report of all checks, side by side, and of the exceptions that accept nothing any more.
// +cache="session"
func (t *Terraform) Report(ctx context.Context) (*Result, error) {
	started := time.Now()
	stages, err := t.judged(ctx)
	if err != nil {
		return nil, err
	}
	return newResult(report.Run{Title: "terraform", Started: started, Duration: time.Since(started), Stages: stages}, nil)
}

// judged are the stages of Report. Where all was green and nothing changed since, they are what they were then, until the
// day ends in UTC; what a cloud or a state is asked for is asked each time.
func (t *Terraform) judged(ctx context.Context) ([]report.Stage, error) {
	if t.Credentials != nil || t.State != nil || t.Variables != nil {
		return t.judgements(ctx)
	}
	inputs := []*dagger.Directory{t.Source, t.Base, t.Providers, t.Budgets}
	return t.Esteira.remembered(ctx, "terraform by "+t.tool(), inputs, func() ([]report.Stage, error) { return t.judgements(ctx) })
}

func (t *Terraform) judgements(ctx context.Context) ([]report.Stage, error) {
	policy, err := t.policy(ctx)
	if err != nil {
		return nil, err
	}
	budgeted, err := t.budgeted(ctx)
	if err != nil {
		return nil, err
	}
	var checks []judging
	for _, c := range terraformChecks {
		if c.name != unbudgeted.Name || budgeted {
			checks = append(checks, judging{c.name, func(ctx context.Context) (acceptance.Judgement, error) { return t.judgement(ctx, policy, c.run) }})
		}
	}
	stages, judgements, err := sideBySide(ctx, checks)
	if err != nil {
		return nil, err
	}
	if !budgeted {
		stages = append(stages, unbudgeted)
	}
	drift, err := t.driftStage(ctx)
	if err != nil {
		return nil, err
	}
	stage, err := policyStage(ctx, policy.Accepted, judgements, t.Base, t.Source)
	return append(stages, drift, stage), err
}

// ReportCheck is red unless every check passes.
// +check
// +cache="never"
func (t *Terraform) ReportCheck(ctx context.Context) error { return checked(t.Report(ctx)) }
