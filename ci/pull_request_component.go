package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/component"
	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/report"
)

// componentWork is what a pull request asks of one component.
type componentWork struct {
	*PullRequest
	component.Choice
	// limit is how long a tool may run.
	limit time.Duration
}

// whole is how long a stage may take, with what it downloads and builds before its tool runs.
func (w *componentWork) whole() time.Duration { return 3 * w.limit }

// stages are all stages of the component, whatever becomes of them.
func (w *componentWork) stages(ctx context.Context) []report.Stage {
	c := w.Component
	if !w.Run {
		return []report.Stage{component.Skipped(c, w.Reason)}
	}
	after, before, err := w.judged(ctx)
	if err != nil {
		err = fmt.Errorf("%s could not be judged: %v", c.Path, plain(err))
	}
	base := map[string]*report.Stage{}
	for i := range before {
		base[before[i].Name] = &before[i]
	}
	stages := component.Complete(c, after, err)
	for i, stage := range stages {
		stages[i] = component.At(c, component.Weigh(c.Mode(stage.Name), stage, base[stage.Name]))
	}
	return stages
}

// judged are the stages over the component's folder, and those over the base's where they are asked for. What compares
// with the base by itself is not asked twice.
func (w *componentWork) judged(ctx context.Context) (after, before []report.Stage, err error) {
	defer recovered(&err)
	folder := w.Source.Directory(w.Component.Path)
	var base *dagger.Directory
	if w.Base != nil && !w.New {
		base = w.Base.Directory(w.Component.Path)
	}
	switch w.Component.Kind {
	case config.Manifests:
		after, err = w.manifests(ctx, folder, base)
		return after, nil, err
	case config.Terraform:
		after, err = w.terraform(ctx, folder, base)
		return after, nil, err
	case config.Java, config.Python, config.Train:
	default:
		return nil, nil, fmt.Errorf("there is no stage for components of kind %s", w.Component.Kind)
	}
	var safe []report.Stage
	var unsafe error
	var wait sync.WaitGroup
	wait.Go(func() { safe, unsafe = w.security(ctx, folder, base) })
	after, before, err = w.provenAgainst(ctx, folder, base)
	wait.Wait()
	return append(after, safe...), before, errors.Join(err, unsafe)
}

// recovered makes an error of a stage that broke: the others go on.
func recovered(err *error) {
	if broken := recover(); broken != nil {
		*err = fmt.Errorf("the stage broke: %v", broken)
	}
}

// provenAgainst are the stages that know nothing of a base, over the folder and over the base's where they are asked for.
func (w *componentWork) provenAgainst(ctx context.Context, folder, base *dagger.Directory) (after, before []report.Stage, err error) {
	if after, err = w.proven(ctx, folder); err != nil || base == nil {
		return after, nil, err
	}
	if blocks(after) {
		before, err = w.proven(ctx, base)
		return after, before, err
	}
	_, before, err = w.Esteira.known(ctx, w.what(), w.inputs(base))
	return after, before, err
}

// blocks says whether any of the stages does.
func blocks(stages []report.Stage) bool {
	for _, stage := range stages {
		if stage.Blocks() {
			return true
		}
	}
	return false
}

// what the component's stages make of its folder follows from this and from inputs.
func (w *componentWork) what() string {
	what := fmt.Sprintf("%s within %s", w.Component.Kind, w.limit)
	for _, skip := range w.Component.Skip {
		what += ", without " + skip.Stage
	}
	if w.Component.Kind == config.Train {
		what += ", approved by " + w.ApprovedBy
	}
	return what
}

func (w *componentWork) inputs(folder *dagger.Directory) []*dagger.Directory {
	if w.Component.Kind == config.Train {
		return []*dagger.Directory{folder, w.policy()}
	}
	return []*dagger.Directory{folder}
}

// policy is what is asked of a model, and which one production has: the base's, where there is one.
func (w *componentWork) policy() *dagger.Directory {
	whose := w.Source
	if w.Base != nil {
		whose = w.Base
	}
	return whose.Filter(dagger.DirectoryFilterOpts{Include: []string{policyFile, releaseFile}})
}

// proven are the stages over a folder that know nothing of a base.
func (w *componentWork) proven(ctx context.Context, folder *dagger.Directory) ([]report.Stage, error) {
	return w.Esteira.remembered(ctx, w.what(), w.inputs(folder), func() ([]report.Stage, error) {
		folder, err := here(ctx, folder)
		if err != nil {
			return nil, err
		}
		stages, _ := together(ctx, w.steps(folder))
		return stages, nil
	})
}

// steps are the component's stages but those that it opts out of, each with a span of its own and a limit.
func (w *componentWork) steps(folder *dagger.Directory) []step {
	var steps []step
	for _, s := range w.all(folder) {
		if _, skipped := w.Component.Skipped(s.name); !skipped {
			steps = append(steps, w.limited(s))
		}
	}
	return steps
}

// turns are for stages that run side by side: more than some at a time would wait for each other, and for nobody's good
// run out of their time.
var turns = make(chan struct{}, 2*runtime.NumCPU())

// inTurn waits for a turn, which the function that it returns gives back.
func inTurn(ctx context.Context) (func(), error) {
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// limited is a step within the limit, under a span of its own.
func (w *componentWork) limited(s step) step {
	return step{s.name, func(ctx context.Context) (*Result, error) {
		done, err := inTurn(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		ctx, span := Tracer().Start(ctx, w.Component.Name+": "+s.name)
		defer span.End()
		ctx, cancel := context.WithTimeout(ctx, w.whole())
		defer cancel()
		result, err := s.run(ctx)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("it ran past its time-out of %s and was stopped: look for what hangs, or give it more by --timeout", w.whole())
		}
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		return result, err
	}}
}

// all are the component's stages.
func (w *componentWork) all(folder *dagger.Directory) []step {
	e, limit := w.Esteira, w.limit.String()
	switch w.Component.Kind {
	case config.Java:
		j := e.Java(folder, nil, limit)
		return []step{
			{"build", j.Build},
			{"test", func(ctx context.Context) (*Result, error) { return j.Test(ctx, "") }},
			{"image", func(ctx context.Context) (*Result, error) { return e.imaged(ctx, j) }},
		}
	case config.Python:
		p := e.Python(folder, nil, limit)
		return append(pythonSteps(p), step{"image", func(ctx context.Context) (*Result, error) { return e.imaged(ctx, p) }})
	case config.Train:
		return append(pythonSteps(e.Python(folder, nil, limit)), step{"gate", func(ctx context.Context) (*Result, error) { return w.gate(ctx, folder) }})
	}
	return nil
}

func pythonSteps(p *Python) []step {
	return []step{
		{"lint", p.Lint},
		{"typecheck", p.Typecheck},
		{"test", func(ctx context.Context) (*Result, error) { return p.Test(ctx, "") }},
	}
}

// builder is what makes something before it is put into an image.
type builder interface {
	application
	Build(context.Context) (*Result, error)
}

// imaged is the image of an application, with its bill of materials, as a stage. Where nothing could be built there is none.
func (e *Esteira) imaged(ctx context.Context, a builder) (*Result, error) {
	built, err := a.Build(ctx)
	if err != nil {
		return nil, err
	}
	if stage, err := built.stage(); err != nil || stage.Status.Red() {
		stage.Name = "image"
		stage.Summary = "there is none, for it does not build: " + stage.Summary
		return resultOf(stage, err)
	}
	image, err := a.Image(ctx)
	if err != nil {
		return nil, err
	}
	made, err := image.result()
	if err != nil {
		return nil, err
	}
	stage, err := made.stage()
	if err != nil {
		return nil, err
	}
	bill, err := image.sbomResult(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := bill.stage()
	if err != nil {
		return nil, err
	}
	if listed.Status.Red() {
		stage.Status, stage.Remedy = listed.Status, listed.Remedy
	}
	stage.Facts = append(stage.Facts, report.Fact{Name: "bill of materials", Value: listed.Summary})
	return stageResult(stage, nil)
}

func resultOf(stage report.Stage, err error) (*Result, error) {
	if err != nil {
		return nil, err
	}
	return stageResult(stage, nil)
}

// gate judges the model. One that only waits for a person's approval does not block: nothing in a pull request is deployed,
// and who registers it is asked for the approval.
func (w *componentWork) gate(ctx context.Context, folder *dagger.Directory) (*Result, error) {
	folder = folder.Filter(dagger.DirectoryFilterOpts{Exclude: []string{"**/*.md", "tests", "requirements-dev.txt"}})
	folder, err := here(ctx, folder)
	if err != nil {
		return nil, err
	}
	policy, err := here(ctx, w.policy())
	if err != nil {
		return nil, err
	}
	t := w.Esteira.Training(folder, policy, "", nil, nil, nil, "", "", "", 0, "", w.limit.String())
	judgement, err := t.Gate(ctx, nil, w.ApprovedBy, "", nil, nil)
	if err != nil {
		return nil, err
	}
	stage, err := judgement.Result.stage()
	if err != nil {
		return nil, err
	}
	if judgement.Verdict == rubberStamp && stage.Status == report.Undecided {
		stage.Advisory = "it is good by itself, and production has none to compare it with: whoever registers it needs a person's approval"
	}
	return stageResult(stage, nil)
}

// manifests are the stages of a folder of manifests.
func (w *componentWork) manifests(ctx context.Context, folder, base *dagger.Directory) ([]report.Stage, error) {
	seen := w.Source.Filter(dagger.DirectoryFilterOpts{
		Include: append(within(w.Component.Also), policyFile, releaseFile),
		Exclude: []string{"**/tests"},
	})
	return w.comparing(ctx, w.what(), []*dagger.Directory{folder, base, seen}, func(ctx context.Context, folders []*dagger.Directory) ([]report.Stage, error) {
		return w.Esteira.Manifests(folders[0], folders[1], folders[2], nil).validate(ctx, func(check string) bool {
			_, skipped := w.Component.Skipped(check)
			return !skipped
		})
	})
}

// terraform are the stages of a folder of Terraform's configuration.
func (w *componentWork) terraform(ctx context.Context, folder, base *dagger.Directory) ([]report.Stage, error) {
	left := dagger.DirectoryFilterOpts{Exclude: []string{"**/.terraform", "**/*.go", "**/go.mod", "**/go.sum", "**/*.md"}}
	folder = folder.Filter(left)
	if base != nil {
		base = base.Filter(left)
	}
	return w.comparing(ctx, w.what(), []*dagger.Directory{folder, base, w.policy()}, func(ctx context.Context, folders []*dagger.Directory) ([]report.Stage, error) {
		t, err := w.Esteira.Terraform(ctx, folders[0], folders[1], TerraformToolOpentofu, nil, nil, nil, nil, "", folders[2])
		if err != nil {
			return nil, err
		}
		return t.judgements(ctx)
	})
}

// security are the stages that look for what is known of an application's packages, and of those in its image.
func (w *componentWork) security(ctx context.Context, folder, base *dagger.Directory) (stages []report.Stage, err error) {
	defer recovered(&err)
	_, noScan := w.Component.Skipped("scan")
	_, noImage := w.Component.Skipped("image-scan")
	noImage = noImage || w.Component.Kind == config.Train
	if noScan && noImage {
		return nil, nil
	}
	what := w.what() + ", scanned by the database of " + w.DatabaseURL
	if w.Database != nil {
		digest, err := w.Database.Digest(ctx)
		if err != nil {
			return nil, err
		}
		what = w.what() + ", scanned by the database " + digest
	}
	return w.comparing(ctx, what, []*dagger.Directory{folder, base, w.policy()}, func(ctx context.Context, folders []*dagger.Directory) ([]report.Stage, error) {
		s := w.Esteira.Security(folders[0], folders[1], w.Database, w.DatabaseURL, nil, folders[2])
		result, err := s.Validate(ctx, noImage)
		if err != nil {
			return nil, err
		}
		run, err := result.run()
		return run.Stages, err
	})
}

// comparing are stages that subtract by themselves what the base says too; a folder may be nil.
func (w *componentWork) comparing(ctx context.Context, what string, folders []*dagger.Directory,
	judge func(context.Context, []*dagger.Directory) ([]report.Stage, error),
) ([]report.Stage, error) {
	return w.Esteira.remembered(ctx, what, folders, func() ([]report.Stage, error) {
		done, err := inTurn(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		ctx, span := Tracer().Start(ctx, w.Component.Name)
		defer span.End()
		ctx, cancel := context.WithTimeout(ctx, w.whole())
		defer cancel()
		ours := make([]*dagger.Directory, len(folders))
		for i, folder := range folders {
			if folder == nil {
				continue
			}
			var err error
			if ours[i], err = here(ctx, folder); err != nil {
				return nil, err
			}
		}
		return judge(ctx, ours)
	})
}

// within are patterns of files and folders, and of all that is in them.
func within(paths []string) (patterns []string) {
	for _, name := range paths {
		patterns = append(patterns, name, strings.TrimSuffix(name, "/")+"/**")
	}
	return patterns
}
