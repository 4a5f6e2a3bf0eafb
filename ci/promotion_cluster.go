package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// Watch follows a set until the cluster runs it, has taken it back, or the time is over, and says which. Anything but a set
// that is healthy is red.
// +cache="never"
func (p *Promotion) Watch(ctx context.Context,
	// Environment whose set is followed
	environment string,
	// Name of Argo CD's application
	application string,
	// A kubeconfig that may read applications, canaries and deployments
	kubeconfig *dagger.Secret,
	// API server on this machine, such as tcp://localhost:6443 for a kubeconfig with https://kubernetes:6443 (the same port)
	// +optional
	server *dagger.Service,
	// Commit that has the set (default: where the branch is)
	// +optional
	commit string,
	// How long it may take, such as 15m
	// +default="15m"
	limit string,
	// Roll the set back in Git, too, where the cluster took it back
	// +optional
	writeBack bool,
	// Who takes the pin of that rollback away again
	// +optional
	owner string,
) (string, error) {
	patience, err := time.ParseDuration(limit)
	if err != nil {
		return "", fmt.Errorf("--limit is %q: write a time such as 15m", limit)
	}
	bench, err := p.bench(ctx)
	if err != nil {
		return "", err
	}
	args := []string{
		"watch", "--environment=" + environment, "--application=" + application, "--kubeconfig=" + kubeconfigPath, "--limit=" + limit,
	}
	if commit != "" {
		args = append(args, "--commit="+commit)
	}
	if writeBack {
		if p.Remote == "" || p.Author == "" {
			return "", errors.New("a rollback is pushed: name the --remote and the --author of the commit")
		}
		args = append(args, "--write-back", "--owner="+owner, "--author="+p.Author)
	}
	said, err := p.timed(clustered(bench, kubeconfig, server), patience+promotionLimit, args...).Stdout(ctx)
	if err != nil {
		return "", plain(err)
	}
	return said, nil
}

// IntegrationTests asks what runs at an address what its users ask: probes, predictions, the promised model, what old clients
// were made for, problems for bad input, metrics, and the time that it takes. Its files hold run.json, and record.json for
// `record` where --set and --run are named.
// +cache="never"
func (p *Promotion) IntegrationTests(ctx context.Context,
	// Address of the gateway
	url string,
	// The gateway, on this machine or in Dagger, instead of what answers at that address from here: tcp://localhost:8080 for
	// --url http://gateway:8080
	// +optional
	gateway *dagger.Service,
	// Address below which its probes are (default: the gateway's)
	// +optional
	healthURL string,
	// Address of the inference service's metrics
	// +optional
	metricsURL string,
	// Version of the model that was promised
	// +optional
	modelVersion string,
	// Time that 95 of 100 predictions may take at most
	// +default="300ms"
	budget string,
	// Digest of the set that is tested
	// +optional
	set string,
	// Address where the run can be looked up
	// +optional
	run string,
) (*Result, error) {
	command, err := p.Esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	bench := p.Esteira.apt("ca-certificates").WithMountedFile("/usr/local/bin/esteira", command).WithDirectory("/tested", dag.Directory())
	if gateway != nil {
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "https://"), ":")
		bench = bench.WithServiceBinding(host, gateway)
	}
	args := []string{"esteira", "promotion", "integration-tests", "--url=" + url, "--budget=" + budget, "--json=/tested/run.json"}
	for flag, value := range map[string]string{"health-url": healthURL, "metrics-url": metricsURL, "model-version": modelVersion, "set": set, "run": run} {
		if value != "" {
			args = append(args, "--"+flag+"="+value)
		}
	}
	if set != "" {
		args = append(args, "--record=/tested/record.json")
	}
	tested := bench.WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec(withTimeout(promotionLimit, args...), dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny})
	text, err := tested.File("/tested/run.json").Contents(ctx)
	if err != nil {
		complaint, broken := tested.Stderr(ctx)
		if broken != nil {
			return nil, broken
		}
		return nil, fmt.Errorf("nothing was tested: %s", strings.TrimPrefix(tail(complaint), "esteira: "))
	}
	said, err := report.ReadJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return newResult(said, tested.Directory("/tested"))
}
