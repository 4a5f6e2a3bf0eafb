package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/report"
)

// Where the containers of this stage have what they work on.
const (
	manifestsPath = "/src"
	partsPath     = "/parts"
	renderedPath  = "/rendered"
	saidPath      = "/out/remarks.json"
)

// Manifests holds a folder of Kubernetes manifests: Kustomize's or plain ones.
type Manifests struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Base *dagger.Directory
	// +private
	Repository *dagger.Directory
	// +private
	Exposed *dagger.Directory
}

// Manifests proves what a folder describes for Kubernetes, before it is merged: it is rendered, and judged by schemas, by
// good practice, by the cluster's own policies, and by a real API server.
func (e *Esteira) Manifests(
	// The folder, with kustomizations or plain manifests; its policy.yaml says what is accepted, its parts.yaml what is pinned
	// +defaultPath="/k8s"
	// +ignore=["**/.git"]
	source *dagger.Directory,
	// The same folder before the change: its policy judges, what was there before does not block, and the difference is shown
	// +optional
	base *dagger.Directory,
	// The repository, for monitoring: the applications that are asked what they expose, and the runbooks that alerts name
	// +defaultPath="/"
	// +ignore=["**", "!apps/api-gateway/**", "!apps/inference-service/**", "!ml/training/**", "!esteira.yaml", "!k8s/overlays/prod/release.yaml", "!docs/runbooks/**", "**/target", "**/__pycache__", "**/.*_cache", "**/.venv", "**/tests", "ml/training/requirements-dev.txt"]
	repository *dagger.Directory,
	// What applications answered Prometheus, for monitoring: files named after their jobs. Then none is asked
	// +optional
	exposed *dagger.Directory,
) *Manifests {
	return &Manifests{Esteira: e, Source: source, Base: base, Repository: repository, Exposed: exposed}
}

// before is the stage over the base.
func (m *Manifests) before() *Manifests {
	return &Manifests{Esteira: m.Esteira, Source: m.Base, Repository: m.Repository, Exposed: m.Exposed}
}

// workbench is a container with tools of the toolbox, our own command, the source, the third-party parts, and what was
// rendered.
func (m *Manifests) workbench(ctx context.Context, tools ...string) (*dagger.Container, error) {
	bench, err := m.bench(ctx, tools...)
	if err != nil {
		return nil, err
	}
	rendered, err := m.rendered(ctx)
	if err != nil {
		return nil, err
	}
	return bench.WithMountedDirectory(renderedPath, rendered), nil
}

// bench is the workbench before anything is rendered.
func (m *Manifests) bench(ctx context.Context, tools ...string) (*dagger.Container, error) {
	command, err := m.Esteira.command()
	if err != nil {
		return nil, err
	}
	parts, err := m.parts(ctx)
	if err != nil {
		return nil, err
	}
	bench := m.Esteira.apt("ca-certificates").WithMountedFile("/usr/local/bin/esteira", command)
	for _, name := range tools {
		tool, err := m.Esteira.Toolbox().Tool(ctx, name)
		if err != nil {
			return nil, err
		}
		bench = bench.WithMountedFile("/usr/local/bin/"+name, tool)
	}
	return bench.
		WithMountedDirectory(manifestsPath, m.Source).
		WithMountedDirectory(partsPath, parts), nil
}

// rendered is the folder of what was rendered: index.json, and streams/ with a file a root.
func (m *Manifests) rendered(ctx context.Context) (*dagger.Directory, error) {
	bench, err := m.bench(ctx, "kustomize")
	if err != nil {
		return nil, err
	}
	return bench.
		WithMountedCache("/cache", dag.CacheVolume("esteira-rendered")).
		WithExec([]string{"esteira", "manifest", "render",
			"--source=" + manifestsPath, "--parts=" + partsPath, "--cache=/cache", "--out=" + renderedPath}).
		Directory(renderedPath), nil
}

// check runs a tool over what was rendered and leaves what it said at saidPath.
type check func(m *Manifests, ctx context.Context) (*dagger.Container, error)

// placed is what a check says, at its places in the sources.
func (m *Manifests) placed(ctx context.Context, run check) (manifest.Placed, error) {
	said, err := run(m, ctx)
	if err != nil {
		return manifest.Placed{}, err
	}
	remarks, err := said.File(saidPath).Contents(ctx)
	if err != nil {
		return manifest.Placed{}, plain(err)
	}
	if said, err := manifest.ReadSaid(strings.NewReader(remarks)); err != nil || len(said.Remarks) == 0 {
		return manifest.Placed{Said: said}, err
	}
	bench, err := m.workbench(ctx)
	if err != nil {
		return manifest.Placed{}, err
	}
	text, err := bench.
		WithMountedFile("/remarks.json", said.File(saidPath)).
		WithExec([]string{"esteira", "manifest", "place",
			"--source=" + manifestsPath, "--rendered=" + renderedPath, "--remarks=/remarks.json", "--out=/placed.json"}).
		File("/placed.json").Contents(ctx)
	if err != nil {
		return manifest.Placed{}, plain(err)
	}
	return manifest.ReadPlaced(strings.NewReader(text))
}

// judge is the result of one check: what it says, without what is accepted and what the base says too.
func (m *Manifests) judge(ctx context.Context, name string, run check) (*Result, error) {
	done := stopwatch(name)
	judgement, err := m.judgement(ctx, name, run)
	if err != nil {
		return nil, err
	}
	return stageResult(done(judgement.Stage(name)), nil)
}

func (m *Manifests) judgement(ctx context.Context, name string, run check) (manifest.Judgement, error) {
	policy, err := m.policy(ctx)
	if err != nil {
		return manifest.Judgement{}, err
	}
	placed, err := m.placed(ctx, run)
	if err != nil {
		return manifest.Judgement{}, err
	}
	var before *manifest.Placed
	if m.Base != nil {
		old, err := m.before().placed(ctx, run)
		if err != nil {
			return manifest.Judgement{}, err
		}
		before = &old
	}
	return manifest.Judge(policy, placed, before, time.Now()), nil
}

// Render reports what does not render, what is named and not there, and secrets in plain words. Its files hold what was
// rendered: index.json, and streams/ with a file a kustomization.
// +cache="session"
func (m *Manifests) Render(ctx context.Context) (*Result, error) {
	result, err := m.judge(ctx, "render", rendering)
	if err != nil {
		return nil, err
	}
	stage, err := result.stage()
	if err != nil {
		return nil, err
	}
	if stage.Changes, err = m.changes(ctx); err != nil {
		return nil, err
	}
	rendered, err := m.rendered(ctx)
	if err != nil {
		return nil, err
	}
	return stageResult(stage, rendered)
}

// RenderCheck is red unless everything renders.
// +check
// +cache="never"
func (m *Manifests) RenderCheck(ctx context.Context) error { return checked(m.Render(ctx)) }

// changes are those in what is rendered, against the base. There are none without a base.
func (m *Manifests) changes(ctx context.Context) ([]report.Change, error) {
	if m.Base == nil {
		return nil, nil
	}
	before, err := m.before().rendered(ctx)
	if err != nil {
		return nil, err
	}
	bench, err := m.workbench(ctx)
	if err != nil {
		return nil, err
	}
	text, err := bench.
		WithMountedDirectory("/before", before).
		WithExec([]string{"esteira", "manifest", "changes", "--before=/before", "--after=" + renderedPath, "--out=/out/changes.json"}).
		File("/out/changes.json").Contents(ctx)
	if err != nil {
		return nil, plain(err)
	}
	var changes []report.Change
	return changes, json.Unmarshal([]byte(text), &changes)
}

// rendering says what rendering found.
func rendering(m *Manifests, ctx context.Context) (*dagger.Container, error) {
	bench, err := m.workbench(ctx)
	if err != nil {
		return nil, err
	}
	return bench.WithExec([]string{"sh", "-c", "mkdir -p /out && cp " + renderedPath + "/said.json " + saidPath}), nil
}

// checks are those of Validate, by their names.
var checks = []struct {
	name string
	run  check
}{
	{"render", rendering},
	{"policies", (*Manifests).policies},
	{"kubeconform", (*Manifests).conform},
	{"kubeval", (*Manifests).evaluate},
	{"kube-score", (*Manifests).score},
	{"monitoring", (*Manifests).monitoring},
	{"server", tryOnServer},
}

// Validate is one report of all checks, side by side, and of the exceptions that accept nothing any more.
// +cache="session"
func (m *Manifests) Validate(ctx context.Context) (*Result, error) {
	started := time.Now()
	judgements := make([]manifest.Judgement, len(checks))
	stages := make([]report.Stage, len(checks))
	policy, err := m.policy(ctx)
	if err != nil {
		return nil, err
	}
	work, checking := errgroup.WithContext(ctx)
	for i, c := range checks {
		work.Go(func() error {
			done := stopwatch(c.name)
			judgement, err := m.judgement(checking, c.name, c.run)
			if err != nil {
				return fmt.Errorf("%s: %v", c.name, err)
			}
			judgements[i], stages[i] = judgement, done(judgement.Stage(c.name))
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	if stages[0].Changes, err = m.changes(ctx); err != nil {
		return nil, err
	}
	stage := policyStage(manifest.Unused(policy, judgements))
	if stage.Facts, err = m.policyFacts(ctx); err != nil {
		return nil, err
	}
	stages = append(stages, stage)
	rendered, err := m.rendered(ctx)
	if err != nil {
		return nil, err
	}
	return newResult(report.Run{Title: "manifests", Started: started, Duration: time.Since(started), Stages: stages}, rendered)
}

// policyStage is red by exceptions that accept nothing.
func policyStage(unused []finding.Finding) report.Stage {
	stage := judged("policy", unused, "take them out of "+manifest.PolicyFile)
	stage.Name = "policy"
	return stage
}

// policyFacts say that a change would change the policy, by which it is not judged itself.
func (m *Manifests) policyFacts(ctx context.Context) ([]report.Fact, error) {
	if m.Base == nil {
		return nil, nil
	}
	before, err := policyText(ctx, m.Base)
	if err != nil {
		return nil, err
	}
	after, err := policyText(ctx, m.Source)
	if err != nil || before == after {
		return nil, err
	}
	return []report.Fact{{Name: "changes", Value: manifest.PolicyFile + ": this change is judged by the base's, and its own holds once it is merged"}}, nil
}

// ValidateCheck is red unless every check passes.
// +check
// +cache="never"
func (m *Manifests) ValidateCheck(ctx context.Context) error { return checked(m.Validate(ctx)) }

// policy is the base's where there is one: who is judged does not hold the scales.
func (m *Manifests) policy(ctx context.Context) (manifest.Policy, error) {
	source := m.Source
	if m.Base != nil {
		source = m.Base
	}
	text, err := policyText(ctx, source)
	if err != nil {
		return manifest.Policy{}, err
	}
	return manifest.ParsePolicy(manifest.PolicyFile, []byte(text))
}

// policyText is the policy of a folder, or nothing where it has none.
func policyText(ctx context.Context, folder *dagger.Directory) (string, error) {
	names, err := folder.Glob(ctx, manifest.PolicyFile)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return folder.File(manifest.PolicyFile).Contents(ctx)
}
