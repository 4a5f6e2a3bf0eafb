package main

import (
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
