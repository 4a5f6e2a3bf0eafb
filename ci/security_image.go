package main

import (
	"context"
	"errors"
	"slices"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Image reports known vulnerabilities of all that is in an image: the one that the component's own stage builds, or another,
// by its archive or by its reference. Its files hold the bill of materials, sbom.cdx.json.
// +cache="session"
func (s *Security) Image(ctx context.Context,
	// Tar archive of an OCI image layout, instead of the component's own image
	// +optional
	archive *dagger.File,
	// Reference of a pushed image, instead of the component's own
	// +optional
	ref string,
	// User at the registry
	// +optional
	username string,
	// Password or token at the registry
	// +optional
	password *dagger.Secret,
	// Registry on this machine, such as tcp://localhost:5000 for --ref registry:5000/app:1
	// +optional
	registry *dagger.Service,
) (*Result, error) {
	if archive != nil && ref != "" {
		return nil, errors.New("--archive and --ref are two images: name one")
	}
	return s.judge(ctx, "image", func(s *Security, ctx context.Context) (*dagger.Container, error) {
		switch {
		case archive != nil:
			return s.scanImage(ctx, archive)
		case ref == "":
			return s.scanBuilt(ctx)
		}
		target, err := newRegistry(s.Esteira, ref, username, password, registry)
		if err != nil {
			return nil, err
		}
		pulled, err := target.pull(ctx)
		if err != nil {
			return nil, err
		}
		return s.scanImage(ctx, pulled)
	})
}

// ImageCheck is red unless nothing is known of the component's own image that blocks.
// +check
// +cache="never"
func (s *Security) ImageCheck(ctx context.Context) error {
	return checked(s.Image(ctx, nil, "", "", nil, nil))
}

// scanBuilt scans the image of the component's own stage.
func (s *Security) scanBuilt(ctx context.Context) (*dagger.Container, error) {
	built, err := s.built(ctx)
	if err != nil {
		return nil, err
	}
	return s.scanImage(ctx, built.Archive)
}

// built is the image of the component's own stage.
func (s *Security) built(ctx context.Context) (*Image, error) {
	entries, err := s.Source.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(entries, describesJava) {
		return s.Esteira.Java(s.Source, nil, "20m").Image(ctx)
	}
	return s.Esteira.Python(s.Source, nil, "20m").Image(ctx)
}

func (s *Security) scanImage(ctx context.Context, image *dagger.File) (*dagger.Container, error) {
	bench, args, err := s.scanner(ctx, s.Source)
	if err != nil {
		return nil, err
	}
	return bench.WithMountedFile("/image.tar", image).
		WithExec(withTimeout(scanLimit, append([]string{"esteira", "security", "image", "--image=/image.tar"}, args...)...)), nil
}
