package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// toolsPath is where an image of the toolbox has its tools.
const toolsPath = "/usr/local/bin"

// Toolbox holds the third-party tools that stages use, each a pinned Go module under ci/toolbox, built when first needed.
type Toolbox struct {
	// +private
	Esteira *Esteira
}

// Toolbox holds the third-party tools that stages use.
func (e *Esteira) Toolbox() *Toolbox { return &Toolbox{Esteira: e} }

// List names the tools.
func (t *Toolbox) List(ctx context.Context) ([]string, error) {
	pins, err := dag.CurrentModule().Source().Glob(ctx, "toolbox/*/go.mod")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, pin := range pins {
		names = append(names, pin[len("toolbox/"):len(pin)-len("/go.mod")])
	}
	slices.Sort(names)
	return names, nil
}

// Tool is one tool's executable file: the ready one where ready tools were handed in, else built from its pinned module.
// +cache="session"
func (t *Toolbox) Tool(ctx context.Context,
	// Name of the tool, as `toolbox list` prints it
	name string,
) (*dagger.File, error) {
	if t.Esteira.ReadyTools != nil {
		return t.Esteira.ReadyTools.File(name), nil
	}
	names, err := once(t.Esteira, "tools", func() ([]string, error) { return t.List(ctx) })
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("toolbox: no tool %q; there are %v", name, names)
	}
	return t.build(name), nil
}

// tool is a tool of the toolbox, which is there.
func (e *Esteira) tool(ctx context.Context, name string) (*dagger.File, error) {
	return once(e, "tool "+name, func() (*dagger.File, error) {
		tool, err := e.Toolbox().Tool(ctx, name)
		if err != nil {
			return nil, err
		}
		return tool.Sync(ctx)
	})
}

// begin has tools made side by side, while something else is done. What fails is said where they are needed.
func (e *Esteira) begin(ctx context.Context, names ...string) {
	for _, name := range names {
		go e.tool(ctx, name)
	}
}

// withTools is a container with tools of the toolbox in it.
func (e *Esteira) withTools(ctx context.Context, c *dagger.Container, names []string) (*dagger.Container, error) {
	e.begin(ctx, names...)
	for _, name := range names {
		tool, err := e.tool(ctx, name)
		if err != nil {
			return nil, err
		}
		c = c.WithMountedFile("/usr/local/bin/"+name, tool)
	}
	return c, nil
}

// build compiles a tool. A file is addressed by its content, a folder of the module is not (docs/decisions): so the two
// files of the pin are what the build is keyed by, and a change elsewhere in ci/ builds nothing again.
func (t *Toolbox) build(name string) *dagger.File { return t.buildFor(name, t.Esteira.golang()) }

// buildFor compiles a tool in a container that compiles Go, maybe for another architecture.
func (t *Toolbox) buildFor(name string, golang *dagger.Container) *dagger.File {
	pin := dag.CurrentModule().Source().Directory("toolbox/" + name)
	module := dag.Directory().
		WithFile("go.mod", pin.File("go.mod")).
		WithFile("go.sum", pin.File("go.sum"))
	return golang.
		WithMountedDirectory("/src", module).
		WithWorkdir("/src").
		WithExec([]string{"sh", "-c", buildTool, "build", "tool", "/out/" + name}).
		File("/out/" + name)
}

// buildTool builds the package $1 into the file $2. Programs that ask for their version find it in main.version. A module's
// sources are unpacked for its build alone: in the cache volume lies what was downloaded, which is a tenth of that.
const buildTool = `set -eu
PATH=$(go env GOROOT)/bin:$PATH
downloads=$(go env GOMODCACHE)/cache
export GOTOOLCHAIN=local GOMODCACHE=/sources
mkdir -p "$downloads" /sources
ln -s "$downloads" /sources/cache
version=$(go list -f '{{with .Module}}{{.Version}}{{end}}' "$1")
go build -ldflags="-s -w -X main.version=$version" -o "$2" "$1"
rm -rf /sources`

// Image is an image of all tools, a layer each, to be handed in by --tools-image.
// +cache="session"
func (t *Toolbox) Image(ctx context.Context) (*Image, error) {
	names, err := t.List(ctx)
	if err != nil {
		return nil, err
	}
	var layers []layer
	for _, name := range names {
		tool, err := t.Tool(ctx, name)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer{name, dag.Directory().WithFile(name, tool), toolsPath})
	}
	return t.Esteira.assemble(ctx, layers, "--entrypoint="+toolsPath+"/crane", "--annotation=org.opencontainers.image.title=toolbox")
}

// Publish pushes the image of all tools, signs it with cosign, and returns its reference with the digest. The signature
// lies beside it in the registry and is verified with the public key alone: `cosign verify --key … --insecure-ignore-tlog`.
// +cache="never"
func (t *Toolbox) Publish(ctx context.Context,
	// Where to push, such as registry.example/platform/toolbox:2026-11
	ref string,
	// Private key, as `cosign generate-key-pair` makes it
	key *dagger.Secret,
	// Password of the key
	keyPassword *dagger.Secret,
	// User at the registry
	// +optional
	username string,
	// Password or token at the registry
	// +optional
	password *dagger.Secret,
	// Registry on this machine, such as tcp://localhost:5000 for --ref registry:5000/app:1 (any name, the same port); it is
	// spoken to without TLS
	// +optional
	registry *dagger.Service,
) (string, error) {
	target, err := newRegistry(t.Esteira, ref, username, password, registry)
	if err != nil {
		return "", err
	}
	image, err := t.Image(ctx)
	if err != nil {
		return "", err
	}
	pushed, err := target.push(ctx, image.Archive)
	if err != nil {
		return "", err
	}
	return pushed, target.sign(ctx, pushed, key, keyPassword)
}
