package main

import (
	"context"
	"net/url"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/python"
)

// What a project needs before its source is looked at: uv, a lock that fits, and what the lock names. Every step is keyed
// by the files that describe the project, and none of them by its source.
const (
	venvPath     = "/venv"
	backendPath  = "/backend"
	lockedPath   = "/locked"
	unlockedPath = backendPath + "/unlocked.txt"
)

// checkLocks fails unless each lock is what uv makes of pyproject.toml when it starts from that lock: versions that still fit
// stay. Comments do not count. Arguments, for each lock: its name, the command that makes it, that command's own flags, and ";".
const checkLocks = `set -eu
plain() { grep -Ev '^ *(#|$)' "$1" || true; }
mkdir -p ` + lockedPath + `
while [ $# -gt 0 ]; do
  lock=$1 command=$2 flags=; shift 2
  while [ "$1" != ";" ]; do flags="$flags $1"; shift; done; shift
  cp "$lock" /tmp/again.txt
  uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version ` + python.PythonVersion + ` $flags \
    ` + python.Description + ` --output-file /tmp/again.txt >/dev/null
  plain "$lock" >/tmp/was; plain /tmp/again.txt >/tmp/is
  if ! diff -u --label "$lock" --label ` + python.Description + ` /tmp/was /tmp/is; then
    echo "esteira: $lock` + python.StaleWords + `$command" >&2
    exit 3
  fi
  cp "$lock" ` + lockedPath + `/
done`

// exportLock makes the two files of a uv.lock, which has to fit.
const exportLock = `set -eu
mkdir -p ` + lockedPath + `
uv export --quiet --locked --no-emit-project --no-annotate --no-header --no-dev --output-file ` + lockedPath + `/` + python.Runtime + ` >/dev/null
uv export --quiet --locked --no-emit-project --no-annotate --no-header --output-file ` + lockedPath + `/` + python.Development + ` >/dev/null`

// wholeLock is the lock of all that the project's development needs.
const wholeLock = `lock=` + lockedPath + `/` + python.Development + `
[ -f "$lock" ] || lock=` + lockedPath + `/` + python.Runtime

// installVenv makes the environment of the tools and tests: what the lock names, each file of it with a hash of the lock.
const installVenv = `set -eu
` + wholeLock + `
uv venv --quiet --python python3 ` + venvPath + `
uv pip install --python ` + venvPath + ` --no-deps --require-hashes --requirement "$lock"`

// installBackend puts what builds the project (PEP 517) into a folder of its own, so that no test sees it: the
// requirements of [build-system], and those that the backend asks for when it has read pyproject.toml. What the lock
// names has the lock's version and hash; the others are listed. $1 is the backend, the rest its requirements.
const installBackend = `set -eu
` + wholeLock + `
backend=$1; shift
install() { uv pip install --quiet --target ` + backendPath + ` --constraint "$lock" "$@"; }
mkdir -p ` + backendPath + `
[ $# -eq 0 ] || install "$@"
PYTHONPATH=` + backendPath + ` python3 - "$backend" >/tmp/more.txt <<'END'
import importlib, sys
module, _, attribute = sys.argv[1].partition(":")
for hook in ("get_requires_for_build_wheel", "get_requires_for_build_editable"):
    try:
        backend = importlib.import_module(module)
        for name in attribute.split(".") if attribute else []:
            backend = getattr(backend, name)
        print(*getattr(backend, hook, lambda _: [])({}), sep="\n")
    except Exception as error:  # it needs the source; what is missing then, uv says when it builds
        print(f"{sys.argv[1]}.{hook}: {error}", file=sys.stderr)
END
if grep -q . /tmp/more.txt; then install --requirement /tmp/more.txt; fi
for package in $(uv pip freeze --path ` + backendPath + `); do
  grep -qF "$package " "$lock" || echo "$package"
done >` + unlockedPath

// uv is the executable of uv, from PyPI, by the hashes of ci/toolbox/uv.
func (e *Esteira) uv(ctx context.Context) (*dagger.File, error) {
	pin, err := dag.CurrentModule().Source().File("toolbox/uv/requirements.txt").Contents(ctx)
	if err != nil {
		return nil, err
	}
	// Only when it is very verbose does pip say that an index wants a password.
	install := []string{"/uv/bin/pip", "install", "-vv", "--no-input", "--no-cache-dir", "--no-deps", "--require-hashes",
		"--only-binary=:all:", "--requirement=/uv.txt"}
	if index, err := url.Parse(e.PypiIndex); err == nil && index.Scheme == "http" {
		install = append(install, "--trusted-host="+index.Host) // whoever named the index said http; the hashes tell what came
	}
	return e.withCredentials(e.debianPython()).
		WithNewFile("/uv.txt", pin).
		WithExec([]string{"python3", "-m", "venv", "/uv"}).
		WithExec(withTimeout(downloadLimit, install...)).
		File("/uv/bin/uv"), nil
}

func (e *Esteira) debianPython() *dagger.Container {
	return e.apt("ca-certificates", "python3", "python3-venv")
}

// interpreter is the container that has Python and uv.
func (p *Python) interpreter(ctx context.Context) (*dagger.Container, error) {
	c := p.Base
	if c == nil {
		c = p.Esteira.debianPython()
	}
	return p.Esteira.withUv(ctx, c)
}

// withUv adds uv to a container. What it downloads is kept nowhere but in what it installs: a cache that all projects of an
// engine shared could be poisoned by one whose dependency runs code when it is built.
func (e *Esteira) withUv(ctx context.Context, c *dagger.Container) (*dagger.Container, error) {
	uv, err := e.uv(ctx)
	if err != nil {
		return nil, err
	}
	if index := e.PypiIndex; index != "" {
		c = c.WithEnvVariable("UV_DEFAULT_INDEX", index)
	}
	return c.
		WithMountedFile("/usr/local/bin/uv", uv).
		WithMountedTemp("/root/.cache/uv").
		WithEnvVariable("UV_SYSTEM_CERTS", "1").
		WithEnvVariable("UV_LINK_MODE", "copy").
		WithEnvVariable("UV_NO_PROGRESS", "1").
		WithEnvVariable("UV_PYTHON_DOWNLOADS", "never"), nil
}

// pythonTool is a container with what a lock of Python's names, each file of it with a hash of the lock. It is keyed by
// the lock alone, and has no credentials. Python's own compiled files are made once, here.
func (e *Esteira) pythonTool(ctx context.Context, lock string) (*dagger.Container, error) {
	const path = "/tool"
	installer, err := e.withUv(ctx, e.withCredentials(e.debianPython()))
	if err != nil {
		return nil, err
	}
	installed := installer.
		WithNewFile("/requirements.txt", lock).
		WithExec([]string{"uv", "venv", "--quiet", "--python=python3", path}).
		WithExec(withTimeout(downloadLimit, "uv", "pip", "install", "--quiet", "--python="+path, "--compile-bytecode",
			"--no-deps", "--require-hashes", "--requirement=/requirements.txt"))
	return e.debianPython().
		WithMountedDirectory(path, installed.Directory(path)).
		WithEnvVariable("PATH", path+"/bin:${PATH}", dagger.ContainerWithEnvVariableOpts{Expand: true}), nil
}

// locks is a folder with requirements.txt and, where the project has more for its development, requirements-dev.txt: they
// fit pyproject.toml, and every line has its hashes.
func (p *Python) locks(ctx context.Context, c *dagger.Container, project python.Project) (*dagger.Directory, error) {
	names := []string{python.Description, python.Runtime, python.Development}
	if project.Lock == python.UVLock {
		names = []string{python.Description, string(python.UVLock)}
	}
	files, err := pick(ctx, p.Source, names)
	if err != nil {
		return nil, err
	}
	var command []string
	switch project.Lock {
	case python.Alone:
		return files, nil
	case python.UVLock:
		command = []string{"sh", "-c", exportLock}
	case python.Compiled:
		command = []string{"sh", "-c", checkLocks, "check"}
		for _, lock := range project.Locks() {
			command = append(command, lock, python.Compile(lock))
			command = append(append(command, python.Flags(lock)...), ";")
		}
	}
	return p.Esteira.withCredentials(c).
		WithMountedDirectory(sourcePath, files).
		WithWorkdir(sourcePath).
		WithExec(withTimeout(downloadLimit, command...)).
		Directory(lockedPath), nil
}

// environment is the container in which the project's tools run. It has no credentials: a test needs none.
func (p *Python) environment(ctx context.Context, project python.Project) (*dagger.Container, error) {
	c, err := p.interpreter(ctx)
	if err != nil {
		return nil, err
	}
	locked, err := p.locks(ctx, c, project)
	if err != nil {
		return nil, err
	}
	installer, described, err := p.installers(ctx, c, locked, project)
	if err != nil {
		return nil, err
	}
	venv := installer.WithExec(withTimeout(downloadLimit, "sh", "-c", installVenv))
	tools := c.
		WithMountedDirectory(venvPath, venv.Directory(venvPath)).
		WithEnvVariable("VIRTUAL_ENV", venvPath).
		WithEnvVariable("PATH", venvPath+"/bin:${PATH}", dagger.ContainerWithEnvVariableOpts{Expand: true})
	if !project.Packaged() {
		return tools, nil
	}
	install := append([]string{"sh", "-c", installBackend, "backend", project.BuildBackend}, project.BuildRequires...)
	backend := described.WithExec(withTimeout(downloadLimit, install...))
	return tools.WithMountedDirectory(backendPath, backend.Directory(backendPath)), nil
}

// installers have the locks and the credentials of private indexes, the second pyproject.toml too. The first has it only
// where it configures uv: another setting in it then installs nothing again.
func (p *Python) installers(ctx context.Context, c *dagger.Container, locked *dagger.Directory, project python.Project) (
	installer, described *dagger.Container, err error,
) {
	installer = p.Esteira.withCredentials(c).WithMountedDirectory(lockedPath, locked).WithWorkdir(sourcePath)
	description, err := pick(ctx, p.Source, []string{python.Description})
	if err != nil || description == nil {
		return installer, installer, err
	}
	described = installer.WithMountedDirectory(sourcePath, description)
	if project.ConfiguresUV {
		return described, described, nil
	}
	return installer, described, nil
}
