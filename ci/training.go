package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/release"
)

// The files of a repository that say what is asked of a model, and what production has.
const (
	policyFile  = "esteira.yaml"
	releaseFile = "k8s/overlays/prod/release.yaml"
)

// Training trains a model, has it judged, and makes it known: to the registry, and to where it is loaded from.
type Training struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
	// +private
	Policy *dagger.Directory
	// +private
	Recipe *Recipe
	// +private
	Timeout string
}

// Recipe is what a training run is asked for; what is empty is the policy's.
type Recipe struct {
	// +private
	Dataset string
	// +private
	Csv *dagger.File
	// +private
	Schema *dagger.File
	// +private
	HoldOut *dagger.File
	// +private
	Estimator string
	// +private
	Parameters string
	// +private
	Tune string
	// +private
	Folds int
	// +private
	Seed string
}

// Training trains a model, has it judged, and makes it known. Recipe and data are the policy's unless they are said here.
func (e *Esteira) Training(
	// The component's own folder
	// +defaultPath="/ml/training"
	// +ignore=["**/__pycache__", "**/.*_cache", "**/.venv", "**/*.md", "tests", "requirements-dev.txt", ".git"]
	source *dagger.Directory,
	// Folder with esteira.yaml and k8s/overlays/prod/release.yaml, of the commit that a change goes onto
	// +defaultPath="/"
	// +ignore=["**", "!esteira.yaml", "!k8s/overlays/prod/release.yaml"]
	policy *dagger.Directory,
	// Data set of scikit-learn: iris, wine, breast-cancer or digits
	// +optional
	dataset string,
	// Data set of your own, a CSV; needs --schema
	// +optional
	csv *dagger.File,
	// What is in --csv and --hold-out: columns, ranges, classes, as YAML or JSON
	// +optional
	schema *dagger.File,
	// Judge on these rows, a CSV, instead of out of fold; needs --schema
	// +optional
	holdOut *dagger.File,
	// Kind of model, such as logistic-regression
	// +optional
	estimator string,
	// Hyper-parameters as a JSON object, such as {"C": 0.5}
	// +optional
	parameters string,
	// Hyper-parameters to be chosen inside the folds, a JSON object of lists, such as {"C": [0.1, 1, 10]}
	// +optional
	tune string,
	// Folds of the evaluation
	// +optional
	folds int,
	// Seed of folds and training
	// +optional
	seed string,
	// How long a step may take, such as 90s or 20m
	// +default="20m"
	timeout string,
) *Training {
	recipe := &Recipe{dataset, csv, schema, holdOut, estimator, parameters, tune, folds, seed}
	return &Training{Esteira: e, Source: source, Policy: policy, Recipe: recipe, Timeout: timeout}
}

// Train trains a model and proves its export. The same lock, sources, data and recipe train nothing again.
// +cache="session"
func (t *Training) Train(ctx context.Context) (*Model, error) {
	run, err := t.run(ctx)
	if err != nil {
		return nil, err
	}
	return run.train(ctx)
}

// Evaluate is what the model makes of rows that it was not trained on: evaluation.json and predictions.csv.
// +cache="session"
func (t *Training) Evaluate(ctx context.Context) (*dagger.Directory, error) {
	model, err := t.Train(ctx)
	if err != nil {
		return nil, err
	}
	return model.Evaluate(ctx)
}

// Gate judges the model by itself and against the champion: the model that production's release names.
// +cache="session"
func (t *Training) Gate(ctx context.Context,
	// Folder with the champion's model, as training left it (default: the registry has it)
	// +optional
	champion *dagger.Directory,
	// Person who approves the model where production has none to compare it with
	// +optional
	approvedBy string,
	// MLflow server, a URL: it has the champion, and counts how often models were judged on these data
	// +optional
	tracking string,
	// That server on this machine, such as tcp://localhost:5000 for --tracking http://mlflow:5000 (any name, the same port)
	// +optional
	trackingServer *dagger.Service,
	// Token for that server
	// +optional
	trackingToken *dagger.Secret,
) (*Judgement, error) {
	run, err := t.run(ctx)
	if err != nil {
		return nil, err
	}
	model, err := run.train(ctx)
	if err != nil {
		return nil, err
	}
	return run.gate(ctx, model, champion, approvedBy, tracking, trackingServer, trackingToken)
}

// GateCheck is red unless the gate blesses the model, or production has it already.
// +check
// +cache="never"
func (t *Training) GateCheck(ctx context.Context) error {
	judgement, err := t.Gate(ctx, nil, "", "", nil, nil)
	if err != nil {
		return err
	}
	_, err = judgement.Check()
	return err
}

// Register trains and judges a model, registers it as candidate, and blesses it if the gate does; else it is an error.
// Its last line says which version is blessed.
// +cache="never"
func (t *Training) Register(ctx context.Context,
	// MLflow server, a URL
	tracking string,
	// That server on this machine, such as tcp://localhost:5000 for --tracking http://mlflow:5000 (any name, the same port)
	// +optional
	trackingServer *dagger.Service,
	// Token for that server
	// +optional
	trackingToken *dagger.Secret,
	// Person who approves the model where production has none to compare it with
	// +optional
	approvedBy string,
	// Git commit that the model is trained at
	// +optional
	commit string,
) (string, error) {
	judgement, err := t.Gate(ctx, nil, approvedBy, tracking, trackingServer, trackingToken)
	if err != nil {
		return "", fmt.Errorf("nothing was registered: %v", err)
	}
	return judgement.Register(ctx, tracking, trackingServer, trackingToken, commit)
}

// run is one training run: what was asked for, with the repository's policy and the environment that it needs.
type run struct {
	*Training
	python *dagger.Container
	policy config.Config
	// policyText is the policy as it stands in the file, for the command that judges.
	policyText string
	production release.Set
	limit      time.Duration
}

func (t *Training) run(ctx context.Context) (*run, error) {
	limit, err := time.ParseDuration(t.Timeout)
	if err != nil || limit < time.Second {
		return nil, fmt.Errorf("--timeout is %q: write a duration of a second or more, such as 90s or 20m", t.Timeout)
	}
	r := &run{Training: t, limit: limit}
	if err := r.readPolicy(ctx); err != nil {
		return nil, err
	}
	lock, err := t.Source.File("requirements.txt").Contents(ctx)
	if err != nil {
		return nil, fmt.Errorf("training: the folder has no requirements.txt: %v", err)
	}
	tool, err := t.Esteira.pythonTool(ctx, lock)
	if err != nil {
		return nil, err
	}
	r.python = tool.
		WithEnvVariable("PYTHONDONTWRITEBYTECODE", "1").
		WithMountedDirectory(sourcePath, t.Source).
		WithWorkdir(sourcePath)
	return r, nil
}

// readPolicy reads both files by one request to the engine.
func (r *run) readPolicy(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "policy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, err := r.Policy.Export(ctx, dir); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, policyFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is missing: it says what is asked of a model, see docs/ML_PIPELINE.md", policyFile)
	}
	if err != nil {
		return err
	}
	r.policyText = string(text)
	if r.policy, err = config.Parse(policyFile, text); err != nil {
		return err
	}
	if r.policy.Gate == nil || r.policy.Training == nil {
		return fmt.Errorf("%s: gate or training is missing: they say what is asked of a model, and what is trained", policyFile)
	}
	released, err := os.Open(filepath.Join(dir, releaseFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is missing: it says which model production has; where there is none it says models: {}", releaseFile)
	}
	if err != nil {
		return err
	}
	defer released.Close()
	if r.production, err = release.Read(released); err != nil {
		return fmt.Errorf("%s: %w", releaseFile, err)
	}
	return nil
}

func (r *run) train(ctx context.Context) (*Model, error) {
	args, err := r.arguments()
	if err != nil {
		return nil, err
	}
	c := r.python
	if r.Recipe.Csv != nil {
		c = c.WithMountedFile("/data.csv", r.Recipe.Csv).WithMountedFile("/schema.yaml", r.Recipe.Schema)
	}
	files := c.WithExec(withTimeout(r.limit, append([]string{"python", "train.py", "--output=/out/model"}, args...)...)).
		Directory("/out/model")
	text, err := files.File("model.json").Contents(ctx)
	if err != nil {
		return nil, r.said("train.py", err)
	}
	var model struct {
		SHA256 string
		Recipe struct{ Dataset struct{ Name, SHA256 string } }
	}
	if err := json.Unmarshal([]byte(text), &model); err != nil {
		return nil, fmt.Errorf("model.json: %w", err)
	}
	return &Model{Files: files, Digest: model.SHA256, Training: r.Training, Name: model.Recipe.Dataset.Name, Data: model.Recipe.Dataset.SHA256}, nil
}

// arguments are what train.py is asked for: what was said, else the policy's.
func (r *run) arguments() ([]string, error) {
	asked, defaults := r.Recipe, r.policy.Training
	if (asked.Csv != nil || asked.HoldOut != nil) != (asked.Schema != nil) {
		return nil, errors.New("--csv and --hold-out go together with --schema, which says what is in them")
	}
	if asked.Csv != nil && asked.Dataset != "" {
		return nil, errors.New("--dataset is for data sets of scikit-learn: --schema has the name of your own")
	}
	args := []string{
		"--folds=" + strconv.Itoa(orElse(asked.Folds, defaults.Folds)),
		"--seed=" + orElse(asked.Seed, strconv.Itoa(defaults.Seed)),
		"--estimator=" + orElse(asked.Estimator, defaults.Estimator),
	}
	if asked.Csv != nil {
		args = append(args, "--csv=/data.csv", "--schema=/schema.yaml")
	} else {
		args = append(args, "--dataset="+orElse(asked.Dataset, defaults.Dataset))
	}
	chosen, err := asked.hyperparameters(defaults)
	return append(args, chosen...), err
}

// hyperparameters are those that were said, and where the policy's estimator is asked for, the policy's others.
func (a *Recipe) hyperparameters(defaults *config.Training) ([]string, error) {
	given, err := object("--parameters", a.Parameters)
	if err != nil {
		return nil, err
	}
	grid, err := object("--tune", a.Tune)
	if err != nil {
		return nil, err
	}
	if a.Estimator == "" || a.Estimator == defaults.Estimator {
		for name, value := range defaults.Parameters {
			_, said := given[name]
			if _, tuned := grid[name]; !said && !tuned {
				given[name] = value
			}
		}
	}
	params, err := assignments("--param", given)
	if err != nil {
		return nil, err
	}
	grids, err := assignments("--tune", grid)
	return append(params, grids...), err
}

// object reads the JSON object of a flag; none is empty.
func object(flag, text string) (map[string]any, error) {
	values := map[string]any{}
	if text == "" {
		return values, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // a number stays as it was written
	if err := decoder.Decode(&values); err != nil || decoder.More() {
		return nil, fmt.Errorf(`%s is %q: write a JSON object, such as {"C": 0.5}`, flag, text)
	}
	return values, nil
}

// assignments are flags FLAG=NAME=VALUE, sorted by name, each value as JSON.
func assignments(flag string, values map[string]any) ([]string, error) {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, err := json.Marshal(values[name])
		if err != nil {
			return nil, err
		}
		args = append(args, fmt.Sprintf("%s=%s=%s", flag, name, text))
	}
	return args, nil
}

// said is why a command failed: its own words, or that it took too long.
func (r *run) said(command string, err error) error {
	var failed *dagger.ExecError
	if errors.As(err, &failed) && (failed.ExitCode == exitTimeout || failed.ExitCode == exitKilled) {
		return fmt.Errorf("%s ran past its time-out of %s and was stopped: look for what hangs, or give it more by --timeout", command, r.limit)
	}
	return plain(err)
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
