package main

import (
	"context"
	"errors"
	"sync"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// applications are the programs of ours that Prometheus scrapes, and the model that one of them serves.
type applications struct {
	gateway  *Java
	service  *Python
	training *Training
}

// askApplications uses both applications once in each way that they count, and keeps what they say of it in /out: as they
// start under idle/, and after that under used/, a file for each job. 250 rows are enough for the drift to be a number.
const askApplications = `set -eu
service=http://inference-service:8080 gateway=http://gateway:8080
ready() { curl -sS -o /dev/null --fail --retry 60 --retry-delay 1 --retry-max-time 120 --retry-all-errors "$1/health/ready"; }
scrape() {
  mkdir -p "/out/$1"
  curl -sS --fail "$service/metrics" -o "/out/$1/inference-service"
  curl -sS --fail "$gateway/actuator/prometheus" -o "/out/$1/api-gateway"
}
send() { url=$1 body=$2; shift 2; curl -sS "$@" -H 'Content-Type: application/json' -d "$body" "$url"; }
ready $service
ready $gateway
scrape idle
rows=$(awk 'BEGIN { for (i = 0; i < 250; i++) printf "%s[5.1, 3.5, 1.4, 0.2]", i ? ", " : "" }')
send $gateway/api/v1/predictions "{\"instances\": [$rows]}" --fail-with-body -o /dev/null
answer=$(send $gateway/api/v1/predictions '{"instances": [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]}' --fail-with-body)
id() { printf %s "$answer" | tr ',{' '\n\n' | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | sed -n "$1p"; }
send $service/v1/feedback "{\"id\": \"$(id 1)\", \"label\": \"setosa\"}" --fail-with-body
send $service/v1/feedback "{\"id\": \"$(id 2)\", \"label\": \"setosa\"}" --fail-with-body
send $gateway/api/v1/predictions '{"instances": "none"}' -o /dev/null
send $gateway/api/v1/predictions '{' -o /dev/null
send $gateway/api/v1/predictions '{"instances": [[1]]}' -o /dev/null
scrape used`

// expose is what the applications answer when Prometheus scrapes them. Where neither they nor the model changed, nothing
// is started: it is a layer, keyed by them.
func (a *applications) expose(ctx context.Context) (*dagger.Directory, error) {
	var service *dagger.Service
	var gateway *Image
	failed := make([]error, 2)
	var wait sync.WaitGroup
	wait.Go(func() { service, failed[0] = a.serving(ctx) })
	wait.Go(func() { gateway, failed[1] = a.gateway.Image(ctx) })
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	return a.gateway.Esteira.apt("ca-certificates", "curl").
		WithServiceBinding("inference-service", service).
		WithServiceBinding("gateway", gateway.Container().
			WithServiceBinding("inference-service", service).
			WithExposedPort(8080).
			AsService(dagger.ContainerAsServiceOpts{UseEntrypoint: true})).
		WithExec([]string{"sh", "-c", askApplications}).
		Directory("/out"), nil
}

// serving is the inference service with a model that was just trained. Whether a gate would bless it is not asked here.
func (a *applications) serving(ctx context.Context) (*dagger.Service, error) {
	run, err := a.training.run(ctx)
	if err != nil {
		return nil, err
	}
	model, err := run.train(ctx)
	if err != nil {
		return nil, err
	}
	image, err := a.service.Image(ctx)
	if err != nil {
		return nil, err
	}
	c := image.Container().WithFile("/models/champion/model.onnx", model.Files.File("model.onnx"), dagger.ContainerWithFileOpts{Owner: "65532:65532"})
	for _, variable := range [][2]string{
		{"MODEL_DIR", "/models"},
		{"MODEL_NAME", model.Name},
		{"MODEL_VERSION", "1"},
		{"MODEL_SHA256", model.Digest},
		{"MODEL_BLESSING", "none"},
	} {
		c = c.WithEnvVariable(variable[0], variable[1])
	}
	return c.WithExposedPort(8080).AsService(dagger.ContainerAsServiceOpts{UseEntrypoint: true}), nil
}
