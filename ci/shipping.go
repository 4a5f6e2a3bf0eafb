package main

import (
	"context"
	"fmt"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// application is what a stage tests and ships as an image.
type application interface {
	TestCheck(context.Context) error
	Image(context.Context) (*Image, error)
}

// target is the registry that was named; without a reference it is one that ends with the call, or with what is returned.
func (e *Esteira) target(ctx context.Context, ref, username string, password *dagger.Secret, service *dagger.Service) (*registry, func(), error) {
	stop := func() {}
	if ref == "" {
		own, err := e.ownRegistry().Start(ctx)
		if err != nil {
			return nil, nil, err
		}
		stop = func() { own.Stop(ctx) } //nolint:errcheck // it ends with the session anyway
		ref, service = "registry:5000/app:latest", own
	}
	r, err := newRegistry(e, ref, username, password, service)
	return r, stop, err
}

// ship pushes an application's image, unless a test is red.
func (r *registry) ship(ctx context.Context, a application) (string, error) {
	if err := a.TestCheck(ctx); err != nil {
		return "", fmt.Errorf("nothing was pushed: %v", err)
	}
	image, err := a.Image(ctx)
	if err != nil {
		return "", fmt.Errorf("nothing was pushed: %v", err)
	}
	return r.push(ctx, image.Archive)
}

// deliver walks the whole way of an application: its proofs, its image, bill of materials and push, and the pushed image
// started with an environment and asked for its health.
func (r *registry) deliver(ctx context.Context, title string, a application, healthPath string, env []string, proofs ...step) (*Result, error) {
	var image *Image
	return convey(ctx, title,
		proofs,
		[]step{{"image", func(ctx context.Context) (result *Result, err error) {
			if image, err = a.Image(ctx); err != nil {
				return nil, err
			}
			return image.result()
		}}},
		[]step{
			{"sbom", func(ctx context.Context) (*Result, error) { return image.sbomResult(ctx) }},
			{"publish", func(ctx context.Context) (*Result, error) { return r.publish(ctx, image.Archive) }},
		},
		[]step{{"health", func(ctx context.Context) (*Result, error) { return r.health(ctx, healthPath, env) }}},
	)
}
