package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/azure"
)

// sasVariable is where Azure's own tools look for a shared access signature, too.
const sasVariable = "AZURE_STORAGE_SAS_TOKEN"

// namedFile is a file and the name that it gets.
type namedFile struct{ name, path string }

// uploadBlobs puts files into a container of blobs under their digests, and prints as JSON where each lies.
func uploadBlobs(args []string, out io.Writer) error {
	var files []namedFile
	var address, sasFile string
	var total time.Duration
	access := azure.Access{SAS: os.Getenv(sasVariable)}
	flags := flag.NewFlagSet("blob upload", flag.ContinueOnError)
	flags.StringVar(&address, "container", "", "`URL` of the container, such as https://ACCOUNT.blob.core.windows.net/models")
	flags.Func("file", "`NAME=PATH` of a file to upload as sha256/DIGEST/NAME (repeat)", func(value string) error {
		name, path, found := strings.Cut(value, "=")
		if !found || name == "" || path == "" {
			return errors.New("want NAME=PATH, such as model.onnx=out/model.onnx")
		}
		files = append(files, namedFile{name, path})
		return nil
	})
	flags.StringVar(&sasFile, "sas-file", "", "`file` with a shared access signature; else "+sasVariable+", else the identity of the workload, or of the job at GitHub")
	flags.BoolVar(&access.Plain, "plain", false, "permit http, for a server on the same machine")
	flags.DurationVar(&access.Idle, "idle", 20*time.Second, "give up a connection on which nothing moves for this `long`")
	flags.DurationVar(&total, "timeout", 10*time.Minute, "give up after this `long`")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if len(files) == 0 {
		return usageError{errors.New("blob upload: nothing to upload, give --file NAME=PATH")}
	}
	if sasFile != "" {
		text, err := os.ReadFile(sasFile)
		if err != nil {
			return fmt.Errorf("--sas-file: %w", err)
		}
		access.SAS = string(text)
	}
	if err := identify(&access); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), total)
	defer cancel()
	return upload(ctx, address, access, files, out)
}

// identify has a job at GitHub reach a container as itself, where there is no signature for it.
func identify(access *azure.Access) (err error) {
	if access.SAS == "" && jobHasToken() {
		access.Identity, err = jobIdentity().Credential()
	}
	return err
}

func upload(ctx context.Context, address string, access azure.Access, files []namedFile, out io.Writer) error {
	store, err := azure.Open(address, access)
	if err != nil {
		return err
	}
	blobs := []azure.Blob{}
	for _, file := range files {
		blob, err := store.Put(ctx, file.name, file.path)
		if err != nil {
			return err
		}
		blobs = append(blobs, blob)
	}
	return writeJSON(out, blobs)
}

// emulateBlobs makes a container in Azurite, and prints a SAS with which files can be put into it for an hour.
func emulateBlobs(args []string, out io.Writer) error {
	var address string
	flags := flag.NewFlagSet("blob emulate", flag.ContinueOnError)
	flags.StringVar(&address, "container", "", "`URL` of the container, such as http://127.0.0.1:10000/devstoreaccount1/models")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sas, err := azure.Emulate(ctx, address)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, sas)
	return err
}
