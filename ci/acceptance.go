package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/report"
)

// judging is a check of a folder whose policy.yaml accepts some of what it finds.
type judging struct {
	name  string
	judge func(context.Context) (acceptance.Judgement, error)
}

// sideBySide are the stages of checks, and what each comes to.
func sideBySide(ctx context.Context, checks []judging) ([]report.Stage, []acceptance.Judgement, error) {
	stages, judgements := make([]report.Stage, len(checks)), make([]acceptance.Judgement, len(checks))
	work, ctx := errgroup.WithContext(ctx)
	for i, c := range checks {
		work.Go(func() (err error) {
			done := stopwatch(c.name)
			if judgements[i], err = c.judge(ctx); err != nil {
				return fmt.Errorf("%s: %v", c.name, err)
			}
			stages[i] = done(judgements[i].Stage(c.name))
			return nil
		})
	}
	return stages, judgements, work.Wait()
}

// policyStage is red by exceptions that accept nothing any more. Where there is a base it says that a change would change
// the policy, by which it is not judged itself.
func policyStage(ctx context.Context, exceptions []acceptance.Exception, judgements []acceptance.Judgement, base, source *dagger.Directory) (report.Stage, error) {
	stage := judged("policy", acceptance.Unused(exceptions, judgements), "take them out of "+acceptance.File)
	stage.Name = "policy"
	if base == nil {
		return stage, nil
	}
	before, err := policyText(ctx, base)
	if err != nil {
		return stage, err
	}
	after, err := policyText(ctx, source)
	if before != after {
		stage.Facts = []report.Fact{{Name: "changes", Value: acceptance.File + ": this change is judged by the base's, and its own holds once it is merged"}}
	}
	return stage, err
}

// policyText is the policy of a folder, or nothing where it has none.
func policyText(ctx context.Context, folder *dagger.Directory) (string, error) {
	there, err := folder.Exists(ctx, acceptance.File) // and no glob, which walks through all of a large folder
	if err != nil || !there {
		return "", err
	}
	return folder.File(acceptance.File).Contents(ctx)
}
