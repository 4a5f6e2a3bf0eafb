package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/acceptance"
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
	before, _ := once(m, "before", func() (*Manifests, error) {
		return &Manifests{Esteira: m.Esteira, Source: m.Base, Repository: m.Repository, Exposed: m.Exposed}, nil
	})
	return before
}

// workbench is a container with tools of the toolbox, our own command, the source, the third-party parts, and what was
// rendered.
func (m *Manifests) workbench(ctx context.Context, tools ...string) (*dagger.Container, error) {
	bench, err := once(m, "workbench", func() (*dagger.Container, error) {
		bench, err := m.bench(ctx)
		if err != nil {
			return nil, err
		}
		rendered, err := m.rendered(ctx)
		if err != nil {
			return nil, err
		}
		return bench.WithMountedDirectory(renderedPath, rendered).Sync(ctx)
	})
	if err != nil {
		return nil, err
	}
	return m.Esteira.withTools(ctx, bench, tools)
}

// bench is the workbench before anything is rendered.
func (m *Manifests) bench(ctx context.Context, tools ...string) (*dagger.Container, error) {
	bench, err := once(m, "bench", func() (*dagger.Container, error) {
		command, err := m.Esteira.command(ctx)
		if err != nil {
			return nil, err
		}
		parts, err := m.parts(ctx)
		if err != nil {
			return nil, err
		}
		return m.Esteira.apt("ca-certificates").
			WithMountedFile("/usr/local/bin/esteira", command).
			WithMountedDirectory(manifestsPath, m.Source).
			WithMountedDirectory(partsPath, parts).
			Sync(ctx)
	})
	if err != nil {
		return nil, err
	}
	return m.Esteira.withTools(ctx, bench, tools)
}

// rendered is the folder of what was rendered: index.json, and streams/ with a file a root.
func (m *Manifests) rendered(ctx context.Context) (*dagger.Directory, error) {
	return once(m, "rendered", func() (*dagger.Directory, error) {
		bench, err := m.bench(ctx)
		if err != nil {
			return nil, err
		}
		return bench.
			WithMountedCache("/cache", dag.CacheVolume("esteira-rendered")).
			WithExec([]string{"esteira", "manifest", "render",
				"--source=" + manifestsPath, "--parts=" + partsPath, "--cache=/cache", "--out=" + renderedPath}).
			Directory(renderedPath).
			Sync(ctx)
	})
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

func (m *Manifests) judgement(ctx context.Context, name string, run check) (acceptance.Judgement, error) {
	policy, err := m.policy(ctx)
	if err != nil {
		return acceptance.Judgement{}, err
	}
	placed, err := m.placed(ctx, run)
	if err != nil {
		return acceptance.Judgement{}, err
	}
	var before *manifest.Placed
	if m.Base != nil {
		old, err := m.before().placed(ctx, run)
		if err != nil {
			return acceptance.Judgement{}, err
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

// Validate is one report of all checks, side by side, and of the exceptions that accept nothing any more. Where all was
// green and nothing changed since, it says what was said then, until the day ends in UTC.
// +cache="session"
func (m *Manifests) Validate(ctx context.Context) (*Result, error) {
	started := time.Now()
	inputs := []*dagger.Directory{m.Source, m.Base, m.Repository, m.Exposed}
	stages, err := m.Esteira.remembered(ctx, "manifests", inputs, func() ([]report.Stage, error) { return m.validate(ctx, everyCheck) })
	if err != nil {
		return nil, err
	}
	return newResult(report.Run{Title: "manifests", Started: started, Duration: time.Since(started), Stages: stages}, nil)
}

func everyCheck(string) bool { return true }

// validate makes those of the checks that are asked for. Which exceptions accept nothing is known where all of them are.
func (m *Manifests) validate(ctx context.Context, asked func(check string) bool) ([]report.Stage, error) {
	var chosen []judging
	for _, c := range checks {
		if asked(c.name) {
			chosen = append(chosen, judging{c.name, func(ctx context.Context) (acceptance.Judgement, error) { return m.judgement(ctx, c.name, c.run) }})
		}
	}
	stages, judgements, err := sideBySide(ctx, chosen)
	if err != nil {
		return nil, err
	}
	if asked(checks[0].name) {
		if stages[0].Changes, err = m.changes(ctx); err != nil {
			return nil, err
		}
	}
	if !asked("policy") {
		return stages, nil
	}
	var exceptions []acceptance.Exception
	if len(chosen) == len(checks) {
		policy, err := m.policy(ctx)
		if err != nil {
			return nil, err
		}
		exceptions = policy.Exceptions()
	}
	stage, err := policyStage(ctx, exceptions, judgements, m.Base, m.Source)
	return append(stages, stage), err
}

// ValidateCheck is red unless every check passes.
// +check
// +cache="never"
func (m *Manifests) ValidateCheck(ctx context.Context) error { return checked(m.Validate(ctx)) }

// policy is the base's where there is one: who is judged does not hold the scales.
func (m *Manifests) policy(ctx context.Context) (manifest.Policy, error) {
	return once(m, "policy", func() (manifest.Policy, error) {
		source := m.Source
		if m.Base != nil {
			source = m.Base
		}
		text, err := policyText(ctx, source)
		if err != nil {
			return manifest.Policy{}, err
		}
		return manifest.ParsePolicy(acceptance.File, []byte(text))
	})
}
