package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Drift compares what a model is asked in service with what it was trained on.
type Drift struct {
	// +private
	Esteira *Esteira
	// +private
	Card *dagger.File
	// +private
	Model *dagger.File
	// +private
	Metrics *dagger.File
	// +private
	Before *dagger.File
	// +private
	Policy *dagger.File
	// +private
	Variant string
}

// Drift compares what a model is asked in service with its card, from the counters that the inference service offers at
// /metrics.
func (e *Esteira) Drift(ctx context.Context,
	// The model, which carries its card
	// +optional
	model *dagger.File,
	// The model's card alone, as JSON
	// +optional
	card *dagger.File,
	// What /metrics answered
	// +optional
	metrics *dagger.File,
	// Where to ask for the metrics, such as http://inference:8080/metrics
	// +optional
	url string,
	// Service on this machine, such as tcp://localhost:8080 for --url http://inference:8080/metrics (any name, the same port)
	// +optional
	service *dagger.Service,
	// What /metrics answered earlier: only what came since is compared
	// +optional
	before *dagger.File,
	// The policy, as YAML or JSON, where it is not the default one
	// +optional
	policy *dagger.File,
	// Variant that serves the model
	// +default="champion"
	variant string,
) (*Drift, error) {
	switch {
	case (model == nil) == (card == nil):
		return nil, errors.New("give the model by --model, or its card by --card")
	case (metrics == nil) == (url == ""):
		return nil, errors.New("give the metrics by --metrics, or say by --url where they are")
	}
	if url != "" {
		scraped, err := e.scrape(ctx, url, service)
		if err != nil {
			return nil, fmt.Errorf("no metrics from %s: %v", url, plain(err))
		}
		metrics = scraped
	}
	return &Drift{Esteira: e, Model: model, Card: card, Metrics: metrics, Before: before, Policy: policy, Variant: variant}, nil
}

// scrape is what a service answers now.
func (e *Esteira) scrape(ctx context.Context, address string, service *dagger.Service) (*dagger.File, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" {
		return nil, errors.New("it is no http or https URL")
	}
	c := e.apt("ca-certificates", "curl")
	if service != nil {
		c = c.WithServiceBinding(parsed.Hostname(), service)
	}
	answer, err := c.
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec([]string{"curl", "-sS", "--fail", "--proto", "=http,https", "--max-time", "30", "--max-filesize", "50M", parsed.String()}).
		Stdout(ctx)
	return dag.File("metrics", answer), err
}

// Judge is red where data drifted, and undecided where there was too little of it to tell. Its files hold verdict.json.
// +cache="session"
func (d *Drift) Judge(ctx context.Context) (*Result, error) {
	files, err := d.files(ctx)
	if err != nil {
		return nil, err
	}
	return d.Esteira.verdict(ctx, "drift", files, "--variant="+d.Variant)
}

func (d *Drift) files(ctx context.Context) ([]input, error) {
	files, err := texts(ctx, input{"card", d.Card}, input{"metrics", d.Metrics}, input{"before", d.Before}, input{"policy", d.Policy})
	if d.Model != nil {
		files = append(files, input{"model", d.Model})
	}
	return files, err
}

// Dispatch asks GitHub for a training where data drifted: it sends the event model-drift, with the data set, the model and
// the reasons. Where nothing drifted it sends nothing, and says so; what can't be decided is an error.
// +cache="never"
func (d *Drift) Dispatch(ctx context.Context,
	// Repository whose workflows wait for the event, as OWNER/NAME
	repository string,
	// Token with the permission contents:write there
	token *dagger.Secret,
	// Address of GitHub's API, of an Enterprise Server say
	// +default="https://api.github.com/"
	api string,
	// Service on this machine that answers as GitHub does, such as tcp://localhost:4010 for --api http://github:4010
	// +optional
	service *dagger.Service,
) (string, error) {
	files, err := d.files(ctx)
	if err != nil {
		return "", err
	}
	judged, err := d.Esteira.judge(ctx, "drift", files, "--variant="+d.Variant)
	if err != nil {
		return "", err
	}
	if judged, err = reachingGithub(judged, api, service); err != nil {
		return "", err
	}
	sent, err := judged.
		WithMountedSecret("/run/token", token).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec([]string{"esteira", "dispatch", "--verdict=/out/verdict.json", "--token-file=/run/token", "--repository=" + repository, "--api=" + api}).
		Stdout(ctx)
	if err != nil {
		return "", plain(err)
	}
	return sent, nil
}
