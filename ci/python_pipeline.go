package main

import (
	"context"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Pipeline is the whole way of the application: lint, types, tests, wheel, image, bill of materials, push, and the pushed
// image started and asked for its health. Without --ref it pushes to a registry of its own that ends with the call, so that
// the same way can be walked on any machine.
// +cache="never"
func (p *Python) Pipeline(ctx context.Context,
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
	// +default="Python"
	title string,
	// Path that answers with 200 once the application has started
	// +default="/health/live"
	healthPath string,
	// Environment variables with which the pushed image is started, such as MODEL_SHA256=…
	// +optional
	env []string,
) (*Result, error) {
	target, stop, err := p.Esteira.target(ctx, ref, username, password, registry)
	if err != nil {
		return nil, err
	}
	defer stop()
	return target.deliver(ctx, title, p, healthPath, env,
		step{"lint", p.Lint},
		step{"typecheck", p.Typecheck},
		step{"build", p.Build},
		step{"test", func(ctx context.Context) (*Result, error) { return p.Test(ctx, "") }},
	)
}

// Sbom is the bill of materials of the application's image, CycloneDX as JSON.
// +cache="session"
func (p *Python) Sbom(ctx context.Context) (*dagger.File, error) {
	image, err := p.Image(ctx)
	if err != nil {
		return nil, err
	}
	return image.Sbom(ctx)
}

// Publish tests the application, puts its image together, pushes it, and returns its reference with the digest as the
// last line. Nothing is pushed while a test is red. Pushing the same content again changes nothing.
// +cache="never"
func (p *Python) Publish(ctx context.Context,
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
	target, err := newRegistry(p.Esteira, ref, username, password, registry)
	if err != nil {
		return "", err
	}
	return target.ship(ctx, p)
}
