package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/esteira/esteira/pipelines/apiserver"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/report"
)

// readiness is how long an API server may take to start. On an idle machine it takes 4 s.
const readiness = 2 * time.Minute

// tryManifests starts an API server and says what it refuses of what was rendered. It succeeds whatever that is, and fails
// where the server could not be asked.
func tryManifests(args []string, out io.Writer) error {
	var rendered, base, kubernetes, output string
	var programs apiserver.Programs
	flags := flag.NewFlagSet("manifest server", flag.ContinueOnError)
	flags.StringVar(&rendered, "rendered", "", "`folder` that `esteira manifest render` made")
	flags.StringVar(&base, "base", "", "`folder` that it made before the change: what must not be changed, is compared")
	flags.StringVar(&kubernetes, "kubernetes", "", "`version` of the cluster: another one of the server is noted")
	flags.StringVar(&programs.Etcd, "etcd", "etcd", "etcd's `executable`")
	flags.StringVar(&programs.APIServer, "kube-apiserver", "kube-apiserver", "the API server's `executable`")
	flags.StringVar(&output, "out", "", "`file` for what it says")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if rendered == "" || output == "" {
		return usageError{errors.New("manifest server: name the --rendered and the --out")}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	said, err := askServer(ctx, programs, rendered, base)
	if err != nil {
		return err
	}
	if version, err := programs.Version(); err != nil {
		return err
	} else if kubernetes != "" && strings.TrimPrefix(version, "v") != kubernetes {
		said.Notes = append(said.Notes, fmt.Sprintf("the cluster's Kubernetes is %s, and this server's is %s", kubernetes, version))
	}
	if err := writeFileOf(output, said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d objects tried, %d remarks\n", said.Judged, len(said.Remarks))
	return err
}

// askServer is what a server says that lives for this one question.
func askServer(ctx context.Context, programs apiserver.Programs, rendered, base string) (manifest.Said, error) {
	documents, err := readDocuments(rendered)
	if err != nil || len(documents) == 0 {
		return manifest.Said{}, err
	}
	var before []apiserver.Document
	if base != "" {
		if before, err = readDocuments(base); err != nil {
			return manifest.Said{}, fmt.Errorf("the base: %w", err)
		}
	}
	started := time.Now()
	server, err := apiserver.Start(ctx, programs, readiness)
	if err != nil {
		return manifest.Said{}, err
	}
	ready := time.Since(started)
	remarks, err := server.Try(ctx, documents, before)
	if err := errors.Join(err, server.Stop()); err != nil {
		return manifest.Said{}, err
	}
	took := fmt.Sprintf("ready in %.1f s, asked in %.1f s", ready.Seconds(), (time.Since(started) - ready).Seconds())
	return manifest.Said{
		Remarks: remarks, Judged: len(documents), Notes: apiserver.Notes(documents),
		Facts: []report.Fact{{Name: "API server", Value: took}},
	}, nil
}

// readDocuments reads what somebody applies of what was rendered.
func readDocuments(rendered string) ([]apiserver.Document, error) {
	index, err := readFile(filepath.Join(rendered, "index.json"), manifest.ReadIndex)
	if err != nil {
		return nil, err
	}
	return apiserver.Documents(os.DirFS(rendered), index)
}
