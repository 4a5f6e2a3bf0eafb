package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// Prune lists the images and models that no set within the rollback depth of any environment names, no kustomization, and that
// are not new, and removes them where that is asked for: images with their signatures, models without their records. It can be
// called again at any time. What there is it reads from Azure's registry and container, or from a file.
// +cache="never"
func (p *Promotion) Prune(ctx context.Context,
	// All that there are, as JSON, of a registry that is none of Azure's; nothing is removed then
	// +optional
	existing *dagger.File,
	// Azure's registry with the images, such as team.azurecr.io: those repositories are looked at that kustomizations name
	// +optional
	registryHost string,
	// Container with the models, such as https://ACCOUNT.blob.core.windows.net/models
	// +optional
	container string,
	// Remove what nobody needs: of a SAS that takes list and delete (sp=ld), of an identity AcrDelete and Storage Blob Data Contributor
	// +optional
	remove bool,
	// Days for which what is new stays
	// +default=14
	young int,
	// Shared access signature of the container
	// +optional
	sas *dagger.Secret,
	// Token of the workload's identity (OIDC), with --tenant and --client; the registry takes nothing else
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
	// Store on this machine, such as tcp://localhost:10000 for --container http://azurite:10000/devstoreaccount1/models
	// +optional
	server *dagger.Service,
) (string, error) {
	bench, err := p.bench(ctx)
	if err != nil {
		return "", err
	}
	bench, flags := handed(bench, map[string]*dagger.File{"existing": existing})
	flags = append(flags, fmt.Sprintf("--young=%d", young))
	if remove {
		flags = append(flags, "--remove")
	}
	if registryHost != "" {
		flags = append(flags, "--registry="+registryHost)
	}
	if container != "" {
		flags = append(flags, "--container="+container)
	}
	if registryHost != "" || container != "" {
		access := blobAccess{sas, identity, identityURL, tenant, client}
		if err := access.check(); err != nil {
			return "", err
		}
		bench = access.into(bench)
	}
	if server != nil {
		address, err := url.Parse(container)
		if err != nil || address.Hostname() == "" {
			return "", errors.New("--container is no URL: write one such as http://azurite:10000/devstoreaccount1/models")
		}
		bench = bench.WithServiceBinding(address.Hostname(), server)
		flags = append(flags, "--plain")
	}
	return p.run(ctx, bench, append([]string{"prune"}, flags...)...)
}
