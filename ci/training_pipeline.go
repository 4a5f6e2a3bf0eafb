package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/report"
)

// Upload trains and judges a model and, if the gate blesses it, puts it with its record into Azure Blob Storage under
// its digest. Its last line is where the model is.
// +cache="never"
func (t *Training) Upload(ctx context.Context,
	// Container of blobs, a URL such as https://ACCOUNT.blob.core.windows.net/models
	container string,
	// Shared access signature for the container, which may create and read (sp=cr); else the workload's identity is used
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
	// Blob server on this machine, such as tcp://localhost:10000 for --container http://azurite:10000/ACCOUNT/models (any
	// name, the same port); it is spoken to without TLS
	// +optional
	server *dagger.Service,
	// Person who approves the model where production has none to compare it with
	// +optional
	approvedBy string,
	// MLflow server, a URL, which has the champion
	// +optional
	tracking string,
	// That server on this machine, such as tcp://localhost:5000 for --tracking http://mlflow:5000 (any name, the same port)
	// +optional
	trackingServer *dagger.Service,
	// Token for that server
	// +optional
	trackingToken *dagger.Secret,
) (string, error) {
	judgement, err := t.Gate(ctx, nil, approvedBy, tracking, trackingServer, trackingToken)
	if err != nil {
		return "", fmt.Errorf("nothing was uploaded: %v", err)
	}
	return judgement.Upload(ctx, container, sas, identity, identityURL, tenant, client, server)
}

// Pipeline is the whole way of a model: train, evaluate, register as candidate, judge, bless, upload. A judgement is
// logged whatever it is. Without --tracking and --container it uses servers of its own, which end with the call, so that
// the same way can be walked on any machine.
// +cache="never"
func (t *Training) Pipeline(ctx context.Context,
	// MLflow server, a URL
	// +optional
	tracking string,
	// That server on this machine, such as tcp://localhost:5000 for --tracking http://mlflow:5000 (any name, the same port)
	// +optional
	trackingServer *dagger.Service,
	// Token for that server
	// +optional
	trackingToken *dagger.Secret,
	// Container of blobs, a URL such as https://ACCOUNT.blob.core.windows.net/models
	// +optional
	container string,
	// Shared access signature for the container, which may create and read (sp=cr); else the workload's identity is used
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
	// Blob server on this machine, such as tcp://localhost:10000 for --container http://azurite:10000/ACCOUNT/models (any
	// name, the same port); it is spoken to without TLS
	// +optional
	server *dagger.Service,
	// Person who approves the model where production has none to compare it with
	// +optional
	approvedBy string,
	// Git commit that the model is trained at
	// +optional
	commit string,
	// Private key that signs the record, as `cosign generate-key-pair` makes it; a promotion asks for that
	// +optional
	key *dagger.Secret,
	// Password of the key
	// +optional
	keyPassword *dagger.Secret,
	// Name for the report
	// +default="Training"
	title string,
) (*Result, error) {
	run, err := t.run(ctx)
	if err != nil {
		return nil, err
	}
	if tracking == "" {
		own, err := t.Esteira.ownMlflow(ctx)
		if err != nil {
			return nil, err
		}
		defer own.Stop(ctx) //nolint:errcheck // it ends with the session anyway
		tracking, trackingServer = ownTracking, own
	}
	if container == "" {
		own, signature, err := t.Esteira.ownBlobs(ctx)
		if err != nil {
			return nil, err
		}
		defer own.Stop(ctx) //nolint:errcheck // it ends with the session anyway
		container, server, sas = ownContainer, own, signature
	}
	if (key == nil) != (keyPassword == nil) {
		return nil, errors.New("--key and --key-password go together: one of them is missing")
	}
	registry, err := run.tracker(tracking, trackingServer, trackingToken)
	if err != nil {
		return nil, err
	}
	store, err := newBlobStore(t.Esteira, container, server, blobAccess{sas, identity, identityURL, tenant, client})
	if err != nil {
		return nil, err
	}
	way := &way{run: run, registry: registry, store: store, approvedBy: approvedBy, commit: commit, key: key, keyPassword: keyPassword}
	return way.walk(ctx, title)
}

// way is a model on its way.
type way struct {
	*run
	registry           *tracker
	store              *blobStore
	approvedBy, commit string
	key, keyPassword   *dagger.Secret

	model      *Model
	registered version
	judgement  *Judgement
}

func (w *way) walk(ctx context.Context, title string) (*Result, error) {
	return convey(ctx, title,
		[]step{{"train", w.train}},
		[]step{{"evaluate", w.evaluate}, {"register", w.register}},
		[]step{{"gate", w.gate}},
		[]step{{"bless", w.bless}},
		[]step{{"upload", w.upload}},
	)
}

func (w *way) train(ctx context.Context) (*Result, error) {
	var err error
	if w.model, err = w.run.train(ctx); err != nil {
		return nil, err
	}
	stage, err := w.model.trained(ctx)
	if err != nil {
		return nil, err
	}
	return stageResult(stage, w.model.Files)
}

func (w *way) evaluate(ctx context.Context) (*Result, error) {
	c := w.evaluated(w.model, nil)
	output, err := c.Stdout(ctx)
	if err != nil {
		return nil, w.said("evaluate.py", err)
	}
	// FOLDER: what came out.
	_, came, _ := strings.Cut(strings.TrimSpace(output), ": ")
	return stageResult(report.Stage{Name: "evaluate", Status: report.Passed, Summary: came}, c.Directory(evaluationPath))
}

func (w *way) register(ctx context.Context) (*Result, error) {
	var err error
	if w.registered, err = w.registry.register(ctx, w.model, w.commit); err != nil {
		return nil, err
	}
	return passed("register", w.registered.String()+" is candidate")
}

// gate judges, and has a judgement remembered that blesses nothing.
func (w *way) gate(ctx context.Context) (*Result, error) {
	var err error
	if w.judgement, err = w.judge(ctx, w.model, rivals{server: w.registry}, w.approvedBy); err != nil {
		return nil, err
	}
	if !w.judgement.blessed() && w.judgement.Verdict != unchanged {
		if _, err := w.registry.log(ctx, w.judgement); err != nil {
			return nil, err
		}
	}
	return w.judgement.Result, nil
}

func (w *way) bless(ctx context.Context) (*Result, error) {
	if w.judgement.Verdict == unchanged {
		return passed("bless", "production has this model: nothing was blessed")
	}
	if _, err := w.registry.log(ctx, w.judgement); err != nil {
		return nil, err
	}
	return passed("bless", w.registered.String()+" is blessed")
}

// upload stores the model, and says in candidate.json what `promotion promote --candidate` takes: nothing where production has
// it already.
func (w *way) upload(ctx context.Context) (*Result, error) {
	candidate := release.Candidate{Models: map[string]release.Model{}}
	statement := w.judgement.Result.Files.File("statement.json")
	if w.judgement.Verdict != unchanged {
		var err error
		if w.key != nil {
			if statement, err = w.judgement.Sign(ctx, w.key, w.keyPassword); err != nil {
				return nil, err
			}
		}
		if candidate.Models[w.model.Name], err = w.released(ctx, statement); err != nil {
			return nil, err
		}
	}
	said, err := w.store.put(ctx, w.judgement, statement)
	if err != nil {
		return nil, err
	}
	file, err := candidateFile(candidate)
	if err != nil {
		return nil, err
	}
	stage := report.Stage{Name: "upload", Status: report.Passed, Summary: said[strings.LastIndex(said, "\n")+1:]}
	return stageResult(stage, dag.Directory().WithFile("candidate.json", file))
}

// released is the model as a release set names it.
func (w *way) released(ctx context.Context, statement *dagger.File) (release.Model, error) {
	text, err := statement.Contents(ctx)
	if err != nil {
		return release.Model{}, err
	}
	record := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	gate := release.Gate{Verdict: w.judgement.Verdict, Record: record, URI: w.store.url + "/sha256/" + record + "/statement.json"}
	if gate.Verdict == rubberStamp {
		gate.ApprovedBy = w.approvedBy
	}
	return release.Model{
		Version: w.registered.Version, SHA256: w.model.Digest, URI: w.store.url + "/sha256/" + w.model.Digest + "/model.onnx",
		Source: w.commit, Data: w.model.Data, Gate: gate,
	}, nil
}

func passed(name, summary string) (*Result, error) {
	return stageResult(report.Stage{Name: name, Status: report.Passed, Summary: summary}, nil)
}
