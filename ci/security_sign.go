package main

import (
	"context"
	"errors"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/attestation"
)

// Sign signs what lies under a digest in a registry, and attests what it is made of (CycloneDX) and where it was built (SLSA
// provenance, version 1). It handles digests only: nothing of the image itself is fetched or run. The signature is by a key,
// or, without one, by an identity token, with the services of Sigstore.
// +cache="never"
func (s *Security) Sign(ctx context.Context,
	// Image with its digest, such as registry.example/team/app@sha256:…
	ref string,
	// Bill of materials, such as `java sbom` or `security image` made
	sbom *dagger.File,
	// Repository that was built, such as git+https://github.com/team/repository
	sourceURI string,
	// Commit that was built, all digits
	commit string,
	// Folder of the component in the repository
	// +optional
	path string,
	// Id of a hosted builder; none means that anybody may have called
	// +optional
	builder string,
	// Address of the run
	// +optional
	invocation string,
	// Private key, as `cosign generate-key-pair` makes it
	// +optional
	key *dagger.Secret,
	// Password of the key
	// +optional
	keyPassword *dagger.Secret,
	// OIDC token of the workflow, instead of a key
	// +optional
	identityToken *dagger.Secret,
	// User at the registry
	// +optional
	username string,
	// Password or token at the registry
	// +optional
	password *dagger.Secret,
	// Registry on this machine, such as tcp://localhost:5000 for --ref registry:5000/app@sha256:…
	// +optional
	registry *dagger.Service,
) (string, error) {
	if (key == nil) == (identityToken == nil) || (key == nil) != (keyPassword == nil) {
		return "", errors.New("name either --key and --key-password, or --identity-token")
	}
	c, args, err := s.signer(ctx, ref, username, password, registry)
	if err != nil {
		return "", err
	}
	args = append(args, "--sbom=/sbom.cdx.json", "--source-uri="+sourceURI, "--commit="+commit, "--path="+path,
		"--builder="+builder, "--invocation="+invocation)
	c = c.WithMountedFile("/sbom.cdx.json", sbom)
	if key != nil {
		c = c.WithMountedSecret("/cosign.key", key).WithSecretVariable("COSIGN_PASSWORD", keyPassword)
		args = append(args, "--key=/cosign.key")
	} else {
		c = c.WithSecretVariable("SIGSTORE_ID_TOKEN", identityToken)
	}
	return said(ctx, c, pushLimit, append([]string{"esteira", "security", "sign"}, args...)...)
}

// Verify checks what is signed about an image against the policy, before it is promoted: signature, bill of materials and
// provenance, all by the key, or by the identity that is named. It is red unless all of it is there, and about this digest.
// +cache="never"
func (s *Security) Verify(ctx context.Context,
	// Image with its digest
	ref string,
	// Public key
	// +optional
	key *dagger.File,
	// Identity that signed, instead of a key, such as the address of a workflow at a branch
	// +optional
	identity string,
	// Who vouches for that identity, such as https://token.actions.githubusercontent.com
	// +optional
	issuer string,
	// User at the registry
	// +optional
	username string,
	// Password or token at the registry
	// +optional
	password *dagger.Secret,
	// Registry on this machine, such as tcp://localhost:5000 for --ref registry:5000/app@sha256:…
	// +optional
	registry *dagger.Service,
) (string, error) {
	c, args, err := s.signer(ctx, ref, username, password, registry)
	if err != nil {
		return "", err
	}
	return s.verify(ctx, c, key, append(args, flagsOf(identity, issuer)...))
}

// VerifyModel checks that a model is the one of a signed record, and that the gate let it pass, by the policy that holds now.
// +cache="never"
func (s *Security) VerifyModel(ctx context.Context,
	// The model
	model *dagger.File,
	// The signed statement, as `security sign-model` made it
	statement *dagger.File,
	// Public key
	// +optional
	key *dagger.File,
	// Identity that signed, instead of a key
	// +optional
	identity string,
	// Who vouches for that identity
	// +optional
	issuer string,
) (string, error) {
	c, err := s.bench(ctx, "cosign")
	if err != nil {
		return "", err
	}
	c = c.WithMountedFile("/model", model).WithMountedFile("/statement.json", statement)
	return s.verify(ctx, c, key, append([]string{"--model=/model", "--statement=/statement.json"}, flagsOf(identity, issuer)...))
}

// SignModel signs the gate's record of a model, and returns the signed statement.
// +cache="never"
func (s *Security) SignModel(ctx context.Context,
	// The model
	model *dagger.File,
	// The gate's record.json of it
	record *dagger.File,
	// Private key, as `cosign generate-key-pair` makes it
	key *dagger.Secret,
	// Password of the key
	keyPassword *dagger.Secret,
) (*dagger.File, error) {
	c, err := s.bench(ctx, "cosign")
	if err != nil {
		return nil, err
	}
	signed, err := c.WithMountedFile("/model", model).WithMountedFile("/record.json", record).
		WithMountedSecret("/cosign.key", key).WithSecretVariable("COSIGN_PASSWORD", keyPassword).
		WithExec(withTimeout(pushLimit, "esteira", "security", "sign-model",
			"--model=/model", "--record=/record.json", "--key=/cosign.key", "--out=/out/statement.json")).
		Sync(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return signed.File("/out/statement.json"), nil
}

// signer is a container with cosign that reaches the registry, and what our command is told of it.
func (s *Security) signer(ctx context.Context, ref, username string, password *dagger.Secret, service *dagger.Service) (*dagger.Container, []string, error) {
	if _, err := attestation.ParseDigested(ref); err != nil {
		return nil, nil, err
	}
	target, err := newRegistry(s.Esteira, ref, username, password, service)
	if err != nil {
		return nil, nil, err
	}
	c, err := target.crane(ctx)
	if err != nil {
		return nil, nil, err
	}
	cosign, err := s.Esteira.Toolbox().Tool(ctx, "cosign")
	if err != nil {
		return nil, nil, err
	}
	command, err := s.Esteira.command(ctx)
	if err != nil {
		return nil, nil, err
	}
	args := []string{"--ref=" + ref}
	if service != nil {
		args = append(args, "--plain-http")
	}
	return c.WithMountedFile("/usr/local/bin/cosign", cosign).WithMountedFile("/usr/local/bin/esteira", command), args, nil
}

// verify runs our command by the policy and the key, if there is one.
func (s *Security) verify(ctx context.Context, c *dagger.Container, key *dagger.File, args []string) (string, error) {
	names, err := s.PolicyFolder.Glob(ctx, policyFile)
	if err != nil {
		return "", err
	}
	if len(names) > 0 {
		c = c.WithMountedFile("/"+policyFile, s.PolicyFolder.File(policyFile))
		args = append(args, "--policy=/esteira.yaml")
	}
	if key != nil {
		c = c.WithMountedFile("/cosign.pub", key)
		args = append(args, "--key=/cosign.pub")
	}
	return said(ctx, c, pushLimit, append([]string{"esteira", "security", "verify"}, args...)...)
}

func flagsOf(identity, issuer string) []string {
	var flags []string
	if identity != "" {
		flags = append(flags, "--identity="+identity)
	}
	if issuer != "" {
		flags = append(flags, "--issuer="+issuer)
	}
	return flags
}

// said is what a command prints, or its own words for why it failed.
func said(ctx context.Context, c *dagger.Container, limit time.Duration, args ...string) (string, error) {
	text, err := c.WithExec(withTimeout(limit, args...)).Stdout(ctx)
	if err != nil {
		return "", plain(err)
	}
	return text, nil
}
