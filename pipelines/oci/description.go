package oci

import (
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

// LayerDescription is one layer, from the bottom up.
type LayerDescription struct {
	Comment string `json:"comment"`
	Digest  string `json:"digest"`
	DiffID  string `json:"diffId"`
	Size    int64  `json:"size"`
}

// Describe reads the description from an image's manifest and configuration. Size is the sum of
// manifest, configuration and layers: what a client downloads that has nothing yet.
func Describe(image v1.Image) (Description, error) {
	digest, err := image.Digest()
	if err != nil {
		return Description{}, fmt.Errorf("image digest: %w", err)
	}
	size, err := image.Size()
	if err != nil {
		return Description{}, fmt.Errorf("manifest size: %w", err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		return Description{}, fmt.Errorf("manifest: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return Description{}, fmt.Errorf("image configuration: %w", err)
	}
	comments := layerComments(config.History)
	if len(comments) != len(manifest.Layers) || len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		return Description{}, fmt.Errorf("image %s has %d layers, but %d history entries and %d diff IDs",
			digest, len(manifest.Layers), len(comments), len(config.RootFS.DiffIDs))
	}
	description := Description{
		Digest:   digest.String(),
		Config:   manifest.Config.Digest.String(),
		Platform: config.OS + "/" + config.Architecture,
		Size:     size + manifest.Config.Size,
	}
	for i, layer := range manifest.Layers {
		description.Size += layer.Size
		description.Layers = append(description.Layers, LayerDescription{
			Comment: comments[i],
			Digest:  layer.Digest.String(),
			DiffID:  config.RootFS.DiffIDs[i].String(),
			Size:    layer.Size,
		})
	}
	return description, nil
}

// layerComments are the comments of those history entries that made a layer.
func layerComments(history []v1.History) []string {
	var comments []string
	for _, entry := range history {
		if !entry.EmptyLayer {
			comments = append(comments, entry.Comment)
		}
	}
	return comments
}
