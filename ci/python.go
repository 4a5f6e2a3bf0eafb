package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/python"
	"github.com/esteira/esteira/pipelines/report"
)

// Python checks, tests, builds and ships a Python project that uv or pip installs.
type Python struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Base *dagger.Container
	// +private
	Timeout string
}

// Python checks, tests, builds and ships a Python project: the one in the folder's pyproject.toml or requirements.txt.
func (e *Esteira) Python(
	// The component's own folder
	// +defaultPath="/apps/inference-service"
	// +ignore=["**/__pycache__", "**/.venv", "**/.pytest_cache", "**/.mypy_cache", "**/.ruff_cache", "**/*.egg-info", "**/.coverage", "dist", "build", ".git"]
	source *dagger.Directory,
	// Image with Python 3.13 and what building needs beside it, such as a compiler (default: Debian's Python)
	// +optional
	base *dagger.Container,
	// How long a tool or the tests may run, such as 90s or 20m
	// +default="20m"
	timeout string,
) *Python {
	return &Python{Esteira: e, Source: source, Base: base, Timeout: timeout}
}

// Lint reports what ruff's linter finds, and which files its formatter would change.
// +cache="session"
func (p *Python) Lint(ctx context.Context) (*Result, error) {
	done := stopwatch("lint")
	linted, red, err := p.execute(ctx, lint)
	if err != nil {
		return nil, err
	}
	if red != nil {
		return stageResult(done(*red), nil)
	}
	var said [2][]finding.Finding
	for i, name := range []string{"check", "format"} {
		sarif, err := linted.File("/out/" + name + ".sarif").Contents(ctx)
		if err != nil {
			return nil, err
		}
		if said[i], err = finding.FromSARIF(strings.NewReader(sarif)); err != nil {
			return stageResult(done(report.Stage{
				Status: report.Undecided, Summary: fmt.Sprintf("ruff %s: %v", name, err), Remedy: "ruff 0.15 or newer has to be in the lock",
			}), nil)
		}
	}
	findings := python.Relative(python.Lint(said[0], said[1]), sourcePath)
	return stageResult(done(judged("ruff", findings, "`ruff check --fix` and `ruff format` mend most of it")), nil)
}

// LintCheck is red unless ruff finds nothing.
// +check
// +cache="never"
func (p *Python) LintCheck(ctx context.Context) error { return checked(p.Lint(ctx)) }

// Typecheck reports what mypy finds.
// +cache="session"
func (p *Python) Typecheck(ctx context.Context) (*Result, error) {
	done := stopwatch("typecheck")
	typed, red, err := p.execute(ctx, typecheck)
	if err != nil {
		return nil, err
	}
	if red != nil {
		return stageResult(done(*red), nil)
	}
	output, err := typed.Stdout(ctx)
	if err != nil {
		return nil, err
	}
	findings, err := finding.FromMypy(strings.NewReader(output))
	if err != nil {
		return stageResult(done(report.Stage{
			Status: report.Undecided, Summary: err.Error(), Remedy: "mypy 1.11 or newer has to be in the lock", Log: tail(output),
		}), nil)
	}
	return stageResult(done(judged("mypy", findings, "mend the types, or what is said of them")), nil)
}

// TypecheckCheck is red unless mypy finds nothing.
// +check
// +cache="never"
func (p *Python) TypecheckCheck(ctx context.Context) error { return checked(p.Typecheck(ctx)) }

// Test runs the tests and measures their coverage (pytest, pytest-cov). Its files hold JUnit XML under junit/ and the
// coverage report (Cobertura XML) under coverage/, of red tests too.
// +cache="session"
func (p *Python) Test(ctx context.Context,
	// Run these tests alone, in pytest's words, such as tests/test_app.py::test_opens
	// +optional
	only string,
) (*Result, error) {
	done := stopwatch("test")
	tested, red, err := p.execute(ctx, func(project python.Project) ([]string, error) { return test(project, only), nil })
	if err != nil {
		return nil, err
	}
	if red != nil {
		return stageResult(done(*red), nil)
	}
	files := tested.Directory("/out")
	stage, err := p.readTests(ctx, files)
	if err != nil {
		return nil, err
	}
	if stage.Status == report.Undecided && only != "" {
		stage.Remedy = fmt.Sprintf("look whether a test matches --only %q", only)
	}
	if stage.Status.Red() {
		output, err := tested.Stdout(ctx)
		if err != nil {
			return nil, err
		}
		stage.Log = tail(output)
	}
	return stageResult(done(stage), files.WithoutFile("exit-code"))
}

// TestCheck is red unless all tests pass.
// +check
// +cache="never"
func (p *Python) TestCheck(ctx context.Context) error { return checked(p.Test(ctx, "")) }

// readTests judges the reports that pytest left, and its exit code, which is red also where all tests passed and the
// project asks for more, such as a coverage.
func (p *Python) readTests(ctx context.Context, files *dagger.Directory) (report.Stage, error) {
	dir, err := os.MkdirTemp("", "tests")
	if err != nil {
		return report.Stage{}, err
	}
	defer os.RemoveAll(dir)
	if _, err := files.Export(ctx, dir); err != nil {
		return report.Stage{}, err
	}
	text, err := os.ReadFile(path.Join(dir, "exit-code"))
	if err != nil {
		return report.Stage{}, err
	}
	code, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return report.Stage{}, err
	}
	tests, err := finding.FromJUnitDir(os.DirFS(path.Join(dir, "junit")))
	if err != nil {
		return python.Unstarted(code, err), nil
	}
	coverage, err := python.Coverage(os.DirFS(path.Join(dir, "coverage")))
	if err != nil {
		return report.Stage{}, err
	}
	return python.Tested(code, tests, coverage), nil
}

// Build makes the project's wheel. Its files hold it.
// +cache="session"
func (p *Python) Build(ctx context.Context) (*Result, error) {
	done := stopwatch("build")
	built, red, err := p.execute(ctx, build)
	if err != nil {
		return nil, err
	}
	if red != nil {
		return stageResult(done(*red), nil)
	}
	files, err := built.Directory("/out").Entries(ctx)
	if err != nil {
		return nil, err
	}
	name, _, err := python.ParseWheel(files)
	if err != nil {
		return stageResult(done(report.Stage{Status: report.Failed, Summary: err.Error(), Remedy: "see docs/stages.md, Python"}), nil)
	}
	bytes, err := built.File("/out/" + name).Size(ctx)
	if err != nil {
		return nil, err
	}
	unlocked, err := built.File(unlockedPath).Contents(ctx)
	if err != nil {
		return nil, err
	}
	facts := []report.Fact{{Name: "wheel", Value: size(int64(bytes))}}
	if names := strings.Fields(unlocked); len(names) > 0 {
		facts = append(facts, report.Fact{Name: "built with, not in the lock", Value: strings.Join(names, ", ")})
	}
	return stageResult(done(report.Stage{Status: report.Passed, Summary: "made " + name, Facts: facts}), built.Directory("/out"))
}

// judged is a stage of a tool that only finds: red by any finding that is more than a note.
func judged(tool string, findings []finding.Finding, remedy string) report.Stage {
	var red []finding.Finding
	for _, f := range findings {
		if f.Severity != finding.Info {
			red = append(red, f)
		}
	}
	if len(red) == 0 {
		return report.Stage{Status: report.Passed, Summary: tool + " found nothing", Findings: findings}
	}
	summary := fmt.Sprintf("%s at %s: %s (%s)", tool, red[0].Location, red[0].Message, red[0].Rule)
	if len(red) > 1 {
		summary += fmt.Sprintf(", and %d more", len(red)-1)
	}
	return report.Stage{Status: report.Failed, Summary: summary, Remedy: remedy, Findings: findings}
}

// checked is the error of a red result.
func checked(result *Result, err error) error {
	if err != nil {
		return err
	}
	_, err = result.Check()
	return err
}

// execute runs a command in the project, its dependencies already there. A tool that breaks down is a red stage; an error
// is for what says nothing about the work, such as an engine that dies.
func (p *Python) execute(ctx context.Context, order order) (*dagger.Container, *report.Stage, error) {
	limit, err := time.ParseDuration(p.Timeout)
	if err != nil || limit < time.Second {
		return nil, nil, fmt.Errorf("--timeout is %q: write a duration of a second or more, such as 90s or 20m", p.Timeout)
	}
	tools, command, err := p.prepare(ctx, order)
	var unsound *python.Unsound
	if errors.As(err, &unsound) {
		return nil, &report.Stage{
			Status: report.Failed, Summary: unsound.Reason, Remedy: unsound.Remedy, Findings: []finding.Finding{unsound.Finding()},
		}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	done := tools.
		WithMountedDirectory(sourcePath, p.Source).
		WithWorkdir(sourcePath).
		WithExec(withTimeout(limit, command...))
	if _, err = done.Sync(ctx); err == nil {
		return done, nil, nil
	}
	var failed *dagger.ExecError
	if !errors.As(err, &failed) {
		return nil, nil, err
	}
	stage := broken(failed, limit, func(output string) (report.Stage, bool) {
		d := python.Diagnose(output, sourcePath)
		return report.Stage{Summary: d.Summary, Remedy: d.Remedy, Findings: d.Findings}, d.Decided
	})
	return nil, &stage, nil
}

// order is the command that a stage runs in a project.
type order func(python.Project) ([]string, error)

// prepare is the container with the project's dependencies, and the command to run in it.
func (p *Python) prepare(ctx context.Context, order order) (*dagger.Container, []string, error) {
	project, err := p.project(ctx)
	if err != nil {
		return nil, nil, err
	}
	command, err := order(project)
	if err != nil {
		return nil, nil, err
	}
	tools, err := p.environment(ctx, project)
	return tools, command, err
}

// project is what lies in the component's folder.
func (p *Python) project(ctx context.Context) (python.Project, error) {
	entries, err := p.Source.Entries(ctx)
	if err != nil {
		return python.Project{}, err
	}
	description, err := p.description(ctx, entries)
	if err != nil {
		return python.Project{}, err
	}
	return python.Detect(entries, description)
}

// description is the text of pyproject.toml, or nothing where there is none.
func (p *Python) description(ctx context.Context, entries []string) (string, error) {
	if !slices.Contains(entries, python.Description) {
		return "", nil
	}
	return p.Source.File(python.Description).Contents(ctx)
}
