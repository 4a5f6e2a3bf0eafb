package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// step is one stage of a run.
type step struct {
	name string
	run  func(context.Context) (*Result, error)
}

// convey runs groups of steps one after another, the steps of a group side by side. What comes after a red step is
// skipped: nothing is shipped that was not proven.
func convey(ctx context.Context, title string, groups ...[]step) (*Result, error) {
	run := report.Run{Title: title, Started: time.Now()}
	files := dag.Directory()
	var red []string
	for _, group := range groups {
		if len(red) > 0 {
			for _, s := range group {
				run.Stages = append(run.Stages, report.Stage{
					Name: s.name, Status: report.Skipped, Summary: "not run, because of " + strings.Join(red, " and "),
				})
			}
			continue
		}
		stages, made := together(ctx, group)
		for i, stage := range stages {
			run.Stages = append(run.Stages, stage)
			if stage.Status.Red() {
				red = append(red, stage.Name)
			}
			files = files.WithDirectory(stage.Name, made[i])
		}
	}
	run.Duration = time.Since(run.Started)
	// Without the folders of stages that made nothing.
	return newResult(run, files.Filter(dagger.DirectoryFilterOpts{Include: []string{"*/*"}}))
}

// join is one run of several: the stages and files of each under its name, or under their own where that is empty.
func join(title string, names []string, results []*Result) (*Result, error) {
	joined := report.Run{Title: title}
	files := dag.Directory()
	for i, result := range results {
		run, err := result.run()
		if err != nil {
			return nil, err
		}
		if joined.Started.IsZero() || run.Started.Before(joined.Started) {
			joined.Started = run.Started
		}
		joined.Duration = max(joined.Duration, run.Started.Add(run.Duration).Sub(joined.Started))
		for _, stage := range run.Stages {
			stage.Name = strings.TrimSpace(names[i] + " " + stage.Name)
			joined.Stages = append(joined.Stages, stage)
		}
		files = files.WithDirectory(names[i], result.Files)
	}
	return newResult(joined, files.Filter(dagger.DirectoryFilterOpts{Include: []string{"*/*"}}))
}

// together runs steps side by side and waits for all.
func together(ctx context.Context, group []step) ([]report.Stage, []*dagger.Directory) {
	stages, files := make([]report.Stage, len(group)), make([]*dagger.Directory, len(group))
	var wait sync.WaitGroup
	for i, s := range group {
		wait.Go(func() { stages[i], files[i] = s.do(ctx) })
	}
	wait.Wait()
	return stages, files
}

// do times a step. An error says nothing about the work, and neither does a panic: the stage is undecided.
func (s step) do(ctx context.Context) (stage report.Stage, files *dagger.Directory) {
	done := stopwatch(s.name)
	defer func() {
		if broken := recover(); broken != nil {
			stage = done(report.Stage{
				Status: report.Undecided, Summary: fmt.Sprintf("the stage broke: %v", broken), Remedy: "tell the platform team", Log: string(debug.Stack()),
			})
			files = dag.Directory()
		}
	}()
	result, err := s.run(ctx)
	if err != nil {
		return done(report.Stage{Status: report.Undecided, Summary: err.Error(), Remedy: "mend the cause and call again"}), dag.Directory()
	}
	stage, err = result.stage()
	if err != nil {
		return done(report.Stage{Status: report.Undecided, Summary: err.Error(), Remedy: fmt.Sprintf("call %s alone", s.name)}), dag.Directory()
	}
	return done(stage), result.Files
}
