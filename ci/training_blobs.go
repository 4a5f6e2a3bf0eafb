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

// blobAccess is by what a container of blobs is reached: a signature, or an identity.
type blobAccess struct {
	sas, identity *dagger.Secret
	// identityURL is where GitHub makes the identity's token for a job; identity is then what the job asks with.
	identityURL, tenant, client string
}

func (a blobAccess) check() error {
	switch given := a.identity != nil; {
	case given != (a.tenant != "") || given != (a.client != "") || !given && a.identityURL != "":
		return errors.New("--identity, --tenant and --client go together: one of them is missing")
	case given == (a.sas != nil):
		return errors.New("hand in either --sas, or --identity with --tenant and --client")
	}
	return nil
}

// into is a container with the access where our own command looks for it.
func (a blobAccess) into(c *dagger.Container) *dagger.Container {
	if a.sas != nil {
		return c.WithSecretVariable("AZURE_STORAGE_SAS_TOKEN", a.sas)
	}
	c = c.WithEnvVariable("AZURE_TENANT_ID", a.tenant).WithEnvVariable("AZURE_CLIENT_ID", a.client)
	if a.identityURL != "" {
		return c.WithEnvVariable("ACTIONS_ID_TOKEN_REQUEST_URL", a.identityURL).WithSecretVariable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", a.identity)
	}
	const token = "/run/identity/token"
	return c.WithMountedSecret(token, a.identity).WithEnvVariable("AZURE_FEDERATED_TOKEN_FILE", token)
}

// blobStore is a container of blobs, and how to reach it. The work is our own command's.
type blobStore struct {
	blobAccess
	esteira *Esteira
	url     string
	host    string
	server  *dagger.Service
}

func newBlobStore(e *Esteira, address string, server *dagger.Service, access blobAccess) (*blobStore, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" {
		return nil, errors.New("--container is no URL: write https://ACCOUNT.blob.core.windows.net/CONTAINER, and hand in a SAS by --sas")
	}
	return &blobStore{access, e, address, parsed.Hostname(), server}, access.check()
}

// put uploads a model that may go on, and says why not where it may not.
func (b *blobStore) put(ctx context.Context, j *Judgement, statement *dagger.File) (string, error) {
	if j.Verdict == unchanged {
		return "production has this model: nothing was uploaded", nil
	}
	if !j.blessed() {
		return "", j.refusal("nothing was uploaded")
	}
	return b.upload(ctx, j, statement)
}

// upload stores the files of a blessed model, and says of each whether it was there. The model comes last: whoever finds
// it finds the record too.
func (b *blobStore) upload(ctx context.Context, j *Judgement, statement *dagger.File) (string, error) {
	c, err := b.container(ctx)
	if err != nil {
		return "", err
	}
	args := []string{"esteira", "blob", "upload", "--container=" + b.url}
	if b.server != nil {
		args = append(args, "--plain")
	}
	trained := j.Model.Files
	for _, file := range []struct {
		name string
		*dagger.File
	}{
		{"statement.json", statement}, {"record.json", j.Result.Files.File("record.json")},
		{"card.md", trained.File("card.md")}, {"data.csv", trained.File("data.csv")}, {"model.onnx", trained.File("model.onnx")},
	} {
		c = c.WithMountedFile("/files/"+file.name, file.File)
		args = append(args, fmt.Sprintf("--file=%s=/files/%s", file.name, file.name))
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
func (b *blobStore) container(ctx context.Context) (*dagger.Container, error) {
	command, err := b.esteira.command(ctx)
	if err != nil {
		return nil, err
	}
	c := b.esteira.apt("ca-certificates").
		WithMountedFile("/usr/local/bin/esteira", command).
		WithEnvVariable("ESTEIRA_NOW", time.Now().String())
	if b.server != nil {
		c = c.WithServiceBinding(b.host, b.server)
	}
	return b.into(c), nil
}
