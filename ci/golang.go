package main

import (
	"io/fs"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira"
)

// goToolchain is fetched from the Go module proxy by the Go that Debian ships.
const goToolchain = "go1.26.4"

// golang is a container that compiles Go; modules and build results live in cache volumes.
func (e *Esteira) golang() *dagger.Container {
	return e.withCredentials(e.apt("ca-certificates", "git", "golang-go")).
		WithEnvVariable("GOTOOLCHAIN", goToolchain).
		WithEnvVariable("CGO_ENABLED", "0").
		WithEnvVariable("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false").
		WithMountedCache("/root/go/pkg/mod", dag.CacheVolume("esteira-go-mod")).
		WithMountedCache("/root/.cache/go-build", dag.CacheVolume("esteira-go-build"))
}

// buildPackage builds the package $1 into the file $2. Programs that ask for their version find it in main.version.
const buildPackage = `set -eu
version=$(go list -f '{{with .Module}}{{.Version}}{{end}}' "$1")
exec go build -ldflags="-s -w -X main.version=$version" -o "$2" "$1"`

// goBuild compiles one package of a module.
func (e *Esteira) goBuild(module *dagger.Directory, pkg, name string) *dagger.File {
	return e.golang().
		WithMountedDirectory("/src", module).
		WithWorkdir("/src").
		WithExec([]string{"sh", "-c", buildPackage, "build", pkg, "/out/" + name}).
		File("/out/" + name)
}

// command is our own command line, compiled from the source that travels with this module: the work that is better
// cached as a layer.
func (e *Esteira) command() (*dagger.File, error) {
	source := dag.Directory()
	err := fs.WalkDir(esteira.Source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(esteira.Source, path)
		if err != nil {
			return err
		}
		source = source.WithNewFile(path, string(text))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return e.goBuild(source, "./pipelines/cmd/esteira", "esteira"), nil
}
