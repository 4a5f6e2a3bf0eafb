package main

import (
	"context"
	"fmt"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// installLimit ends an installation that hangs, beyond what it waits for by itself.
const installLimit = 10 * time.Minute

// Argocd brings Argo CD into a cluster. From then on it keeps itself, and everything else, as Git says.
type Argocd struct {
	// +private
	Esteira *Esteira
	// +private
	Source *dagger.Directory
}

// Argocd brings Argo CD into a cluster, with the projects and applications that it keeps.
func (e *Esteira) Argocd(
	// The folder with all manifests; its parts.yaml says what is pinned
	// +defaultPath="/k8s"
	// +ignore=["**/.git"]
	source *dagger.Directory,
) *Argocd {
	return &Argocd{Esteira: e, Source: source}
}

// Install applies what Argo CD's folder renders to, server-side, definitions of custom resources first, and waits until Argo CD
// runs. Called again it changes nothing. What the server refuses is an error that names the object; so is a server that does
// not answer. Its last line says how many objects there are, and how many of them were made or changed.
// +cache="never"
func (a *Argocd) Install(ctx context.Context,
	// A kubeconfig of who may do everything in the cluster
	kubeconfig *dagger.Secret,
	// API server on this machine, such as tcp://localhost:6443 for a kubeconfig with https://kubernetes:6443 (the same port)
	// +optional
	server *dagger.Service,
	// Folder of Argo CD's kustomization, in the folder with all manifests
	// +default="argocd"
	folder string,
	// How long Argo CD may take until it runs, such as 5m; 0s does not wait for that
	// +default="5m"
	wait string,
) (string, error) {
	patience, err := time.ParseDuration(wait)
	if err != nil || patience < 0 {
		return "", fmt.Errorf("--wait is %q: write a time such as 5m, or 0s", wait)
	}
	manifests := a.Esteira.Manifests(a.Source, nil, nil, nil)
	rendered, err := manifests.rendered(ctx)
	if err != nil {
		return "", err
	}
	bench, err := manifests.bench(ctx, "kubectl")
	if err != nil {
		return "", err
	}
	return said(ctx, clustered(bench, kubeconfig, server).WithMountedDirectory(renderedPath, rendered), installLimit+patience,
		"esteira", "argocd", "install", "--rendered="+renderedPath, "--root="+folder, "--kubeconfig="+kubeconfigPath, "--wait="+wait)
}

// Where a cluster's kubeconfig is, and what an API server on this machine is called: its certificate has that name.
const (
	kubeconfigPath = "/run/kubeconfig"
	clusterHost    = "kubernetes"
)

// clustered is a container that reaches a cluster, and is never cached: a cluster changes by itself.
func clustered(c *dagger.Container, kubeconfig *dagger.Secret, server *dagger.Service) *dagger.Container {
	if server != nil {
		c = c.WithServiceBinding(clusterHost, server)
	}
	return c.WithMountedSecret(kubeconfigPath, kubeconfig).WithEnvVariable("ESTEIRA_NOW", time.Now().String())
}
