package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

const memoryPath = "/memory"

// recall fails where nothing is remembered under $KEY; remember keeps what is in /new, unless another call just did.
const (
	recall   = `cp -r "` + memoryPath + `/$KEY" /out`
	remember = `set -eu
part=$(mktemp -d "` + memoryPath + `/part.XXXXXX")
cp -r /new/. "$part"
mv -T "$part" "` + memoryPath + `/$KEY" 2>/dev/null || { rm -rf "$part"; test -d "` + memoryPath + `/$KEY"; }`
)

// memory is a place for what the same inputs come to, whoever asks: to put all of a step's inputs together again takes
// seconds even where each is remembered by the engine (docs/decisions/0028).
type memory struct{ container *dagger.Container }

// memory is the place for what `what` makes of the inputs: folders, and whatever else decides. The module's own code and
// settings always do.
func (e *Esteira) memory(ctx context.Context, what string, folders []*dagger.Directory, others ...string) (*memory, error) {
	parts, err := once(e, "itself", func() ([]string, error) { return e.itself(ctx) })
	if err != nil {
		return nil, err
	}
	parts = append(append([]string{what}, parts...), others...)
	for _, folder := range folders {
		digest := "none"
		if folder != nil {
			if digest, err = folder.Digest(ctx); err != nil {
				return nil, err
			}
		}
		parts = append(parts, digest)
	}
	key := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(key, "%d %s\n", len(part), part)
	}
	return &memory{e.Debian.
		WithMountedCache(memoryPath, dag.CacheVolume("esteira-memory")).
		WithEnvVariable("KEY", hex.EncodeToString(key.Sum(nil)))}, nil
}

// itself is what this module is, and how it was set.
func (e *Esteira) itself(ctx context.Context) ([]string, error) {
	archive, err := packed()
	if err != nil {
		return nil, err
	}
	code, err := dag.CurrentModule().Source().Digest(ctx)
	if err != nil {
		return nil, err
	}
	base, err := e.Debian.ID(ctx)
	if err != nil {
		return nil, err
	}
	tools := "built here"
	if e.ReadyTools != nil {
		if tools, err = e.ReadyTools.Digest(ctx); err != nil {
			return nil, err
		}
	}
	return []string{string(archive), code, string(base), tools, e.AptDate, e.AptMirror, e.MavenMirror, e.PypiIndex, e.NpmRegistry, e.GoProxy}, nil
}

// get is what was kept, or nil. A step that fails is not remembered by the engine, so it looks until there is something.
func (m *memory) get(ctx context.Context) (*dagger.Directory, error) {
	found, err := m.container.WithExec([]string{"sh", "-c", recall}).Directory("/out").Sync(ctx)
	if failed := new(dagger.ExecError); errors.As(err, &failed) {
		return nil, nil
	}
	return found, err
}

func (m *memory) put(ctx context.Context, folder *dagger.Directory) error {
	_, err := m.container.WithMountedDirectory("/new", folder).WithExec([]string{"sh", "-c", remember}).Sync(ctx)
	return err
}

// remembered is what the same inputs came to before, on the same day in UTC, where all of it was green; else what judge
// comes to. An acceptance ends with a day, and a database gets older by days: nothing green outlives its day, and what is
// red is always asked again.
func (e *Esteira) remembered(ctx context.Context, what string, folders []*dagger.Directory, judge func() ([]report.Stage, error)) ([]report.Stage, error) {
	memory, known, err := e.known(ctx, what, folders)
	if err != nil || known != nil {
		return known, err
	}
	stages, err := judge()
	if err != nil {
		return nil, err
	}
	for _, stage := range stages {
		if stage.Status.Red() {
			return stages, nil
		}
	}
	text, err := json.Marshal(stages)
	if err != nil {
		return nil, err
	}
	return stages, memory.put(ctx, dag.Directory().WithNewFile("stages.json", string(text)))
}

// known is what is remembered of today, if anything is, and the place for it.
func (e *Esteira) known(ctx context.Context, what string, folders []*dagger.Directory) (*memory, []report.Stage, error) {
	memory, err := e.memory(ctx, what, folders, time.Now().UTC().Format(time.DateOnly))
	if err != nil {
		return nil, nil, err
	}
	kept, err := memory.get(ctx)
	if err != nil || kept == nil {
		return memory, nil, err
	}
	stages, err := recalled(ctx, kept.File("stages.json"))
	return memory, stages, err
}

// recalled are stages that took their time before.
func recalled(ctx context.Context, file *dagger.File) ([]report.Stage, error) {
	text, err := file.Contents(ctx)
	if err != nil {
		return nil, err
	}
	var stages []report.Stage
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&stages); err != nil {
		return nil, fmt.Errorf("what was remembered is damaged: %v", err)
	}
	for i := range stages {
		if stages[i].Started.IsZero() {
			continue
		}
		before := fmt.Sprintf("the same was judged at %s, in %s", stages[i].Started.UTC().Format("15:04 UTC"), stages[i].Duration.Round(time.Millisecond*100))
		stages[i].Facts = append(stages[i].Facts, report.Fact{Name: report.Remembered, Value: before})
		stages[i].Started, stages[i].Duration = time.Now(), 0
	}
	return stages, nil
}
