package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// blobStore is a container of blobs, and how to reach it. The work is our own command's.
type blobStore struct {
	esteira        *Esteira
	url            string
	host           string
	sas            *dagger.Secret
	server         *dagger.Service
	identity       *dagger.Secret
	tenant, client string
}

func newBlobStore(e *Esteira, address string, server *dagger.Service, sas, identity *dagger.Secret, tenant, client string) (*blobStore, error) {
	parsed, err := url.Parse(address)
	switch given := identity != nil; {
	case err != nil || parsed.Hostname() == "":
		return nil, errors.New("--container is no URL: write https://ACCOUNT.blob.core.windows.net/CONTAINER, and hand in a SAS by --sas")
	case given != (tenant != "") || given != (client != ""):
		return nil, errors.New("--identity, --tenant and --client go together: one of them is missing")
	case given == (sas != nil):
		return nil, errors.New("hand in either --sas, or --identity with --tenant and --client")
	}
	return &blobStore{e, address, parsed.Hostname(), sas, server, identity, tenant, client}, nil
}

// put uploads a model that may go on, and says why not where it may not.
func (b *blobStore) put(ctx context.Context, j *Judgement) (string, error) {
	if j.Verdict == unchanged {
		return "production has this model: nothing was uploaded", nil
	}
	if !j.blessed() {
		return "", j.refusal("nothing was uploaded")
	}
	return b.upload(ctx, j)
}

// upload stores the files of a blessed model, and says of each whether it was there. The model comes last: whoever finds
// it finds the record too.
func (b *blobStore) upload(ctx context.Context, j *Judgement) (string, error) {
	c, err := b.container()
	if err != nil {
		return "", err
	}
	args := []string{"esteira", "blob", "upload", "--container=" + b.url}
	if b.server != nil {
		args = append(args, "--plain")
	}
	for _, name := range []string{"statement.json", "record.json"} {
		c = c.WithMountedFile("/files/"+name, j.Result.Files.File(name))
		args = append(args, fmt.Sprintf("--file=%s=/files/%s", name, name))
	}
	for _, name := range []string{"card.md", "data.csv", "model.onnx"} {
		c = c.WithMountedFile("/files/"+name, j.Model.Files.File(name))
		args = append(args, fmt.Sprintf("--file=%s=/files/%s", name, name))
	}
	output, err := c.WithExec(withTimeout(pushLimit, args...)).Stdout(ctx)
	if err != nil {
		return "", fmt.Errorf("the upload is not complete, call it again: %v", plain(err))
	}
	var blobs []struct {
		URL     string
		Created bool
	}
	if err := json.Unmarshal([]byte(output), &blobs); err != nil {
		return "", fmt.Errorf("blob upload: it said %q: %w", output, err)
	}
	var lines []string
	for _, blob := range blobs {
		what := "there already:"
		if blob.Created {
			what = "uploaded:"
		}
		lines = append(lines, what+" "+blob.URL)
	}
	return strings.Join(lines, "\n"), nil
}

// container can reach the store and is never cached: somebody may have deleted what was there.
func (b *blobStore) container() (*dagger.Container, error) {
	command, err := b.esteira.command()
	if err != nil {
		return nil, err
	}
	c := b.esteira.apt("ca-certificates").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String())
	if b.server != nil {
		c = c.WithServiceBinding(b.host, b.server)
	}
	if b.sas != nil {
		return c.WithSecretVariable("AZURE_STORAGE_SAS_TOKEN", b.sas), nil
	}
	const token = "/run/identity/token"
	return c.
		WithMountedSecret(token, b.identity).
		WithEnvVariable("AZURE_FEDERATED_TOKEN_FILE", token).
		WithEnvVariable("AZURE_TENANT_ID", b.tenant).
		WithEnvVariable("AZURE_CLIENT_ID", b.client), nil
}
