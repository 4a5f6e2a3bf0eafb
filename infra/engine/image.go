package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// debianPart is a Debian system as a layer, with the packages named and the
// host's certificates in it.
func debianPart(name string, packages ...string) (part, error) {
	certificates, err := hostTrust()
	if err != nil {
		return part{}, err
	}
	args := append(bootstrapArgs(packages...), mirrorArgs(os.Getenv("ESTEIRA_APT_MIRROR"))...)
	return part{
		name: name,
		key:  digest(append(args, string(certificates), layerEpoch, runtime.GOARCH)...),
		make: func(ctx context.Context, dir string) error {
			return bootstrap(ctx, args, filepath.Join(dir, layerFile))
		},
	}, nil
}

// layerFile is the name of a layer inside its part.
const layerFile = "layer.tar.gz"

// baseImagePart is the image debian:trixie-slim.
func (h home) baseImagePart(debian part) part {
	env := []string{"PATH=" + systemPath}
	return part{
		name: "base-image",
		key:  digest(append(env, debian.key)...),
		make: func(_ context.Context, dir string) error {
			return writeImage(dir, v1.Config{Env: env, Cmd: []string{"bash"}}, filepath.Join(h.partDir(debian), layerFile))
		},
	}
}

// goSDKPart is the image in which the engine compiles and runs Go modules:
// Debian, the host's Go, and Dagger's code generator.
func (h home) goSDKPart(debian, engine part, tools toolchain) part {
	config := v1.Config{
		Env: []string{
			"PATH=/go/bin:/usr/local/go/bin:" + systemPath,
			"GOPATH=/go",
			"GOTOOLCHAIN=auto",
		},
		WorkingDir: "/",
	}
	return part{
		name: "go-sdk",
		key:  digest(append(config.Env, debian.key, engine.key, tools.version, layerEpoch)...),
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
			return writeImage(dir, config, filepath.Join(h.partDir(debian), layerFile), layer)
		},
	}
}

// goLayer writes a layer of the Go tool chain and the code generator. Links are
// followed, since Debian's own packages of Go are trees of links.
func goLayer(ctx context.Context, work, layer, root, codegen string) error {
	tree := filepath.Join(work, "tree")
	for _, dir := range []string{"usr/local/bin", "go/pkg/mod", "root/.cache/go-build"} {
		if err := os.MkdirAll(filepath.Join(tree, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(tree, "root"), 0o700); err != nil {
		return err
	}
	links := map[string]string{"usr/local/go": root, "usr/local/bin/codegen": codegen}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(tree, name)); err != nil {
			return err
		}
	}
	pack := command(ctx, "tar", "--create", "--dereference", "--sort=name", "--numeric-owner",
		"--owner=0", "--group=0", "--mtime=@"+layerEpoch, "--directory="+tree, ".")
	return compress(pack, layer, gzip.BestSpeed)
}

// writeImage writes layers and configuration as a folder in OCI layout.
func writeImage(dir string, config v1.Config, layers ...string) error {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, file := range layers {
		layer, err := tarball.LayerFromFile(file, tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return fmt.Errorf("layer %s: %w", file, err)
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return fmt.Errorf("layer %s: %w", file, err)
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.Architecture, file.OS, file.Config = runtime.GOARCH, "linux", config
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return err
	}
	out, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return out.AppendImage(image)
}

// readImage reads the one image of a folder that writeImage wrote.
func readImage(dir string) (v1.Image, v1.Hash, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, v1.Hash{}, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, v1.Hash{}, err
	}
	if n := len(manifest.Manifests); n != 1 {
		return nil, v1.Hash{}, fmt.Errorf("%s holds %d images, not one: remove it and call again", dir, n)
	}
	hash := manifest.Manifests[0].Digest
	image, err := index.Image(hash)
	return image, hash, err
}
