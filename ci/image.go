package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/oci"
	"github.com/esteira/esteira/pipelines/report"
)

// Image is a container image that a stage put together, not pushed yet.
type Image struct {
	// The image as a tar archive of an OCI layout
	Archive *dagger.File
	// +private
	Esteira *Esteira
	// +private
	Description string
}

// layer is one folder of an image.
type layer struct {
	name   string
	dir    *dagger.Directory
	target string
}

// assemble puts an image together by our own command, because a layer that the engine makes carries the clock's time
// (docs/decisions/0002).
func (e *Esteira) assemble(ctx context.Context, layers []layer, args ...string) (*Image, error) {
	command, err := e.command(ctx)
	if err != nil {
		return nil, err
	}
	c := e.Debian.WithMountedFile("/usr/local/bin/esteira", command)
	exec := []string{"esteira", "image", "assemble", "--output=/out/image.tar", "--user=65532:65532", "--platform=linux/amd64"}
	for i, l := range layers {
		dir := fmt.Sprintf("/layers/%d", i)
		c = c.WithMountedDirectory(dir, l.dir)
		exec = append(exec, fmt.Sprintf("--layer=%s=%s:%s", l.name, dir, l.target))
	}
	c = c.WithDirectory("/out", dag.Directory()).WithExec(append(exec, args...))
	description, err := c.Stdout(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return &Image{Archive: c.File("/out/image.tar"), Esteira: e, Description: description}, nil
}

// Container is the image as a container of Dagger's: to enter it, to start it, to look into it.
func (i *Image) Container() *dagger.Container { return dag.Container().Import(i.Archive) }

// Describe is digest, sizes and layers as JSON; sizes are compressed bytes.
func (i *Image) Describe() string { return i.Description }

// Digest is the digest of the image's manifest.
func (i *Image) Digest() (string, error) {
	description, err := i.describe()
	return description.Digest, err
}

func (i *Image) describe() (oci.Description, error) {
	var description oci.Description
	if err := json.Unmarshal([]byte(i.Description), &description); err != nil {
		return description, fmt.Errorf("image description: %w", err)
	}
	return description, nil
}

// Sbom is the image's bill of materials, CycloneDX as JSON, by syft.
// +cache="session"
func (i *Image) Sbom(ctx context.Context) (*dagger.File, error) {
	syft, err := i.Esteira.Toolbox().Tool(ctx, "syft")
	if err != nil {
		return nil, err
	}
	return i.Esteira.Debian.
		WithMountedFile("/usr/local/bin/syft", syft).
		WithMountedFile("/image.tar", i.Archive).
		WithEnvVariable("SYFT_CHECK_FOR_APP_UPDATE", "false").
		WithExec([]string{"syft", "scan", "--quiet", "oci-archive:/image.tar", "--output=cyclonedx-json=/out/sbom.cdx.json"}).
		File("/out/sbom.cdx.json"), nil
}

// Publish pushes the image and returns its reference with the digest. Pushing the same content again changes nothing.
// +cache="never"
func (i *Image) Publish(ctx context.Context,
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
	target, err := newRegistry(i.Esteira, ref, username, password, registry)
	if err != nil {
		return "", err
	}
	return target.push(ctx, i.Archive)
}

// Health starts the image and asks it over HTTP until it answers with 200.
// +cache="never"
func (i *Image) Health(ctx context.Context,
	// Port that the application listens on
	// +default=8080
	port int,
	// Path that answers when the application is ready
	// +default="/health/ready"
	path string,
	// Seconds that the application may take
	// +default=60
	seconds int,
	// Environment variables that the application needs, such as MODEL_SHA256=…
	// +optional
	env []string,
) (*Result, error) {
	done := stopwatch("health")
	c := i.Container()
	for _, variable := range env {
		name, value, ok := strings.Cut(variable, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--env is %q: write NAME=value", variable)
		}
		c = c.WithEnvVariable(name, value)
	}
	service := c.
		WithExposedPort(port, dagger.ContainerWithExposedPortOpts{ExperimentalSkipHealthcheck: true}).
		AsService(dagger.ContainerAsServiceOpts{UseEntrypoint: true})
	limit := strconv.Itoa(seconds)
	answer, err := i.Esteira.apt("ca-certificates", "curl").
		WithServiceBinding("app", service).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec([]string{"curl", "-sS", "--fail-with-body", "--retry", limit, "--retry-delay", "1", "--retry-max-time", limit,
			"--max-time", limit, "--retry-all-errors", fmt.Sprintf("http://app:%d%s", port, path)}).
		Stdout(ctx)
	var failed *dagger.ExecError
	switch {
	case errors.As(err, &failed):
		return stageResult(done(report.Stage{
			Status:  report.Failed,
			Summary: fmt.Sprintf("%s did not answer with 200 within %d seconds", path, seconds),
			Remedy:  "start it with `image container up` and read its log",
			Log:     tail(failed.Stdout + "\n" + failed.Stderr),
		}), nil)
	case err != nil:
		return nil, err
	}
	return stageResult(done(report.Stage{
		Status: report.Passed, Summary: path + " answered 200",
		Facts: []report.Fact{{Name: "answer", Value: answer}},
	}), nil)
}

// imported is an image that something else built, such as a component's own Dockerfile.
func (e *Esteira) imported(ctx context.Context, archive *dagger.File) (*Image, error) {
	command, err := e.command(ctx)
	if err != nil {
		return nil, err
	}
	description, err := e.Debian.
		WithMountedFile("/usr/local/bin/esteira", command).
		WithMountedFile("/image.tar", archive).
		WithExec([]string{"esteira", "image", "describe", "/image.tar"}).
		Stdout(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return &Image{Archive: archive, Esteira: e, Description: description}, nil
}

// result is the image as a stage: its digest, its size, and what each layer adds.
func (i *Image) result() (*Result, error) {
	d, err := i.describe()
	if err != nil {
		return nil, err
	}
	facts := []report.Fact{{Name: "digest", Value: d.Digest}}
	for _, l := range d.Layers {
		facts = append(facts, report.Fact{Name: l.Comment + " layer", Value: size(l.Size)})
	}
	return stageResult(report.Stage{
		Name: "image", Status: report.Passed, Facts: facts,
		Summary: fmt.Sprintf("%s compressed, in %d layers", size(d.Size), len(d.Layers)),
	}, nil)
}

// sbomResult is the bill of materials as a stage. An empty one is undecided: no application consists of nothing.
func (i *Image) sbomResult(ctx context.Context) (*Result, error) {
	sbom, err := i.Sbom(ctx)
	if err != nil {
		return nil, err
	}
	text, err := sbom.Contents(ctx)
	if err != nil {
		return nil, err
	}
	var bill struct {
		SpecVersion string
		Components  []struct{ Type string }
	}
	if err := json.Unmarshal([]byte(text), &bill); err != nil {
		return nil, fmt.Errorf("bill of materials: %w", err)
	}
	stage := report.Stage{
		Name: "sbom", Status: report.Passed,
		Summary: fmt.Sprintf("CycloneDX %s, %d components", bill.SpecVersion, len(bill.Components)),
	}
	if len(bill.Components) == 0 {
		stage.Status, stage.Remedy = report.Undecided, "look into the image: syft found no package in it"
	}
	return stageResult(stage, dag.Directory().WithFile("sbom.cdx.json", sbom))
}

// size is a number of bytes as people read it.
func size(bytes int64) string {
	if bytes < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
