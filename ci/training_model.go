package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// Model is a model that was trained, and with it what it was trained on and how.
type Model struct {
	// What training left: model.onnx, model.json, card.md, data.csv, data.json
	Files *dagger.Directory
	// SHA-256 of model.onnx, which says which model this is
	Digest string
	// +private
	Training *Training
	// +private
	Name string
	// +private
	Data string
}

// Evaluate is what the model makes of rows that it was not trained on: evaluation.json and predictions.csv. The rows are
// all that there are, each predicted by a model of the same recipe that has not seen it, or those of --hold-out.
// +cache="session"
func (m *Model) Evaluate(ctx context.Context) (*dagger.Directory, error) {
	run, err := m.Training.run(ctx)
	if err != nil {
		return nil, err
	}
	done, err := run.evaluated(m, nil).Sync(ctx)
	if err != nil {
		return nil, run.said("evaluate.py", err)
	}
	return done.Directory(evaluationPath), nil
}

const evaluationPath = "/out/evaluation"

// evaluated is a container with the evaluation of a model, or of a rival on the same rows: out of fold its recipe is run
// again, on the model's folds.
func (r *run) evaluated(m *Model, rival *dagger.Directory) *dagger.Container {
	args := []string{"python", "evaluate.py", "--output=" + evaluationPath}
	c := r.python
	judged := m.Files
	if r.Recipe.HoldOut != nil {
		if rival != nil {
			judged = rival
		}
		c = c.WithMountedFile("/held-out.csv", r.Recipe.HoldOut).WithMountedFile("/schema.yaml", r.Recipe.Schema)
		args = append(args, "--protocol=hold-out", "--csv=/held-out.csv", "--schema=/schema.yaml")
	} else if rival != nil {
		c = c.WithMountedDirectory("/rival", rival)
		args = append(args, "--recipe=/rival/model.onnx")
	}
	for _, column := range r.slices() {
		args = append(args, "--slice="+column)
	}
	return c.WithMountedDirectory("/model", judged).WithExec(withTimeout(r.limit, append(args, "--model=/model")...))
}

// slices are the columns that the policy looks at by themselves.
func (r *run) slices() []string {
	var columns []string
	for _, slice := range r.policy.Gate.Slices.Proof {
		columns = append(columns, slice.Column)
	}
	for _, slice := range r.policy.Gate.Slices.NoHarm {
		columns = append(columns, slice.Column)
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// Gate judges the model by itself and against the champion: the model that production's release names.
// +cache="session"
func (m *Model) Gate(ctx context.Context,
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
	run, err := m.Training.run(ctx)
	if err != nil {
		return nil, err
	}
	return run.gate(ctx, m, champion, approvedBy, tracking, trackingServer, trackingToken)
}

// gate judges a model, with a registry's help where one was named.
func (r *run) gate(ctx context.Context, m *Model, champion *dagger.Directory, approvedBy string,
	tracking string, trackingServer *dagger.Service, trackingToken *dagger.Secret,
) (*Judgement, error) {
	rivals := rivals{champion: champion}
	if tracking != "" {
		server, err := r.tracker(tracking, trackingServer, trackingToken)
		if err != nil {
			return nil, err
		}
		rivals.server = server
	}
	return r.judge(ctx, m, rivals, approvedBy)
}

// rivals is where the models are that a candidate is compared with.
type rivals struct {
	champion *dagger.Directory
	server   *tracker
}

// find is the folder of the model with a digest.
func (r rivals) find(who, name, digest string) (*dagger.Directory, error) {
	if r.server == nil {
		return nil, fmt.Errorf("%s of %s is the model %s, which is needed to judge: say by --tracking which MLflow server has it", who, name, digest)
	}
	return r.server.fetch(digest), nil
}

// judge runs the gate in a container, and reads its verdict. Whatever is wrong with what it reads is an error.
func (r *run) judge(ctx context.Context, m *Model, rivals rivals, approvedBy string) (*Judgement, error) {
	done := stopwatch("gate")
	command, err := r.Esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	c := r.Esteira.Debian.
		WithMountedFile("/usr/local/bin/esteira", command).
		WithNewFile("/"+policyFile, r.policyText).
		WithMountedDirectory("/candidate", r.evaluated(m, nil).Directory(evaluationPath))
	args := []string{"esteira", "gate", "--policy=/" + policyFile, "--candidate=/candidate", "--output=/out"}
	c, args, err = r.withRivals(c, args, m, rivals)
	if err != nil {
		return nil, err
	}
	if approvedBy != "" {
		args = append(args, "--approved-by="+approvedBy)
	}
	if rivals.server != nil {
		judged, err := rivals.server.judged(ctx, m)
		if err != nil {
			return nil, err
		}
		args = append(args, "--judged="+strconv.Itoa(judged))
	}
	files := c.WithExec(withTimeout(r.limit, args...)).Directory("/out")
	text, err := files.File("stage.json").Contents(ctx)
	if err != nil {
		return nil, r.said("the gate", err)
	}
	var stage report.Stage
	if err := json.Unmarshal([]byte(text), &stage); err != nil {
		return nil, fmt.Errorf("stage.json: %w", err)
	}
	result, err := stageResult(done(stage), files.WithoutFile("stage.json"))
	if err != nil {
		return nil, err
	}
	return &Judgement{Result: result, Model: m, Verdict: verdict(stage)}, nil
}

// withRivals adds the champion and the policy's anchor, where there are any, judged on the candidate's rows.
func (r *run) withRivals(c *dagger.Container, args []string, m *Model, rivals rivals) (*dagger.Container, []string, error) {
	champion, deployed := r.production.Models[m.Name]
	if deployed {
		args = append(args, "--production="+champion.SHA256)
	}
	// A model that production has already is not compared with itself.
	if deployed && champion.SHA256 != m.Digest && rivals.champion == nil {
		found, err := rivals.find("the champion", m.Name, champion.SHA256)
		if err != nil {
			return nil, nil, err
		}
		rivals.champion = found
	}
	if rivals.champion != nil {
		c = c.WithMountedDirectory("/champion", r.evaluated(m, rivals.champion).Directory(evaluationPath))
		args = append(args, "--champion=/champion")
	}
	if anchor := r.policy.Gate.Anchor; anchor != nil {
		found, err := rivals.find("the anchor", m.Name, anchor.SHA256)
		if err != nil {
			return nil, nil, err
		}
		c = c.WithMountedDirectory("/anchor", r.evaluated(m, found).Directory(evaluationPath))
		args = append(args, "--anchor=/anchor")
	}
	return c, args, nil
}

// verdict is the decision, as the gate's stage tells it.
func verdict(stage report.Stage) string {
	for _, fact := range stage.Facts {
		if fact.Name == "verdict" {
			return fact.Value
		}
	}
	return ""
}

// Register makes the model's version in the registry, with its parameters, metrics, data and files, and gives it the
// alias candidate, which needs no blessing. A model that is registered is found again by its digest. Its last line says
// which version it is.
// +cache="never"
func (m *Model) Register(ctx context.Context,
	// MLflow server, a URL
	tracking string,
	// That server on this machine, such as tcp://localhost:5000 for --tracking http://mlflow:5000 (any name, the same port)
	// +optional
	trackingServer *dagger.Service,
	// Token for that server
	// +optional
	trackingToken *dagger.Secret,
	// Git commit that the model was trained at
	// +optional
	commit string,
) (string, error) {
	run, err := m.Training.run(ctx)
	if err != nil {
		return "", err
	}
	server, err := run.tracker(tracking, trackingServer, trackingToken)
	if err != nil {
		return "", err
	}
	registered, err := server.register(ctx, m, commit)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("registered %s as candidate", registered), nil
}

// trained says what training made.
func (m *Model) trained(ctx context.Context) (report.Stage, error) {
	text, err := m.Files.File("data.json").Contents(ctx)
	if err != nil {
		return report.Stage{}, err
	}
	var data struct {
		SHA256   string
		Rows     int
		Warnings []string
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		return report.Stage{}, fmt.Errorf("data.json: %w", err)
	}
	stage := report.Stage{
		Name: "train", Status: report.Passed, Summary: fmt.Sprintf("made a model of %s, %d rows", m.Name, data.Rows),
		Facts: []report.Fact{{Name: "model.onnx sha256", Value: m.Digest}, {Name: "data.csv sha256", Value: data.SHA256}},
	}
	if len(data.Warnings) > 0 {
		stage.Facts = append(stage.Facts, report.Fact{Name: "warnings", Value: strings.Join(data.Warnings, "; ")})
	}
	return stage, nil
}
