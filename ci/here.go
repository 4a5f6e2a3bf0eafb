package main

import (
	"context"
	"os"
	"path"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// here is a folder as one of its own, whose digest follows from its content and from nothing beside it: a stage over it is
// remembered whatever changes elsewhere (docs/decisions/0003).
func here(ctx context.Context, folder *dagger.Directory) (*dagger.Directory, error) {
	digest, err := folder.Digest(ctx)
	if err != nil {
		return nil, err
	}
	name := path.Join("in", digest)
	if _, err := folder.Export(ctx, name); err != nil {
		return nil, err
	}
	return dag.CurrentModule().Workdir(name), nil
}

// hereFile is a file with this content. A text by itself would be part of the name of whatever is made of it, and so of every
// request.
func hereFile(name string, content []byte) (*dagger.File, error) {
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return nil, err
	}
	return dag.CurrentModule().WorkdirFile(name), nil
}
