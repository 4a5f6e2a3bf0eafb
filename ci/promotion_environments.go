package main

import (
	"context"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Environments are those of a repository at GitHub, as its esteira.yaml has them.
type Environments struct {
	// +private
	Promotion *Promotion
	// +private
	Repository string
	// +private
	API string
	// +private
	Service *dagger.Service
}

// Environments says how GitHub's environments differ from esteira.yaml, and makes them so. Needs the --token, which may
// administer the repository: administration:write, members:read.
func (p *Promotion) Environments(
	// Repository, as OWNER/NAME
	repository string,
	// Address of GitHub's API, of an Enterprise Server say
	// +default="https://api.github.com/"
	api string,
	// Service on this machine that answers as GitHub does, such as tcp://localhost:4010 for --api http://github:4010
	// +optional
	service *dagger.Service,
) *Environments {
	return &Environments{Promotion: p, Repository: repository, API: api, Service: service}
}

// Plan says what of the environments is not as desired, which permission a GitHub App needs to change it, and what the account's
// plan does not allow. It changes nothing. Its last line is the digest that `apply --expect` wants.
// +cache="never"
func (e *Environments) Plan(ctx context.Context) (string, error) { return e.ask(ctx, "plan") }

// Check is red where anything is not as desired.
// +cache="never"
func (e *Environments) Check(ctx context.Context) (string, error) {
	return e.ask(ctx, "plan", "--check")
}

// Apply makes the environments as desired, and reads them back.
// +cache="never"
func (e *Environments) Apply(ctx context.Context,
	// Digest that plan printed: anything else is refused
	// +optional
	expect string,
) (string, error) {
	return e.ask(ctx, "apply", "--expect="+expect)
}

func (e *Environments) ask(ctx context.Context, what string, flags ...string) (string, error) {
	command, err := e.Promotion.Esteira.command(ctx)
	if err != nil {
		return "", err
	}
	desired, err := e.Promotion.Source.File(policyFile).Contents(ctx)
	if err != nil {
		return "", err
	}
	bench, err := reachingGithub(e.Promotion.Esteira.apt("ca-certificates"), e.API, e.Service)
	if err != nil {
		return "", err
	}
	args := append([]string{"esteira", "environments", what, "--config=/" + policyFile, "--repository=" + e.Repository, "--api=" + e.API}, flags...)
	if e.Promotion.Token != nil {
		bench = bench.WithMountedSecret("/run/token", e.Promotion.Token)
		args = append(args, "--token-file=/run/token")
	}
	said, err := bench.
		WithMountedFile("/usr/local/bin/esteira", command).
		WithNewFile("/"+policyFile, desired).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec(withTimeout(promotionLimit, args...)).
		Stdout(ctx)
	if err != nil {
		return "", plain(err)
	}
	return said, nil
}
