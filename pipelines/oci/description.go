package oci

import (
	"bytes"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Description is what a person or a report wants to know of an image. Sizes are bytes as a registry
// stores them: compressed.
type Description struct {
	Digest   string             `json:"digest"`
	Config   string             `json:"config"`
	Platform string             `json:"platform"`
	Size     int64              `json:"size"`
	Layers   []LayerDescription `json:"layers"`
}

// LayerDescription is one layer, from the bottom up. Comment says what it is for, or which
// instruction of a Dockerfile made it; it is empty if the image's history does not tell.
type LayerDescription struct {
	Comment string `json:"comment"`
	Digest  string `json:"digest"`
	DiffID  string `json:"diffId"`
	Size    int64  `json:"size"`
}

// Describe reads an image's manifest and configuration. Size is the sum of manifest, configuration
// and layers: what a client downloads that has nothing yet.
func Describe(image v1.Image) (Description, error) {
	manifest, err := image.RawManifest()
	if err != nil {
		return Description{}, fmt.Errorf("manifest: %w", err)
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return Description{}, fmt.Errorf("image configuration: %w", err)
	}
	return describe(manifest, config)
}

func describe(rawManifest, rawConfig []byte) (Description, error) {
	digest, size, err := v1.SHA256(bytes.NewReader(rawManifest))
	if err != nil {
		return Description{}, fmt.Errorf("manifest: %w", err)
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(rawManifest))
	if err != nil {
		return Description{}, fmt.Errorf("manifest: %w", err)
	}
	config, err := v1.ParseConfigFile(bytes.NewReader(rawConfig))
	if err != nil {
		return Description{}, fmt.Errorf("image configuration: %w", err)
	}
	diffIDs := config.RootFS.DiffIDs
	if len(diffIDs) != len(manifest.Layers) {
		return Description{}, fmt.Errorf("image %s has %d layers, but its configuration names %d", digest, len(manifest.Layers), len(diffIDs))
	}
	description := Description{
		Digest:   digest.String(),
		Config:   manifest.Config.Digest.String(),
		Platform: config.OS + "/" + config.Architecture,
		Size:     size + manifest.Config.Size,
	}
	comments := layerComments(config.History, len(diffIDs))
	for i, layer := range manifest.Layers {
		description.Size += layer.Size
		description.Layers = append(description.Layers, LayerDescription{
			Comment: comments[i],
			Digest:  layer.Digest.String(),
			DiffID:  diffIDs[i].String(),
			Size:    layer.Size,
		})
	}
	return description, nil
}

// layerComments say what made each layer, or nothing at all if the history is of other layers.
func layerComments(history []v1.History, layers int) []string {
	var comments []string
	for _, entry := range history {
		if !entry.EmptyLayer {
			comments = append(comments, entry.CreatedBy)
		}
	}
	if len(comments) != layers {
		return make([]string, layers)
	}
	return comments
}
