// Package oci puts container images together so that equal content gives equal digests, whatever
// machine, clock, umask or build engine it comes from.
//
// Build engines cannot promise that: the layers that they write carry the wall-clock times of
// parent folders, and their image configuration says when it was made. Here folders become layers
// at one fixed time, with one owner and normalised modes, and compressed by a library whose version
// go.mod pins, so that not even a newer Go changes a digest. Nothing in this package talks to a
// network.
package oci

import (
	"errors"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Epoch is the time of every file and of the image itself: 1980-01-01 00:00 UTC, the earliest that
// a zip file can hold. Whoever prepares something that remembers file times, such as the JVM's AOT
// cache, gives its inputs this time first (`touch -d @315532800`).
var Epoch = time.Unix(315532800, 0).UTC()

// Image says what an image contains and how it starts.
type Image struct {
	// Layers from the bottom up. Put what changes rarely first.
	Layers []Layer
	// Entrypoint is the program and its first arguments; the program is an absolute path to an
	// executable file in one of the layers, because there may be no shell and no PATH to find it.
	Entrypoint []string
	// Cmd are the arguments that whoever starts the container may replace.
	Cmd []string
	// User is a numeric user, or user:group, for instance "65532:65532". Names are refused: an
	// orchestrator cannot tell whether a name is root.
	User string
	// AllowRoot permits user 0.
	AllowRoot bool
	// Env are KEY=value pairs.
	Env []string
	// WorkingDir is an absolute path, or empty for /.
	WorkingDir string
	// ExposedPorts are port/protocol, such as "8080/tcp".
	ExposedPorts []string
	// Labels go into the configuration, Annotations into the manifest. Both are part of the digest:
	// a commit or a time in them gives every build a digest of its own.
	Labels, Annotations map[string]string
	// OS and Architecture as Go names them: "linux", "amd64".
	OS, Architecture string
}

// Assemble makes the image, holding its compressed layers in memory.
//
// It fails without making anything if a field is invalid (all that are, are named at once), if a
// layer's folder is missing, empty or holds what an image cannot (see Layer), if a folder in one
// layer is a file or link in another, or if the entrypoint is not an executable file of the image.
func Assemble(image Image) (v1.Image, error) {
	if err := image.validate(); err != nil {
		return nil, err
	}
	contents, err := image.read()
	if err != nil {
		return nil, err
	}
	additions := make([]mutate.Addendum, len(contents))
	for i, files := range contents {
		layer, err := compress(files)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", image.Layers[i], err)
		}
		additions[i] = mutate.Addendum{
			Layer:     layer,
			MediaType: types.OCILayer,
			History: v1.History{
				Created:   v1.Time{Time: Epoch},
				CreatedBy: image.Layers[i].Comment,
				Comment:   "esteira",
			},
		}
	}
	return image.build(additions)
}

// read lists the files of all layers and checks that they fit on each other.
func (image Image) read() ([][]file, error) {
	contents := make([][]file, len(image.Layers))
	root := tree{}
	for i, layer := range image.Layers {
		files, err := layer.files()
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", layer, err)
		}
		if err := root.add(layer, files); err != nil {
			return nil, err
		}
		contents[i] = files
	}
	if err := root.executable(image.Entrypoint[0]); err != nil {
		return nil, fmt.Errorf("entrypoint %q: %w", image.Entrypoint[0], err)
	}
	return contents, nil
}

func (image Image) build(additions []mutate.Addendum) (v1.Image, error) {
	base := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	base = mutate.ConfigMediaType(base, types.OCIConfigJSON)
	base, err := mutate.ConfigFile(base, image.config())
	if err != nil {
		return nil, fmt.Errorf("image configuration: %w", err)
	}
	built, err := mutate.Append(base, additions...)
	if err != nil {
		return nil, fmt.Errorf("append layers: %w", err)
	}
	if len(image.Annotations) == 0 {
		return built, nil
	}
	annotated, ok := mutate.Annotations(built, image.Annotations).(v1.Image)
	if !ok {
		return nil, errors.New("annotations: go-containerregistry did not return an image")
	}
	return annotated, nil
}

func (image Image) config() *v1.ConfigFile {
	ports := make(map[string]struct{}, len(image.ExposedPorts))
	for _, port := range image.ExposedPorts {
		ports[port] = struct{}{}
	}
	return &v1.ConfigFile{
		Created:      v1.Time{Time: Epoch},
		OS:           image.OS,
		Architecture: image.Architecture,
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint:   image.Entrypoint,
			Cmd:          image.Cmd,
			User:         image.User,
			Env:          image.Env,
			WorkingDir:   image.WorkingDir,
			ExposedPorts: ports,
			Labels:       image.Labels,
		},
	}
}
