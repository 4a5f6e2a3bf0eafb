package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// partsFile is where a folder pins its third-party parts.
const partsFile = "parts.yaml"

// parts is the folder of what stands in for the addresses of third-party manifests, keyed by the pins alone. It is empty
// where nothing is pinned.
func (m *Manifests) parts(ctx context.Context) (*dagger.Directory, error) {
	there, err := m.Source.Exists(ctx, partsFile)
	if err != nil || !there {
		return dag.Directory(), err
	}
	pins, err := m.Source.File(partsFile).Contents(ctx)
	if err != nil {
		return nil, err
	}
	command, err := m.Esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	return m.Esteira.golang().
		WithEnvVariable("GOTOOLCHAIN", goToolchain+"+auto").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithNewFile("/"+partsFile, pins).
		WithExec([]string{"esteira", "parts", "local", "--tell", "--parts=/" + partsFile, "--out=" + partsPath}).
		Directory(partsPath), nil
}
