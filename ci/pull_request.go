package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/component"
	"github.com/esteira/esteira/pipelines/report"
)

// PullRequest judges a change of a repository: every stage of every component that it touches.
type PullRequest struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Base *dagger.Directory
	// +private
	Timeout string
	// +private
	ApprovedBy string
	// +private
	Database *dagger.Directory
	// +private
	DatabaseURL string
}

// PullRequest judges a change of a repository: every stage of every component that it touches, side by side. What
// components there are says esteira.yaml, of the base where there is one; without one it is seen by what lies there.
func (e *Esteira) PullRequest(
	// The repository
	// +defaultPath="/"
	// +ignore=[".git", "out", "**/node_modules", "**/.venv", "**/__pycache__", "**/.gradle", "**/.terraform", "**/target", "**/.*_cache"]
	source *dagger.Directory,
	// The repository before the change, as a folder or a Git address: its policies judge, what is not touched is skipped, and
	// what was there before does not block
	// +optional
	// +ignore=[".git", "out", "**/node_modules", "**/.venv", "**/__pycache__", "**/.gradle", "**/.terraform", "**/target", "**/.*_cache"]
	base *dagger.Directory,
	// How long a tool or the tests may run, such as 90s or 20m; a stage as a whole gets three times that
	// +default="20m"
	timeout string,
	// Person who approves a model where production has none to compare it with
	// +optional
	approvedBy string,
	// Database of known vulnerabilities, a folder that `security database` made; none downloads the current one, once a day
	// +optional
	database *dagger.Directory,
	// Address with ECOSYSTEM/all.zip below it, to download that database from (default: osv.dev's own)
	// +optional
	databaseURL string,
) *PullRequest {
	return &PullRequest{
		Esteira: e, Source: source, Base: base, Timeout: timeout, ApprovedBy: approvedBy, Database: database, DatabaseURL: databaseURL,
	}
}

// Check is red when anything blocks. Its last line is the status, for a workflow to assert.
// +cache="never"
func (p *PullRequest) Check(ctx context.Context) (string, error) {
	result, err := p.Report(ctx)
	if err != nil {
		return "", err
	}
	return result.Check()
}

// Report is one report of all that the change touches, red or not.
// +cache="session"
func (p *PullRequest) Report(ctx context.Context) (*Result, error) {
	limit, err := p.limit()
	if err != nil {
		return nil, err
	}
	run := report.Run{Title: "pull request", Started: time.Now()}
	plan, stage := p.plan(ctx)
	run.Stages = []report.Stage{stage}
	parts := make([][]report.Stage, len(plan.Choices)+1)
	var wait sync.WaitGroup
	wait.Go(func() { parts[len(plan.Choices)] = p.secrets(ctx) })
	for i, choice := range plan.Choices {
		work := &componentWork{PullRequest: p, Choice: choice, limit: limit}
		wait.Go(func() { parts[i] = work.stages(ctx) })
	}
	wait.Wait()
	for _, part := range parts {
		run.Stages = append(run.Stages, part...)
	}
	run.Duration = time.Since(run.Started)
	return newResult(run, nil)
}

// secrets is the stage that looks for them in the repository as a whole.
func (p *PullRequest) secrets(ctx context.Context) []report.Stage {
	done := stopwatch("secrets")
	stages, err := p.Esteira.remembered(ctx, "secrets", []*dagger.Directory{p.Source, p.Base}, func() ([]report.Stage, error) {
		result, err := (&Security{Esteira: p.Esteira}).Secrets(ctx, p.Source, p.Base, nil, "")
		if err != nil {
			return nil, err
		}
		stage, err := result.stage()
		return []report.Stage{stage}, err
	})
	if err != nil {
		return []report.Stage{done(report.Stage{
			Status: report.Undecided, Summary: plain(err).Error(), Remedy: "see what broke, and call again: until then nobody knows",
		})}
	}
	return stages
}

// limit is how long a tool may run.
func (p *PullRequest) limit() (time.Duration, error) {
	limit, err := time.ParseDuration(p.Timeout)
	if err != nil || limit < time.Second {
		return 0, fmt.Errorf("--timeout is %q: write a duration of a second or more, such as 90s or 20m", p.Timeout)
	}
	return limit, nil
}

// plan is what becomes of each component, and that as a stage.
func (p *PullRequest) plan(ctx context.Context) (component.Plan, report.Stage) {
	done := stopwatch("plan")
	plan, err := p.planned(ctx)
	if err != nil {
		return component.Plan{}, done(report.Stage{
			Status: report.Undecided, Summary: err.Error(), Remedy: "mend it and call again: until then nobody knows what to judge",
		})
	}
	return plan, done(plan.Stage())
}

func (p *PullRequest) planned(ctx context.Context) (plan component.Plan, err error) {
	command, err := p.Esteira.command(ctx)
	if err != nil {
		return plan, err
	}
	args := []string{"esteira", "plan", "--source=" + sourcePath}
	c := p.Esteira.Debian.
		WithMountedFile("/usr/local/bin/esteira", command).
		WithMountedDirectory(sourcePath, p.Source)
	if p.Base != nil {
		c = c.WithMountedDirectory("/base", p.Base)
		args = append(args, "--base=/base")
	}
	text, err := c.WithExec(args).Stdout(ctx)
	if failed := new(dagger.ExecError); errors.As(err, &failed) {
		return plan, errors.New(strings.TrimPrefix(tail(failed.Stderr), "esteira: "))
	}
	if err != nil {
		return plan, err
	}
	return plan, json.Unmarshal([]byte(text), &plan)
}
