package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// Demo walks the whole way of this repository on one machine, with servers of its own that end with the call: both
// applications are built, tested and shipped, a model is trained, judged, registered and uploaded, and then a prediction of
// that model is asked for through the gateway. Whoever runs it approves the model, which has no champion to beat.
// +cache="never"
func (e *Esteira) Demo(ctx context.Context,
	// Folder of the gateway
	// +defaultPath="/apps/api-gateway"
	// +ignore=["**/target", ".git"]
	gateway *dagger.Directory,
	// Folder of the inference service
	// +defaultPath="/apps/inference-service"
	// +ignore=["**/__pycache__", "**/.*_cache", "**/.venv", ".git"]
	service *dagger.Directory,
	// Folder of the training
	// +defaultPath="/ml/training"
	// +ignore=["**/__pycache__", "**/.*_cache", "**/.venv", "**/*.md", "tests", "requirements-dev.txt", ".git"]
	training *dagger.Directory,
	// Folder with esteira.yaml and k8s/overlays/prod/release.yaml
	// +defaultPath="/"
	// +ignore=["**", "!esteira.yaml", "!k8s/overlays/prod/release.yaml"]
	policy *dagger.Directory,
) (*Result, error) {
	d, err := e.newDemo(ctx, gateway, service, training, policy)
	if err != nil {
		return nil, err
	}
	return d.walk(ctx)
}

// Serving is what Demo ends with, and stays: on port 8080 the gateway, and behind it the inference service with a model that
// was trained, blessed and uploaded for it, as version 1 of servers that end with the call.
// +cache="never"
func (e *Esteira) Serving(ctx context.Context,
	// Folder of the gateway
	// +defaultPath="/apps/api-gateway"
	// +ignore=["**/target", ".git"]
	gateway *dagger.Directory,
	// Folder of the inference service
	// +defaultPath="/apps/inference-service"
	// +ignore=["**/__pycache__", "**/.*_cache", "**/.venv", ".git"]
	service *dagger.Directory,
	// Folder of the training
	// +defaultPath="/ml/training"
	// +ignore=["**/__pycache__", "**/.*_cache", "**/.venv", "**/*.md", "tests", "requirements-dev.txt", ".git"]
	training *dagger.Directory,
	// Folder with esteira.yaml and k8s/overlays/prod/release.yaml
	// +defaultPath="/"
	// +ignore=["**", "!esteira.yaml", "!k8s/overlays/prod/release.yaml"]
	policy *dagger.Directory,
) (*dagger.Service, error) {
	d, err := e.newDemo(ctx, gateway, service, training, policy)
	if err != nil {
		return nil, err
	}
	if err := checked(d.model.walk(ctx, "model")); err != nil {
		return nil, err
	}
	return d.entrance(ctx)
}

func (e *Esteira) newDemo(ctx context.Context, gateway, service, training, policy *dagger.Directory) (*demo, error) {
	run, err := (&Training{Esteira: e, Source: training, Policy: policy, Recipe: &Recipe{}, Timeout: "20m"}).run(ctx)
	if err != nil {
		return nil, err
	}
	model, err := e.ownWay(ctx, run)
	return &demo{esteira: e, gateway: e.Java(gateway, nil, "20m"), service: e.Python(service, nil, "20m"), model: model}, err
}

// ownWay is a model's way over servers that end with the call.
func (e *Esteira) ownWay(ctx context.Context, run *run) (*way, error) {
	mlflow, err := e.ownMlflow(ctx)
	if err != nil {
		return nil, err
	}
	registry, err := run.tracker(ownTracking, mlflow, nil)
	if err != nil {
		return nil, err
	}
	blobs, signature, err := e.ownBlobs(ctx)
	if err != nil {
		return nil, err
	}
	store, err := newBlobStore(e, ownContainer, blobs, blobAccess{sas: signature})
	if err != nil {
		return nil, err
	}
	return &way{run: run, registry: registry, store: store, approvedBy: "whoever runs the demo"}, nil
}

// demo is what Demo puts together.
type demo struct {
	esteira *Esteira
	gateway *Java
	service *Python
	model   *way
}

// walk goes the three ways side by side, and then asks for a prediction, unless something is red.
func (d *demo) walk(ctx context.Context) (*Result, error) {
	names := []string{"gateway", "service", "model"}
	results, failed := make([]*Result, len(names)), make([]error, len(names))
	var wait sync.WaitGroup
	for i, way := range []func() (*Result, error){
		func() (*Result, error) { return d.gateway.Pipeline(ctx, "", "", nil, nil, "gateway") },
		func() (*Result, error) {
			// Alive without a model, and never ready: the model comes later.
			env := []string{"MODEL_SHA256=" + strings.Repeat("0", 64)}
			return d.service.Pipeline(ctx, "", "", nil, nil, "service", "/health/live", env)
		},
		func() (*Result, error) { return d.model.walk(ctx, "model") },
	} {
		wait.Go(func() { results[i], failed[i] = way() })
	}
	wait.Wait()
	red := []string{}
	for i, err := range failed {
		if err != nil {
			return nil, fmt.Errorf("%s: %v", names[i], err)
		}
		if run, err := results[i].run(); err != nil || run.Status().Red() {
			red = append(red, names[i])
		}
	}
	asked, err := convey(ctx, "prediction", []step{{"prediction", func(ctx context.Context) (*Result, error) {
		if len(red) > 0 {
			return stageResult(report.Stage{Name: "prediction", Status: report.Skipped, Summary: "not run, because of " + strings.Join(red, " and ")}, nil)
		}
		return d.predict(ctx)
	}}})
	if err != nil {
		return nil, err
	}
	return join("Esteira", append(names, ""), append(results, asked))
}

// flowers are the first iris of each kind in Fisher's table, by sepal and petal.
const flowers = `{"instances": [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]]}`

// entrance is the gateway, in front of the service with the uploaded model.
func (d *demo) entrance(ctx context.Context) (*dagger.Service, error) {
	service, err := d.serving(ctx)
	if err != nil {
		return nil, err
	}
	image, err := d.gateway.Image(ctx)
	if err != nil {
		return nil, err
	}
	return image.Container().
		WithServiceBinding("inference-service", service).
		WithExposedPort(8080).
		AsService(dagger.ContainerAsServiceOpts{UseEntrypoint: true}), nil
}

// predict asks for a prediction at the entrance.
func (d *demo) predict(ctx context.Context) (*Result, error) {
	gateway, err := d.entrance(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := d.esteira.apt("ca-certificates", "curl").
		WithServiceBinding("gateway", gateway).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec([]string{"curl", "-sS", "--fail-with-body", "--retry", "30", "--retry-delay", "1", "--retry-max-time", "60", "--max-time", "60",
			"--retry-all-errors", "--json", flowers, "http://gateway:8080/api/v1/predictions"}).
		Stdout(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return predicted(answer, d.model.model.Digest)
}

// serving is the inference service with the model that was uploaded: an init container has put it there.
func (d *demo) serving(ctx context.Context) (*dagger.Service, error) {
	image, err := d.service.Image(ctx)
	if err != nil {
		return nil, err
	}
	statement, err := d.model.judgement.Result.Files.File("statement.json").Contents(ctx)
	if err != nil {
		return nil, err
	}
	record := fmt.Sprintf("%x", sha256.Sum256([]byte(statement)))
	store, digest := d.model.store, d.model.model.Digest
	c := image.Container().
		WithDirectory("/models", dag.Directory(), dagger.ContainerWithDirectoryOpts{Owner: "65532:65532"}).
		WithServiceBinding(store.host, store.server).
		WithMountedSecret("/run/sas", store.sas, dagger.ContainerWithMountedSecretOpts{Owner: "65532:65532"})
	for _, variable := range [][2]string{
		{"ESTEIRA_NOW", time.Now().String()},
		{"MODEL_DIR", "/models"},
		{"MODEL_NAME", d.model.model.Name},
		{"MODEL_VERSION", d.model.registered.Version},
		{"MODEL_SHA256", digest},
		{"MODEL_URI", store.url + "/sha256/" + digest + "/model.onnx"},
		{"MODEL_RECORD_SHA256", record},
		{"MODEL_RECORD_URI", store.url + "/sha256/" + record + "/statement.json"},
		{"MODEL_HOSTS", store.host},
		{"MODEL_SAS_FILE", "/run/sas"},
		{"MODEL_ALLOW_HTTP", "true"}, // Azurite, in the engine's own network
	} {
		c = c.WithEnvVariable(variable[0], variable[1])
	}
	c, err = c.WithExec([]string{"download"}, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Sync(ctx)
	if err != nil {
		return nil, plain(err)
	}
	return c.WithExposedPort(8080).AsService(dagger.ContainerAsServiceOpts{UseEntrypoint: true}), nil
}

// predicted reads the gateway's answer: it has to come from the model that was uploaded.
func predicted(answer, digest string) (*Result, error) {
	var said struct {
		Model struct {
			Name, Version, SHA256 string
		}
		Predictions []struct{ Label string }
	}
	if err := json.Unmarshal([]byte(answer), &said); err != nil {
		return nil, fmt.Errorf("the gateway answered %q: %w", answer, err)
	}
	if said.Model.SHA256 != digest || len(said.Predictions) == 0 {
		return stageResult(report.Stage{
			Name: "prediction", Status: report.Failed, Summary: "the answer is not of the model that was uploaded", Log: answer,
			Remedy: "compare its sha256 with " + digest,
		}, nil)
	}
	var labels []string
	for _, prediction := range said.Predictions {
		labels = append(labels, prediction.Label)
	}
	return stageResult(report.Stage{
		Name: "prediction", Status: report.Passed,
		Summary: fmt.Sprintf("%s version %s answered through the gateway: %s", said.Model.Name, said.Model.Version, strings.Join(labels, ", ")),
		Facts:   []report.Fact{{Name: "asked", Value: flowers}, {Name: "answer", Value: answer}},
	}, nil)
}
