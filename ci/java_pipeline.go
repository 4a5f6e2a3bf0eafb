package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Pipeline is the whole way of the application: build, test, image, bill of materials, push, and the pushed image
// started and asked for its health. Without --ref it pushes to a registry of its own that ends with the call, so that
// the same way can be walked on any machine.
// +cache="never"
func (j *Java) Pipeline(ctx context.Context,
	// Where to push, such as registry.example/team/app:1.2.3
	// +optional
	ref string,
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
	// Name for the report
	// +default="Java"
	title string,
) (*Result, error) {
	target, stop, err := j.Esteira.target(ctx, ref, username, password, registry)
	if err != nil {
		return nil, err
	}
	defer stop()
	return target.deliver(ctx, title, j, "/health/ready", nil,
		step{"build", j.Build},
		step{"test", func(ctx context.Context) (*Result, error) { return j.Test(ctx, "") }},
	)
}

// Sbom is the bill of materials of the application's image, CycloneDX as JSON.
// +cache="session"
func (j *Java) Sbom(ctx context.Context) (*dagger.File, error) {
	image, err := j.Image(ctx)
	if err != nil {
		return nil, err
	}
	return image.Sbom(ctx)
}

// Publish tests the application, puts its image together, pushes it, and returns its reference with the digest as the
// last line. Nothing is pushed while a test is red. Pushing the same content again changes nothing.
// +cache="never"
func (j *Java) Publish(ctx context.Context,
	// Where to push, such as registry.example/team/app:1.2.3
	ref string,
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
	target, err := newRegistry(j.Esteira, ref, username, password, registry)
	if err != nil {
		return "", err
	}
	return target.ship(ctx, j)
}
