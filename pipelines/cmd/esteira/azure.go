package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/azure"
)

// azureLogin changes the token of a job into one for a registry, and writes it where docker, crane and cosign look for it.
func azureLogin(args []string, out io.Writer) error {
	identity := jobIdentity()
	var registry azure.Registry
	var repository, actions, token, output string
	var total time.Duration
	flags := flag.NewFlagSet("azure login", flag.ContinueOnError)
	flags.StringVar(&registry.Host, "registry", "", "`host` of the registry, such as team.azurecr.io")
	flags.StringVar(&repository, "repository", "", "`name` of the only repository that the token is for (default: a refresh token for all of the registry)")
	flags.StringVar(&actions, "actions", "pull,push", "`list` of what may be done with the repository")
	flags.StringVar(&identity.Tenant, "tenant", identity.Tenant, "`id` of the tenant (default: AZURE_TENANT_ID)")
	flags.StringVar(&identity.Client, "client", identity.Client, "`id` of the application or managed identity (default: AZURE_CLIENT_ID)")
	flags.StringVar(&identity.Authority, "authority", identity.Authority, "`URL` of Entra in another cloud (default: AZURE_AUTHORITY_HOST)")
	flags.StringVar(&registry.Audience, "audience", azure.RegistryAudience, "`URL` that Entra's token for the registry is for")
	flags.StringVar(&token, "token-file", "", "`file` with a token that Entra trusts (default: AZURE_FEDERATED_TOKEN_FILE, else GitHub's of the job)")
	flags.StringVar(&output, "output", "", "new `file` config.json; DOCKER_CONFIG names its folder")
	flags.DurationVar(&total, "timeout", 2*time.Minute, "give up after this `long`")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if registry.Host == "" || output == "" {
		return usageError{errors.New("azure login: name the --registry and the --output")}
	}
	if token != "" {
		identity.Assertion = azure.FileToken(token)
	}
	ctx, cancel := context.WithTimeout(context.Background(), total)
	defer cancel()
	credential, err := identity.Credential()
	if err != nil {
		return err
	}
	docker, err := registry.Login(ctx, credential, repository, strings.Split(actions, ","))
	if err != nil {
		return err
	}
	if err := writeSecret(output, func(w io.Writer) error { return writeJSON(w, docker) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "wrote a token for %s to %s\n", registry.Host, output)
	return err
}

// writeSecret writes a new file that only its owner reads. One that is there stays as it is: it may be a person's.
func writeSecret(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: name a new file, or delete it", name)
	}
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// jobIdentity is that of the job or workload, as its environment tells.
func jobIdentity() azure.Federation {
	identity := azure.Federation{
		Tenant: os.Getenv("AZURE_TENANT_ID"), Client: os.Getenv("AZURE_CLIENT_ID"), Authority: os.Getenv("AZURE_AUTHORITY_HOST"),
		Assertion: azure.GitHubToken(os.Getenv, &http.Client{Timeout: 30 * time.Second}),
	}
	if file := os.Getenv("AZURE_FEDERATED_TOKEN_FILE"); file != "" {
		identity.Assertion = azure.FileToken(file)
	}
	return identity
}

// jobHasToken says whether the job at GitHub may ask for a token. What a workload has counts first.
func jobHasToken() bool {
	return os.Getenv("AZURE_FEDERATED_TOKEN_FILE") == "" && os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL") != ""
}
