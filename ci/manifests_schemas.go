package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// kubernetesRelease is what manifests are judged by where their policy does not say which Kubernetes they are for.
const kubernetesRelease = "1.36.3"

const schemasPath = "/schemas"

var isRelease = regexp.MustCompile(`^1\.[0-9]+\.[0-9]+$`)

// Kubeconform reports what no schema allows, of Kubernetes or of a custom resource: unknown fields, wrong types, removed
// APIs, and what no schema covers. Every root is judged; of a folder without a kustomization, every manifest.
// +cache="session"
func (m *Manifests) Kubeconform(ctx context.Context) (*Result, error) {
	return m.judge(ctx, "kubeconform", (*Manifests).conform)
}

// KubeconformCheck is red unless the schemas allow everything.
// +check
// +cache="never"
func (m *Manifests) KubeconformCheck(ctx context.Context) error { return checked(m.Kubeconform(ctx)) }

// Kubeval reports the same as kubeval sees it, and where it and kubeconform disagree: kubeval is no longer maintained.
// +cache="session"
func (m *Manifests) Kubeval(ctx context.Context) (*Result, error) {
	return m.judge(ctx, "kubeval", (*Manifests).evaluate)
}

// KubevalCheck is red unless the schemas allow everything.
// +check
// +cache="never"
func (m *Manifests) KubevalCheck(ctx context.Context) error { return checked(m.Kubeval(ctx)) }

// KubeScore reports what is against good practice, in each root that is applied as a whole: containers without limits or
// probes, images by a tag that moves, Services that no pod answers.
// +cache="session"
func (m *Manifests) KubeScore(ctx context.Context) (*Result, error) {
	return m.judge(ctx, "kube-score", (*Manifests).score)
}

// KubeScoreCheck is red unless everything is good practice, or accepted.
// +check
// +cache="never"
func (m *Manifests) KubeScoreCheck(ctx context.Context) error { return checked(m.KubeScore(ctx)) }

// conform judges as kubeconform does, by its library: no tool is needed. It reads the files of a folder without a
// kustomization where they lie: nothing is rendered.
func (m *Manifests) conform(ctx context.Context) (*dagger.Container, error) {
	// Side by side with the search below; what fails there is said where it is needed.
	go m.Schemas(ctx)
	go m.bench(ctx)
	kustomizations, err := m.Source.Glob(ctx, "**/[Kk]ustomization*")
	if err != nil {
		return nil, err
	}
	if len(kustomizations) == 0 {
		bench, err := m.bench(ctx)
		if err != nil {
			return nil, err
		}
		return m.lint(ctx, bench, "kubeconform", "--source="+manifestsPath)
	}
	bench, err := m.workbench(ctx)
	if err != nil {
		return nil, err
	}
	return m.lint(ctx, bench, "kubeconform", "--source="+manifestsPath, "--rendered="+renderedPath)
}

func (m *Manifests) evaluate(ctx context.Context) (*dagger.Container, error) {
	conformed, err := m.conform(ctx)
	if err != nil {
		return nil, err
	}
	bench, err := m.workbench(ctx, "kubeval")
	if err != nil {
		return nil, err
	}
	return m.lint(ctx, bench.WithMountedFile("/kubeconform.json", conformed.File(saidPath)), "kubeval",
		"--source="+manifestsPath, "--rendered="+renderedPath, "--compare=/kubeconform.json")
}

func (m *Manifests) score(ctx context.Context) (*dagger.Container, error) {
	bench, err := m.workbench(ctx, "kube-score")
	if err != nil {
		return nil, err
	}
	return m.lint(ctx, bench, "kube-score", "--source="+manifestsPath, "--rendered="+renderedPath)
}

// lint runs a tool by our command, over the schemas of the release that the policy names.
func (m *Manifests) lint(ctx context.Context, bench *dagger.Container, tool string, flags ...string) (*dagger.Container, error) {
	policy, err := m.policy(ctx)
	if err != nil {
		return nil, err
	}
	release := cmp.Or(policy.Kubernetes, kubernetesRelease)
	schemas, err := m.schemas(ctx, release)
	if err != nil {
		return nil, err
	}
	command := append([]string{"esteira", "manifest", tool,
		"--parts=" + partsPath, "--schemas=" + schemasPath, "--release=" + release, "--out=" + saidPath}, flags...)
	return bench.WithMountedDirectory(schemasPath, schemas).WithExec(command), nil
}

// takeSwagger takes the OpenAPI description of the release $1 from its Go module, which the checksum database vouches for.
const takeSwagger = `set -eu
cd "$(go mod download -json "k8s.io/kubernetes@v$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')"
cp api/openapi-spec/swagger.json /swagger.json`

// Schemas are the JSON schemas that Kubernetes' own objects are judged by, for an editor too: VERSION-standalone-strict/KIND-GROUP-VERSION.json.
// +cache="session"
func (m *Manifests) Schemas(ctx context.Context) (*dagger.Directory, error) {
	policy, err := m.policy(ctx)
	if err != nil {
		return nil, err
	}
	return m.schemas(ctx, cmp.Or(policy.Kubernetes, kubernetesRelease))
}

// schemas are those of a Kubernetes release, made once.
func (m *Manifests) schemas(ctx context.Context, release string) (*dagger.Directory, error) {
	if !isRelease.MatchString(release) {
		return nil, fmt.Errorf("policy.yaml: kubernetes is %q: write a release, such as %s", release, kubernetesRelease)
	}
	return once(m.Esteira, "schemas of "+release, func() (*dagger.Directory, error) { return m.Esteira.schemas(ctx, release) })
}

func (e *Esteira) schemas(ctx context.Context, release string) (*dagger.Directory, error) {
	command, err := e.command(ctx)
	if err != nil {
		return nil, err
	}
	swagger := e.golang().
		WithExec([]string{"sh", "-c", takeSwagger, "swagger", release}).
		File("/swagger.json")
	return e.apt("ca-certificates").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithMountedFile("/swagger.json", swagger).
		WithExec([]string{"esteira", "manifest", "schemas", "--swagger=/swagger.json", "--release=" + release, "--out=" + schemasPath}).
		Directory(schemasPath).
		Sync(ctx)
}
