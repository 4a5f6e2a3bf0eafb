package main

import (
	"context"
	"sync"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/report"
)

// Validate is one report of what is known of a component's packages and of its image, and of acceptances in its policy.yaml
// that accept nothing any more.
// +cache="session"
func (s *Security) Validate(ctx context.Context,
	// The component has no image
	// +optional
	withoutImage bool,
) (*Result, error) {
	looks := []struct {
		name string
		run  look
	}{{"scan", (*Security).scan}, {"image-scan", (*Security).scanBuilt}}
	if withoutImage {
		looks = looks[:1]
	}
	started := time.Now()
	stages := make([]report.Stage, len(looks))
	judgements := make([]acceptance.Judgement, len(looks))
	files := make([]*dagger.Directory, len(looks))
	var wait sync.WaitGroup
	for i, c := range looks {
		wait.Go(func() { stages[i], judgements[i], files[i] = s.stage(ctx, c.name, c.run) })
	}
	wait.Wait()
	exceptions, err := s.exceptions(ctx)
	if err != nil {
		return nil, err
	}
	made := dag.Directory()
	decided := true
	for i, stage := range stages {
		decided = decided && stage.Status != report.Undecided
		if files[i] != nil {
			made = made.WithDirectory(looks[i].name, files[i])
		}
	}
	if decided { // who could not look does not know what is no longer there
		stage, err := policyStage(ctx, exceptions, judgements, s.Base, s.Source)
		if err != nil {
			return nil, err
		}
		stages = append(stages, stage)
	}
	return newResult(report.Run{Title: "security", Started: started, Duration: time.Since(started), Stages: stages}, made)
}
