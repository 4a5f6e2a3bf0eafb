package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/attestation"
	"github.com/esteira/esteira/pipelines/release"
)

// Candidate is an image that was built, as `promote --candidate` takes it.
func (p *Promotion) Candidate(
	// Name of the image, as Kustomize has it
	name string,
	// Its version: the tag that it was pushed under
	version string,
	// Where it is, as `publish` prints it, with its digest
	ref string,
	// Commit that it was built from, all digits
	commit string,
) (*dagger.File, error) {
	digest, err := attestation.ParseDigested(ref)
	if err != nil {
		return nil, err
	}
	candidate := release.Candidate{Images: map[string]release.Image{name: {Digest: "sha256:" + digest, Version: version, Source: commit}}}
	if err := release.CheckComponents(candidate.Images, nil); err != nil {
		return nil, err
	}
	return candidateFile(candidate)
}

func candidateFile(candidate release.Candidate) (*dagger.File, error) {
	text, err := json.MarshalIndent(candidate, "", "  ")
	return dag.File("candidate.json", string(text)+"\n"), err
}

// Signatures verifies what is signed about all that a promotion would bring, and is what `promote --verifications` takes:
// images where the registry has them, models where they are downloaded from. It is no error where something is not signed as
// it has to be: the promotion is refused for it.
// +cache="never"
func (p *Promotion) Signatures(ctx context.Context,
	// Environment that it goes to
	to string,
	// Public key
	key *dagger.File,
	// Sequence of the set that moves (default: what runs there now)
	// +optional
	set int,
	// Images and models that move (default: all)
	// +optional
	component []string,
	// Images and models, as JSON, for an environment that takes candidates
	// +optional
	candidate *dagger.File,
	// Registry that asks for a password, such as registry.example
	// +optional
	registryHost string,
	// User at that registry
	// +optional
	username string,
	// Password or token at that registry
	// +optional
	password *dagger.Secret,
	// Registry on this machine, such as tcp://localhost:5000 for --registry-host registry:5000
	// +optional
	registry *dagger.Service,
	// How the models' container is read: as `training upload` is told
	// +optional
	sas *dagger.Secret,
	// Token of the workload's identity (OIDC), with --tenant and --client
	// +optional
	identity *dagger.Secret,
	// Address at which GitHub makes that token for a job: --identity is then what the job asks with
	// +optional
	identityURL string,
	// Entra tenant of the identity
	// +optional
	tenant string,
	// Client id of the identity
	// +optional
	client string,
) (*dagger.File, error) {
	bench, err := p.bench(ctx)
	if err != nil {
		return nil, err
	}
	args := append([]string{"signatures", "--to=" + to, "--key=/cosign.pub", "--json=/verifications.json"}, moving("", set, component, "")...)
	if registryHost != "" {
		target, err := newRegistry(p.Esteira, registryHost+"/any:any", username, password, registry)
		if err != nil {
			return nil, err
		}
		if bench, err = target.reach(ctx, bench); err != nil {
			return nil, err
		}
		if registry != nil {
			args = append(args, "--plain-http")
		}
	}
	if models := (blobAccess{sas, identity, identityURL, tenant, client}); models != (blobAccess{}) {
		if err := models.check(); err != nil {
			return nil, err
		}
		bench = models.into(bench)
	}
	if bench, err = p.Esteira.withTools(ctx, bench, []string{"cosign"}); err != nil {
		return nil, err
	}
	bench, flags := handed(bench.WithMountedFile("/cosign.pub", key), map[string]*dagger.File{"candidate": candidate})
	verified, err := p.command(bench, append(args, flags...)...).Sync(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return verified.File("/verifications.json"), nil
}

// Propose puts a set onto a branch of its own, and opens the pull request by which it is approved, unless that is open already.
// Its last line says its number and address.
// +cache="never"
func (p *Promotion) Propose(ctx context.Context,
	// Environment that it goes to
	to string,
	// Repository at GitHub, as OWNER/NAME; the --token may write pull requests, too: pull_requests:write
	github string,
	// Sequence of the set that moves (default: what runs there now)
	// +optional
	set int,
	// Images and models that move (default: all)
	// +optional
	component []string,
	// Reason why it can't wait for a freeze to end
	// +optional
	emergency string,
	// What `signatures` verified, as JSON
	// +optional
	verifications *dagger.File,
	// Address of GitHub's API, of an Enterprise Server say
	// +default="https://api.github.com/"
	api string,
) (string, error) {
	bench, flags, err := p.mover(ctx, map[string]*dagger.File{"verifications": verifications})
	if err != nil {
		return "", err
	}
	args := append([]string{"promote", "--to=" + to, "--json=/outcome.json"}, moving("", set, component, emergency)...)
	moved, err := p.command(bench, append(args, flags...)...).Sync(ctx)
	if err != nil {
		return "", plain(err)
	}
	text, err := moved.File("/outcome.json").Contents(ctx)
	if err != nil {
		return "", err
	}
	var outcome release.Outcome
	if err := json.Unmarshal([]byte(text), &outcome); err != nil {
		return "", err
	}
	if !outcome.Proposed {
		return outcome.Words, nil
	}
	said, err := moved.WithNewFile("/text.md", outcome.Body).
		WithExec(withTimeout(promotionLimit, "esteira", "promotion", "propose", "--repository="+github, "--token-file=/run/token", "--api="+api,
			"--branch="+outcome.Branch, "--base="+p.Branch, "--title="+outcome.Title, "--text=/text.md")).
		Stdout(ctx)
	if err != nil {
		return "", fmt.Errorf("%s, and has no pull request: %v", outcome.Words, plain(err))
	}
	return outcome.Words + "\n" + said, nil
}
