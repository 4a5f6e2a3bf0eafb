package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/python"
)

// sitePath is where Debian's Python looks for what Debian did not package.
const sitePath = "/usr/local/lib/python" + python.PythonVersion + "/dist-packages"

// pythonPackages are the Debian packages that Python needs: the interpreter and its library, what the library and the
// usual wheels link to, and the files that say which Debian this is. The last ones are the links python3 and python.
var pythonPackages = []string{
	"base-files", "ca-certificates", "gcc-14-base", "libbz2-1.0", "libc6", "libexpat1", "libffi8", "libgcc-s1", "liblzma5",
	"libpython3.13-minimal", "libpython3.13-stdlib", "libsqlite3-0", "libssl3t64", "libstdc++6", "libuuid1", "libzstd1",
	"media-types", "netbase", "python3.13-minimal", "tzdata", "zlib1g", "python3-minimal", "python-is-python3",
}

// compile makes byte code that is never checked against its source: both lie in a layer that does not change (PEP 552). One
// process, one order of files and one seed of hashes make equal byte code of equal sources. $1 is the folder, $2 its path
// in the image.
const compile = `compile() { PYTHONHASHSEED=0 python3 -m compileall -q -j1 --invalidation-mode unchecked-hash -s "$1" -p "$2" "$1"; }
`

// compileLibrary compiles Python's own library.
const compileLibrary = `set -eu
` + compile + `compile /rootfs/usr/lib/python` + python.PythonVersion + ` /usr/lib/python` + python.PythonVersion

// installRuntime installs what the lock names, and compiles it. A module that cannot be compiled stays as it is: some
// packages ship templates. Left out is what nothing at run time asks for: commands (their first line names the Python that
// installed them), stubs for type checkers, and packages' own tests.
const installRuntime = `set -eu
` + compile + checkPython + `
uv pip install --target /site --no-deps --require-hashes --requirement ` + lockedPath + `/` + python.Runtime + `
mkdir -p /site
rm -rf /site/bin /site/.lock
find /site -mindepth 2 -type d -name tests -prune -exec rm -rf {} +
find /site -name '*.pyi' -delete
compile /site ` + sitePath + ` || echo 'some modules are not compiled' >&2`

// installApplication installs a wheel, alone, and compiles it. Of the wheel's file uv writes down when it
// was last changed, for a cache that an image has not.
const installApplication = `set -eu
` + compile + checkPython + `
uv pip install --quiet --target /site --no-deps --no-index --find-links /wheel "$1"
rm -rf /site/bin /site/.lock /site/*.dist-info/uv_cache.json
sed -i '/uv_cache\.json/d' /site/*.dist-info/RECORD
compile /site ` + sitePath

// checkPython fails where the Python of --base is not the image's.
const checkPython = `have=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$have" = ` + python.PythonVersion + ` ] || { echo "esteira: ` + python.WrongPythonWords + `$have" >&2; exit 3; }
`

// Image puts the application's image together, without a Dockerfile: Debian's Python, the runtime dependencies, and the
// wheel, a layer each. It starts `python -m` with the wheel's package, runs as user 65532 and has no shell. A folder that
// has a Dockerfile is built by that instead.
// +cache="session"
func (p *Python) Image(ctx context.Context) (*Image, error) {
	entries, err := p.Source.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if slices.Contains(entries, "Dockerfile") {
		return p.Esteira.imported(ctx, p.Source.DockerBuild().AsTarball())
	}
	built, err := p.Build(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := built.Check(); err != nil {
		return nil, err
	}
	files, err := built.Files.Entries(ctx)
	if err != nil {
		return nil, err
	}
	_, wheel, err := python.ParseWheel(files)
	if err != nil {
		return nil, err
	}
	c, err := p.interpreter(ctx)
	if err != nil {
		return nil, err
	}
	application, err := c.WithMountedDirectory("/wheel", built.Files).
		WithExec([]string{"sh", "-c", installApplication, "install", wheel.Distribution}).
		Sync(ctx)
	if err != nil {
		return nil, p.plain(err)
	}
	return p.assemble(ctx, c, application.Directory("/site"), wheel)
}

// assemble makes the layers of an application that was installed, what changes rarely first.
func (p *Python) assemble(ctx context.Context, c *dagger.Container, application *dagger.Directory, wheel python.Wheel) (*Image, error) {
	mains, err := application.Glob(ctx, "*/__main__.py")
	if err != nil {
		return nil, err
	}
	main, err := python.MainPackage(mains)
	if err != nil {
		return nil, err
	}
	dependencies, err := p.runtime(ctx, c)
	if err != nil {
		return nil, err
	}
	layers := []layer{{"debian", p.Esteira.pythonRoot(), "/"}}
	if dependencies != nil {
		layers = append(layers, layer{"dependencies", dependencies, sitePath})
	}
	layers = append(layers, layer{"application", application, sitePath})
	return p.Esteira.assemble(ctx, layers, append(entrypoint([]string{"/usr/bin/python3", "-m", main}),
		"--expose=8080/tcp", "--env=PYTHONUNBUFFERED=1", "--env=PYTHONDONTWRITEBYTECODE=1",
		"--annotation=org.opencontainers.image.title="+wheel.Distribution, "--annotation=org.opencontainers.image.version="+wheel.Version)...)
}

// runtime is the folder of the runtime dependencies, or nil where there are none.
func (p *Python) runtime(ctx context.Context, c *dagger.Container) (*dagger.Directory, error) {
	project, err := p.project(ctx)
	if err != nil {
		return nil, err
	}
	locked, err := p.locks(ctx, c, project)
	if err != nil {
		return nil, err
	}
	installer, _, err := p.installers(ctx, c, locked, project)
	if err != nil {
		return nil, err
	}
	site := installer.WithExec(withTimeout(downloadLimit, "sh", "-c", installRuntime)).Directory("/site")
	entries, err := site.Entries(ctx)
	if err != nil {
		return nil, p.plain(err)
	}
	if len(entries) == 0 {
		return nil, nil
	}
	return site, nil
}

// plain is why a step failed, in the words of the diagnosis.
func (p *Python) plain(err error) error {
	var failed *dagger.ExecError
	if !errors.As(err, &failed) {
		return err
	}
	d := python.Diagnose(failed.Stdout+"\n"+failed.Stderr, sourcePath)
	return fmt.Errorf("%s\n%s → %s", plain(err), d.Summary, d.Remedy)
}

// pythonRoot is the root file system that has Python, compiled.
func (e *Esteira) pythonRoot() *dagger.Directory {
	return e.debianPython().
		WithDirectory("/rootfs", e.rootFS(pythonPackages...)).
		WithExec([]string{"sh", "-c", compileLibrary}).
		Directory("/rootfs")
}
