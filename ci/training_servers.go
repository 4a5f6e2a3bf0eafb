package main

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// The ports of the servers that the training stage talks to.
const (
	trackingPort = 5000
	blobPort     = 10000
)

// Mlflow is an MLflow server that remembers nothing once it stops: for tests, demonstrations and laptops. Other
// containers reach it as mlflow:5000, this machine by `mlflow up`.
func (e *Esteira) Mlflow(ctx context.Context) (*dagger.Service, error) {
	c, err := e.mlflow(ctx)
	if err != nil {
		return nil, err
	}
	return c.AsService(), nil
}

func (e *Esteira) mlflow(ctx context.Context) (*dagger.Container, error) {
	lock, err := dag.CurrentModule().Source().File("toolbox/mlflow/requirements.txt").Contents(ctx)
	if err != nil {
		return nil, err
	}
	tool, err := e.pythonTool(ctx, lock)
	if err != nil {
		return nil, err
	}
	return tool.
		WithEnvVariable("MLFLOW_DISABLE_TELEMETRY", "true").
		// Jobs are for MLflow's own evaluations; with them and several workers it takes 2.7 GB instead of 0.5.
		WithEnvVariable("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false").
		WithWorkdir("/mlflow").
		WithExposedPort(trackingPort).
		WithDefaultArgs([]string{"mlflow", "server", "--workers=1", "--host=0.0.0.0", "--port=5000",
			"--allowed-hosts=mlflow:*,localhost:*,127.0.0.1:*",
			"--backend-store-uri=sqlite:///mlflow.db", "--artifacts-destination=/mlflow/artifacts"}), nil
}

// Azurite is Microsoft's emulator of Azure Blob Storage, which remembers nothing once it stops: for tests, demonstrations
// and laptops. Other containers reach it as azurite:10000, this machine by `azurite up`.
func (e *Esteira) Azurite() *dagger.Service { return e.azurite().AsService() }

func (e *Esteira) azurite() *dagger.Container {
	pin := dag.CurrentModule().Source().Directory("toolbox/azurite")
	return e.withCredentials(e.apt("ca-certificates", "nodejs", "npm")).
		WithFile("/azurite/package.json", pin.File("package.json")).
		WithFile("/azurite/package-lock.json", pin.File("package-lock.json")).
		WithWorkdir("/azurite").
		WithExec([]string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}).
		WithExposedPort(blobPort).
		// The official SDK is newer than the emulator, and a host of one word has the account in the path.
		WithDefaultArgs([]string{"node_modules/.bin/azurite-blob", "--inMemoryPersistence",
			"--skipApiVersionCheck", "--disableProductStyleUrl", "--disableTelemetry", "--blobHost=0.0.0.0"})
}

// Where the servers of a call's own are.
const (
	ownTracking  = "http://mlflow:5000"
	ownContainer = "http://azurite:10000/devstoreaccount1/models"
)

// own is a server that no other call has: equal ones would be one to the engine, and the first call to end would stop it.
func own(c *dagger.Container) *dagger.Service {
	return c.WithEnvVariable("ESTEIRA_OWN", rand.Text()).AsService()
}

// ownMlflow is an MLflow server that ends with the call.
func (e *Esteira) ownMlflow(ctx context.Context) (*dagger.Service, error) {
	c, err := e.mlflow(ctx)
	if err != nil {
		return nil, err
	}
	return own(c).Start(ctx)
}

// ownBlobs is an Azurite that ends with the call, with a container, and a SAS for that.
func (e *Esteira) ownBlobs(ctx context.Context) (*dagger.Service, *dagger.Secret, error) {
	command, err := e.command(ctx)
	if err != nil {
		return nil, nil, err
	}
	server, err := own(e.azurite()).Start(ctx)
	if err != nil {
		return nil, nil, err
	}
	signature, err := e.Debian.
		WithMountedFile("/usr/local/bin/esteira", command).
		WithServiceBinding("azurite", server).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String()).
		WithExec([]string{"esteira", "blob", "emulate", "--container=" + ownContainer}).
		Stdout(ctx)
	if err != nil {
		return nil, nil, plain(err)
	}
	return server, dag.SetSecret("esteira-azurite-sas", strings.TrimSpace(signature)), nil
}
