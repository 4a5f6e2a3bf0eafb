package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/oci"
	"github.com/esteira/esteira/pipelines/report"
)

// pushLimit is how long one push or pull may take.
const pushLimit = 10 * time.Minute

// ownRegistry is a registry that ends with the call: Debian's build of the CNCF's distribution, open to whoever is in the
// engine's network.
func (e *Esteira) ownRegistry() *dagger.Service {
	const config = `{"version": "0.1", "storage": {"filesystem": {"rootdirectory": "/registry"}}, "http": {"addr": ":5000"}}`
	return own(e.apt("docker-registry").
		WithNewFile("/registry.json", config).
		WithExposedPort(5000).
		WithDefaultArgs([]string{"docker-registry", "serve", "/registry.json"}))
}

// registry is a place for one image, and how to reach it. The work is crane's.
type registry struct {
	esteira  *Esteira
	ref      string
	host     string
	username string
	password *dagger.Secret
	service  *dagger.Service
}

func newRegistry(e *Esteira, ref, username string, password *dagger.Secret, service *dagger.Service) (*registry, error) {
	parsed, err := oci.ParseReference(ref)
	if err != nil {
		return nil, err
	}
	if (username == "") != (password == nil) {
		return nil, errors.New("--username and --password go together: one of them is missing")
	}
	return &registry{e, ref, parsed.Context().RegistryStr(), username, password, service}, nil
}

// push returns the reference with the digest that the registry now has under it.
func (r *registry) push(ctx context.Context, archive *dagger.File) (string, error) {
	const script = `mkdir /layout && tar -xf /image.tar -C /layout && exec "$@" /layout "$REF"`
	c, err := r.crane(ctx)
	if err != nil {
		return "", err
	}
	pushed, err := c.WithMountedFile("/image.tar", archive).
		WithExec(r.command(script, "push")).
		Stdout(ctx)
	if err != nil {
		return "", r.explain("nothing was pushed", err)
	}
	return strings.TrimSpace(pushed), nil
}

// pull is the image that the registry has under the reference, as an archive.
func (r *registry) pull(ctx context.Context) (*dagger.File, error) {
	const script = `"$@" --format=oci "$REF" /layout && tar -cf /image.tar -C /layout .`
	c, err := r.crane(ctx)
	if err != nil {
		return nil, err
	}
	pulled, err := c.WithExec(r.command(script, "pull")).Sync(ctx)
	if err != nil {
		return nil, r.explain("the image cannot be pulled", err)
	}
	return pulled.File("/image.tar"), nil
}

// publish is a push as a stage.
func (r *registry) publish(ctx context.Context, archive *dagger.File) (*Result, error) {
	pushed, err := r.push(ctx, archive)
	if err != nil {
		return nil, err
	}
	return stageResult(report.Stage{
		Name: "publish", Status: report.Passed, Summary: "pushed to " + r.ref,
		Facts: []report.Fact{{Name: "reference", Value: pushed}},
	}, nil)
}

// health pulls the image back and asks it for its health: what runs is what the registry has.
func (r *registry) health(ctx context.Context, path string, env []string) (*Result, error) {
	archive, err := r.pull(ctx)
	if err != nil {
		return nil, err
	}
	image := &Image{Archive: archive, Esteira: r.esteira}
	return image.Health(ctx, 8080, path, 60, env)
}

func (r *registry) command(script, verb string) []string {
	crane := []string{"crane", verb}
	if r.service != nil {
		crane = append(crane, "--insecure")
	}
	return append([]string{"sh", "-c", script, "sh"}, withTimeout(pushLimit, crane...)...)
}

// sign signs what lies under a digest, with a key and without a transparency log, so that no other service is needed.
func (r *registry) sign(ctx context.Context, pushed string, key, keyPassword *dagger.Secret) error {
	cosign, err := r.esteira.Toolbox().Tool(ctx, "cosign")
	if err != nil {
		return err
	}
	c, err := r.crane(ctx)
	if err != nil {
		return err
	}
	args := []string{"cosign", "sign", "--yes", "--tlog-upload=false", "--key=/cosign.key"}
	if r.service != nil {
		args = append(args, "--allow-http-registry", "--allow-insecure-registry")
	}
	_, err = c.WithMountedFile("/usr/local/bin/cosign", cosign).
		WithMountedSecret("/cosign.key", key).
		WithSecretVariable("COSIGN_PASSWORD", keyPassword).
		WithExec(withTimeout(pushLimit, append(args, pushed)...)).
		Sync(ctx)
	if err != nil {
		return r.explain("the image was pushed and is not signed", err)
	}
	return nil
}

// crane is a container that can reach the registry and is never cached: a registry changes by itself.
func (r *registry) crane(ctx context.Context) (*dagger.Container, error) {
	tool, err := r.esteira.Toolbox().Tool(ctx, "crane")
	if err != nil {
		return nil, err
	}
	return r.reach(ctx, r.esteira.apt("ca-certificates").
		WithMountedFile("/usr/local/bin/crane", tool).
		WithEnvVariable("REF", r.ref).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()))
}

// reach is a container from which the registry is reached, with its password where crane and cosign look for it.
func (r *registry) reach(ctx context.Context, c *dagger.Container) (*dagger.Container, error) {
	if r.service != nil {
		name, _, _ := strings.Cut(r.host, ":")
		c = c.WithServiceBinding(name, r.service)
	}
	if r.password == nil {
		return c, nil
	}
	config, err := r.dockerConfig(ctx)
	if err != nil {
		return nil, err
	}
	return c.WithMountedSecret("/root/.docker/config.json", config), nil
}

// dockerConfig is a secret with what `docker login` would have written.
func (r *registry) dockerConfig(ctx context.Context) (*dagger.Secret, error) {
	password, err := r.password.Plaintext(ctx)
	if err != nil {
		return nil, fmt.Errorf("--password cannot be read: %v", err)
	}
	login := base64.StdEncoding.EncodeToString([]byte(r.username + ":" + password))
	config, err := json.Marshal(map[string]any{"auths": map[string]any{r.host: map[string]string{"auth": login}}})
	if err != nil {
		return nil, err
	}
	return dag.SetSecret("esteira-registry-"+r.host, string(config)), nil
}

// explain says what a registry refused, and what to do.
func (r *registry) explain(what string, err error) error {
	var failed *dagger.ExecError
	if !errors.As(err, &failed) {
		return err
	}
	if failed.ExitCode == exitTimeout || failed.ExitCode == exitKilled {
		return fmt.Errorf("%s: %s did not answer within %s", what, r.host, pushLimit)
	}
	reason, remedy := oci.Refusal(failed.Stderr)
	return fmt.Errorf("%s: %s: %s (%s)", what, r.ref, remedy, reason)
}
