package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/report"
)

// deliveryPath is where what was added up or followed is left.
const deliveryPath = "/delivery"

// Delivery says how long it takes from a merge to production and back, how often that works, and whether every model can be
// followed.
type Delivery struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Base *dagger.Directory
}

// Delivery says how long it takes from a merge to production and back, how often that works, and whether every model can be
// followed.
func (e *Esteira) Delivery(
	// The repository; with its .git and all of its history, for what looks back
	// +defaultPath="/"
	// +ignore=["out", "**/node_modules", "**/.venv", "**/__pycache__", "**/.gradle", "**/.terraform", "**/target", "**/.*_cache"]
	source *dagger.Directory,
	// The repository before a change: its targets and declared times hold
	// +optional
	base *dagger.Directory,
) *Delivery {
	return &Delivery{Esteira: e, Source: source, Base: base}
}

// Budget adds up, from the files themselves, the typical and the worst time from a merge to production and back. Red where a
// target of esteira.yaml cannot be met. Its files hold all of it, budget.json.
// +cache="session"
func (d *Delivery) Budget(ctx context.Context) (*Result, error) {
	done := stopwatch("budget")
	rendered, err := d.rendered(ctx)
	if err != nil {
		return stageResult(done(report.Stage{Status: report.Undecided, Summary: err.Error(), Remedy: "mend what keeps it from being added up"}), nil)
	}
	bench, err := d.bench(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"budget", "--rendered=" + renderedPath, "--json=" + deliveryPath + "/budget.json"}
	bench = bench.WithMountedDirectory(renderedPath, rendered)
	if d.Base != nil {
		bench = bench.WithMountedFile("/base/esteira.yaml", d.Base.File(policyFile))
		args = append(args, "--policy=/base/esteira.yaml")
	}
	return d.stage(ctx, done, bench, args...)
}

// BudgetCheck is red unless all targets can be met.
// +check
// +cache="never"
func (d *Delivery) BudgetCheck(ctx context.Context) error { return checked(d.Budget(ctx)) }

// Models follows every version of a model from its data to where it runs. Red unless that is possible for all of them.
// +cache="session"
func (d *Delivery) Models(ctx context.Context,
	// What MLflow answers to model-versions/search, all pages
	// +optional
	versions *dagger.File,
	// What MLflow answers to runs/search for the models' experiments, all pages
	// +optional
	runs *dagger.File,
	// A folder with the gate's statements, as *.json
	// +optional
	records *dagger.Directory,
) (*Result, error) {
	bench, err := d.bench(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"models", "--json=" + deliveryPath + "/models.json"}
	bench, flags := handed(bench, map[string]*dagger.File{"versions": versions, "runs": runs})
	args = append(args, flags...)
	if records != nil {
		bench = bench.WithMountedDirectory("/records", records)
		args = append(args, "--records=/records")
	}
	return d.stage(ctx, stopwatch("models"), bench, args...)
}

// Dora measures deployment frequency, lead time, change failure rate, time to restore and rework rate, by environment and
// team, from Git's history and the release files, and says what cannot be told.
// +cache="never"
func (d *Delivery) Dora(ctx context.Context,
	// How many days are measured
	// +default=30
	days int,
	// GitHub's deployments, as `esteira deployments` lists them
	// +optional
	deployments *dagger.File,
) (string, error) {
	bench, err := d.bench(ctx)
	if err != nil {
		return "", err
	}
	args := []string{"esteira", "delivery", "dora", fmt.Sprintf("--days=%d", days), "--until=" + time.Now().UTC().Format(time.RFC3339)}
	if deployments != nil {
		bench = bench.WithMountedFile("/deployments.json", deployments)
		args = append(args, "--deployments=/deployments.json")
	}
	said, err := bench.WithExec(args).Stdout(ctx)
	if err != nil {
		return "", plain(err)
	}
	return said, nil
}

// bench is a container with the repository in it.
func (d *Delivery) bench(ctx context.Context) (*dagger.Container, error) {
	return d.Esteira.clone(ctx, d.Source)
}

// rendered is what the repository's manifests render to.
func (d *Delivery) rendered(ctx context.Context) (*dagger.Directory, error) {
	text, err := d.Source.File(policyFile).Contents(ctx)
	if err != nil {
		return nil, errors.New("there is no esteira.yaml: it says what is to be delivered, and how fast")
	}
	policy, err := config.Parse(policyFile, []byte(text))
	if err != nil {
		return nil, err
	}
	for _, component := range policy.Components {
		if component.Kind == config.Manifests {
			folder, err := here(ctx, d.Source.Directory(component.Path))
			if err != nil {
				return nil, err
			}
			return d.Esteira.Manifests(folder, nil, d.Source, nil).rendered(ctx)
		}
	}
	return nil, errors.New("esteira.yaml: components: none is of kind manifests, and nothing is delivered")
}

// stage is what a command of ours says: it fails where that is red.
func (d *Delivery) stage(ctx context.Context, done func(report.Stage) report.Stage, bench *dagger.Container, args ...string) (*Result, error) {
	args = append(append([]string{"esteira", "delivery"}, args...), "--stage="+deliveryPath+"/stage.json")
	said := bench.
		WithDirectory(deliveryPath, dag.Directory()).
		WithExec(args, dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny})
	text, err := said.File(deliveryPath + "/stage.json").Contents(ctx)
	if err != nil {
		complaint, broken := said.Stderr(ctx)
		if broken != nil {
			return nil, broken
		}
		return stageResult(done(report.Stage{
			Status: report.Undecided, Summary: strings.TrimPrefix(tail(complaint), "esteira: "), Remedy: "mend what keeps it from deciding",
		}), nil)
	}
	var stage report.Stage
	if err := json.Unmarshal([]byte(text), &stage); err != nil {
		return nil, err
	}
	return stageResult(done(stage), said.Directory(deliveryPath))
}
