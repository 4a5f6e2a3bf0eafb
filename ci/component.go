package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/component"
	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/report"
)

// Init is the esteira.yaml of a repository that has none: `dagger call init export --path esteira.yaml`. Owners are those of
// CODEOWNERS, where there is one.
// +cache="session"
func (e *Esteira) Init(ctx context.Context,
	// The repository
	// +defaultPath="/"
	// +ignore=[".git", "out", "**/node_modules", "**/.venv", "**/target"]
	source *dagger.Directory,
) (*dagger.File, error) {
	command, err := e.command(ctx)
	if err != nil {
		return nil, err
	}
	text, err := e.Debian.
		WithMountedFile("/usr/local/bin/esteira", command).
		WithMountedDirectory(sourcePath, source).
		WithExec([]string{"esteira", "init", "--source=" + sourcePath}).
		Stdout(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return dag.File(component.File, text), nil
}

// Component is one component of a repository, by its name.
type Component struct {
	// +private
	PullRequest *PullRequest
	// +private
	Name string
}

// Component is one component of a repository, by its name in esteira.yaml, or by its folder's where that file is missing.
func (e *Esteira) Component(
	// Its name
	name string,
	// The repository
	// +defaultPath="/"
	// +ignore=[".git", "out", "**/node_modules", "**/.venv", "**/__pycache__", "**/.gradle", "**/.terraform", "**/target", "**/.*_cache"]
	source *dagger.Directory,
	// How long a tool or the tests may run, such as 90s or 20m
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
) *Component {
	return &Component{Name: name, PullRequest: e.PullRequest(source, nil, timeout, approvedBy, database, databaseURL)}
}

// Check is red when a stage of the component blocks. Its last line is the status.
// +cache="never"
func (c *Component) Check(ctx context.Context) (string, error) {
	result, err := c.Report(ctx)
	if err != nil {
		return "", err
	}
	return result.Check()
}

// Report is one report of the component's stages, red or not.
// +cache="session"
func (c *Component) Report(ctx context.Context) (*Result, error) {
	work, err := c.work(ctx)
	if err != nil {
		return nil, err
	}
	run := report.Run{Title: c.Name, Started: time.Now()}
	run.Stages = work.stages(ctx)
	run.Duration = time.Since(run.Started)
	return newResult(run, nil)
}

// Test runs the component's tests, where it is an application or a training.
// +cache="session"
func (c *Component) Test(ctx context.Context,
	// Run these tests alone, in the words of the component's own tool
	// +optional
	only string,
) (*Result, error) {
	work, err := c.work(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := here(ctx, work.Source.Directory(work.Component.Path))
	if err != nil {
		return nil, err
	}
	limit := work.limit.String()
	switch work.Component.Kind {
	case config.Java:
		return work.Esteira.Java(folder, nil, limit).Test(ctx, only)
	case config.Python, config.Train:
		return work.Esteira.Python(folder, nil, limit).Test(ctx, only)
	}
	return nil, fmt.Errorf("%s is of kind %s, which has no tests of its own: call its check", c.Name, work.Component.Kind)
}

// Image puts the image of the component together, where it is an application.
// +cache="session"
func (c *Component) Image(ctx context.Context) (*Image, error) {
	application, err := c.application(ctx)
	if err != nil {
		return nil, err
	}
	return application.Image(ctx)
}

// Publish tests the application, puts its image together, pushes it, and returns its reference with the digest as the
// last line. Nothing is pushed while a test is red.
// +cache="never"
func (c *Component) Publish(ctx context.Context,
	// Where to push, such as registry.example/team/app:1.2.3
	ref string,
	// User at the registry
	// +optional
	username string,
	// Password or token at the registry
	// +optional
	password *dagger.Secret,
	// Registry on this machine, such as tcp://localhost:5000 for --ref registry:5000/app:1 (any name, the same port); it is
	// spoken to without TLS
	// +optional
	registry *dagger.Service,
) (string, error) {
	application, err := c.application(ctx)
	if err != nil {
		return "", err
	}
	target, err := newRegistry(c.PullRequest.Esteira, ref, username, password, registry)
	if err != nil {
		return "", err
	}
	return target.ship(ctx, application)
}

func (c *Component) application(ctx context.Context) (application, error) {
	work, err := c.work(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := here(ctx, work.Source.Directory(work.Component.Path))
	if err != nil {
		return nil, err
	}
	switch limit := work.limit.String(); work.Component.Kind {
	case config.Java:
		return work.Esteira.Java(folder, nil, limit), nil
	case config.Python:
		return work.Esteira.Python(folder, nil, limit), nil
	}
	return nil, fmt.Errorf("%s is of kind %s, which has no image", c.Name, work.Component.Kind)
}

// work is what the table says of the component.
func (c *Component) work(ctx context.Context) (*componentWork, error) {
	limit, err := c.PullRequest.limit()
	if err != nil {
		return nil, err
	}
	plan, err := c.PullRequest.planned(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, choice := range plan.Choices {
		if choice.Component.Name == c.Name {
			return &componentWork{PullRequest: c.PullRequest, Choice: choice, limit: limit}, nil
		}
		names = append(names, choice.Component.Name)
	}
	return nil, fmt.Errorf("there is no component %q: there are %s", c.Name, strings.Join(names, ", "))
}
