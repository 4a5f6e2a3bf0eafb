package main

import (
	"context"
	"encoding/json"
	"fmt"
)

// size is what a client downloads that has nothing of the image yet, its start-up cache included.
func size(ctx context.Context, b *bench) ([]line, error) {
	text, err := output(b.dagger(ctx, "call", "java", "image", "describe"))
	if err != nil {
		return nil, err
	}
	var image struct {
		Size   float64
		Layers []struct {
			Comment string
			Size    float64
		}
	}
	if err := json.Unmarshal([]byte(text), &image); err != nil {
		return nil, fmt.Errorf("image describe: %w", err)
	}
	if image.Size == 0 {
		return nil, fmt.Errorf("image describe tells no size:\n%s", text)
	}
	const megabyte = 1e6
	for _, layer := range image.Layers {
		say("image, layer %s: %.1f MB", layer.Comment, layer.Size/megabyte)
	}
	return []line{{what: "image, compressed", unit: "MB", esteira: image.Size / megabyte, target: []limit{{0, 100}}}}, nil
}
