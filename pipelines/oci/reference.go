package oci

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// ParseReference reads where an image is published. Registry, repository and tag (or digest) must
// all be there: a default registry or "latest" would publish to a place that nobody asked for.
func ParseReference(reference string) (name.Reference, error) {
	parsed, err := parseReference(reference)
	if err != nil {
		return nil, fmt.Errorf("image reference %q is not REGISTRY/REPOSITORY:TAG, such as registry.example.com/team/api:1.4.2: %w", reference, err)
	}
	return parsed, nil
}

// parseReference decides between tag and digest by itself: name.ParseReference tries both and then
// does not say what was wrong with either.
func parseReference(reference string) (name.Reference, error) {
	switch {
	case strings.Contains(reference, "://"):
		return nil, errors.New("leave out the scheme")
	case strings.Contains(reference, "@"):
		return name.NewDigest(reference, name.StrictValidation)
	default:
		return name.NewTag(reference, name.StrictValidation)
	}
}
