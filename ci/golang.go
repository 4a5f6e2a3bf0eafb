package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira"
)

// goToolchain is fetched from the Go module proxy by the Go that Debian ships.
const goToolchain = "go1.26.4"

// golang is a container that compiles Go; modules and build results live in cache volumes. Nobody debugs what it makes: without
// DWARF the results take a quarter less room. The compiler lives for a second, and has no need to collect its garbage before it
// holds a gibibyte: that is a fifth of its work.
func (e *Esteira) golang() *dagger.Container {
	return e.withCredentials(e.apt("ca-certificates", "git", "golang-go")).
		WithEnvVariable("GOTOOLCHAIN", goToolchain).
		WithEnvVariable("CGO_ENABLED", "0").
		WithEnvVariable("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false -gcflags=all=-dwarf=false").
		WithEnvVariable("GOGC", "off").
		WithEnvVariable("GOMEMLIMIT", "1GiB").
		WithMountedCache("/root/go/pkg/mod", dag.CacheVolume("esteira-go-mod")).
		WithMountedCache("/root/.cache/go-build", dag.CacheVolume("esteira-go-build"))
}

// buildCommand compiles our own command line from the archive /source.
const buildCommand = `set -eu
mkdir /src && tar -xf /source -C /src
cd /src && go build -ldflags="-s -w" -o /out/esteira ./pipelines/cmd/esteira`

// command is our own command line, compiled from the source that travels with this module: the work that is better
// cached as a layer. The source is handed on as one file, because a request for each of hundreds takes half a second.
func (e *Esteira) command(ctx context.Context) (*dagger.File, error) {
	return once(e, "command", func() (*dagger.File, error) {
		archive, err := packed()
		if err != nil {
			return nil, err
		}
		source, err := hereFile("source.tar", archive)
		if err != nil {
			return nil, err
		}
		return e.golang().
			WithFile("/source", source).
			WithExec([]string{"sh", "-c", buildCommand}).
			File("/out/esteira").
			Sync(ctx)
	})
}

// packed is the source as a tar archive, always the same for the same source, without tests, which are half of it.
func packed() ([]byte, error) {
	var text bytes.Buffer
	archive := tar.NewWriter(&text)
	err := fs.WalkDir(esteira.Source, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case entry.IsDir() || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		content, err := fs.ReadFile(esteira.Source, path)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = archive.Write(content)
		return err
	})
	err = errors.Join(err, archive.Close())
	return text.Bytes(), err
}
