package main

import (
	"context"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/python"
)

// makeLocks makes each lock by its command.
const makeLocks = `set -eu
for command in "$@"; do $command --quiet; done`

// Lock is the project's locks, made anew as far as pyproject.toml asks for it, for whoever has no uv: export it over the
// project's folder and look at the difference.
// +cache="never"
func (p *Python) Lock(ctx context.Context) (*dagger.Directory, error) {
	entries, err := p.Source.Entries(ctx)
	if err != nil {
		return nil, err
	}
	files, err := pick(ctx, p.Source, []string{python.Description, python.Runtime, python.Development, string(python.UVLock)})
	if err != nil {
		return nil, err
	}
	description, err := p.description(ctx, entries)
	if err != nil {
		return nil, err
	}
	// As if there were locks already.
	project, err := python.Detect(append(entries, python.Runtime, python.Development), description)
	if err != nil {
		return nil, err
	}
	commands, err := project.LockCommands()
	if err != nil {
		return nil, err
	}
	c, err := p.interpreter(ctx)
	if err != nil {
		return nil, err
	}
	made, err := p.Esteira.withCredentials(c).
		WithDirectory(sourcePath, files).
		WithWorkdir(sourcePath).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec(withTimeout(downloadLimit, append([]string{"sh", "-c", makeLocks, "lock"}, commands...)...)).
		Sync(ctx)
	if err != nil {
		return nil, p.plain(err)
	}
	return made.Directory(sourcePath).WithoutFile(python.Description), nil
}
