package main

import (
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// goSDKPart is the image in which the engine compiles and runs Go modules:
// Debian, the host's Go, Dagger's code generator, and what every module would
// compile before its own first line.
func (h home) goSDKPart(debian, engine, cache part, tools toolchain) part {
	config := v1.Config{
		Env: []string{
			"PATH=/go/bin:/usr/local/go/bin:" + systemPath,
			"GOPATH=/go",
			"GOTOOLCHAIN=auto",
		},
		WorkingDir: "/",
	}
	inputs := append(config.Env, debian.key, engine.key, cache.key, tools.version, layerEpoch)
	return part{
		name: "go-sdk",
		key:  digest(append(inputs, notNeeded...)...),
		make: func(ctx context.Context, dir string) error {
			work, err := os.MkdirTemp(filepath.Dir(dir), "go-layer-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(work)
			layer := filepath.Join(work, layerFile)
			if err := goLayer(ctx, work, layer, tools.root, filepath.Join(h.partDir(engine), "codegen")); err != nil {
				return err
			}
			return writeImage(dir, config,
				filepath.Join(h.partDir(debian), layerFile), layer, filepath.Join(h.partDir(cache), layerFile))
		},
	}
}

// notNeeded is what a Go tool chain has for those who work on Go itself: almost
// half of its files. An empty engine unpacks all that is in the image.
var notNeeded = []string{
	"usr/local/go/api", "usr/local/go/doc", "usr/local/go/misc", "usr/local/go/test",
	"usr/local/go/src/cmd", "usr/local/go/src/*_test.go", "usr/local/go/src/*/testdata",
}

// goLayer writes a layer of the Go tool chain and the code generator. Links are
// followed, since Debian's own packages of Go are trees of links.
func goLayer(ctx context.Context, work, layer, root, codegen string) error {
	tree := filepath.Join(work, "tree")
	if err := os.MkdirAll(filepath.Join(tree, "usr/local/bin"), 0o755); err != nil {
		return err
	}
	links := map[string]string{"usr/local/go": root, "usr/local/bin/codegen": codegen}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(tree, name)); err != nil {
			return err
		}
	}
	args := []string{"--dereference", "--wildcards", "--mtime=@" + layerEpoch}
	for _, pattern := range notNeeded {
		args = append(args, "--exclude="+pattern)
	}
	return pack(ctx, tree, layer, append(args, "usr"))
}

// pack writes a folder's entries that args name as a layer.
func pack(ctx context.Context, tree, layer string, args []string) error {
	args = append([]string{"--create", "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--directory=" + tree}, args...)
	return compress(command(ctx, "tar", args...), layer, gzip.BestSpeed)
}

// fillCaches downloads and compiles what the module in $3 imports, with the Go
// of $2, below the root $1. Go notes at which path a module was compiled: it has
// to be the same as in the image. Archives of what is unpacked are left out.
const fillCaches = `set -eu
cd "$1"
mkdir -p dev etc proc run src tmp usr/local/go root/.cache/go-build go/pkg/mod
mount --rbind /dev dev
mount --rbind /proc proc
mount --bind /etc etc
mount --bind /run run
mount --bind "$2" usr/local/go
mount --bind "$3" src
chroot . /usr/local/go/bin/go mod tidy -C /src -diff
chroot . /usr/local/go/bin/go build -C /src
find go/pkg/mod/cache/download -name '*.zip' -delete
chmod 700 root`

// goCachePart is a layer of Go's caches as they are when the imports of the
// module in dir are compiled.
func goCachePart(dir string, tools toolchain) (part, error) {
	key, err := contents(dir, "go.mod", "go.sum", "sdk.go")
	if err != nil {
		return part{}, err
	}
	return part{
		name: "go-cache",
		key:  digest(key, fillCaches, tools.version, runtime.GOARCH),
		make: func(ctx context.Context, out string) error {
			tree := filepath.Join(out, "tree")
			defer os.RemoveAll(tree)
			if err := os.Mkdir(tree, 0o755); err != nil {
				return err
			}
			fill := isolated(ctx, "sh", "-c", fillCaches, "fill", tree, tools.root, dir)
			fill.Env = append(withoutGo(os.Environ()), "HOME=/root", "GOPATH=/go", "GOPROXY="+tools.proxy, "GOTOOLCHAIN=local", "CGO_ENABLED=0")
			if err := run(fill); err != nil {
				return err
			}
			return pack(ctx, tree, filepath.Join(out, layerFile), []string{"go", "root"})
		},
	}, nil
}

// withoutGo is an environment without the settings of somebody's Go.
func withoutGo(env []string) []string {
	var rest []string
	for _, entry := range env {
		if !strings.HasPrefix(entry, "GO") {
			rest = append(rest, entry)
		}
	}
	return rest
}
