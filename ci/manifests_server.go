package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/report"
)

// serverLimit ends a trial that hangs. Of some 400 objects, 100 of them definitions, it takes 20 s.
const serverLimit = 10 * time.Minute

// Server reports what a real Kubernetes API server refuses: everything that somebody applies is applied there as a dry run,
// server-side, after the definitions of custom resources. With --base it is applied over what the base made, so that a
// change of what cannot be changed is red too. Nothing is started where nothing changed.
// +cache="session"
func (m *Manifests) Server(ctx context.Context) (*Result, error) {
	return m.judge(ctx, "server", tryOnServer)
}

// ServerCheck is red when Server's result is.
// +check
// +cache="never"
func (m *Manifests) ServerCheck(ctx context.Context) error { return checked(m.Server(ctx)) }

// tryOnServer asks an API server that lives as long as the step. A step that fails is never remembered: a server that did
// not start is asked again.
func tryOnServer(m *Manifests, ctx context.Context) (*dagger.Container, error) {
	policy, err := m.policy(ctx)
	if err != nil {
		return nil, err
	}
	bench, err := m.serverBench(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"esteira", "manifest", "server", "--rendered=" + renderedPath, "--kubernetes=" + policy.Kubernetes, "--out=" + saidPath}
	if m.Base != nil {
		before, err := m.before().rendered(ctx)
		if err != nil {
			return nil, err
		}
		bench = bench.WithMountedDirectory("/before", before)
		args = append(args, "--base=/before")
	}
	tried, err := bench.WithExec(withTimeout(serverLimit, args...)).Sync(ctx)
	var failed *dagger.ExecError
	if !errors.As(err, &failed) {
		return tried, err
	}
	var said strings.Builder
	if err := (manifest.Said{Undecided: unasked(failed)}).Write(&said); err != nil {
		return nil, err
	}
	return bench.WithNewFile(saidPath, said.String()), nil
}

// unasked is why the server could not be asked.
func unasked(failed *dagger.ExecError) string {
	stage := broken(failed, serverLimit, func(string) (report.Stage, bool) {
		return report.Stage{Summary: "the API server could not be asked"}, false
	})
	return strings.TrimSpace(stage.Summary + "\n" + stage.Log)
}

// serverBench is the workbench of the trial: etcd is Debian's, the API server of the cluster's own version.
func (m *Manifests) serverBench(ctx context.Context) (*dagger.Container, error) {
	bench, err := m.workbench(ctx, "kube-apiserver")
	if err != nil {
		return nil, err
	}
	etcd := m.Esteira.apt("etcd-server").File("/usr/bin/etcd")
	return bench.WithMountedFile("/usr/local/bin/etcd", etcd), nil
}
