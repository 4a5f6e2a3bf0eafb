package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/kustomization"
)

// renderManifests renders every kustomization of a folder. It succeeds whatever is wrong in the sources: said.json tells.
func renderManifests(args []string, out io.Writer) error {
	var source, parts string
	var renderer kustomization.Renderer
	flags := flag.NewFlagSet("manifest render", flag.ContinueOnError)
	flags.StringVar(&source, "source", "", "`folder` with the kustomizations or manifests")
	flags.StringVar(&parts, "parts", "", "`folder` with what stands in for addresses, as `esteira parts local` makes it")
	flags.StringVar(&renderer.Cache, "cache", "", "`folder` with renders that are remembered")
	flags.StringVar(&renderer.Out, "out", "", "`folder` for index.json, said.json and the streams")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" || renderer.Out == "" {
		return usageError{errors.New("manifest render: name the --source and the --out")}
	}
	tree, err := kustomization.Read(source, parts)
	if err != nil {
		return err
	}
	rendered, err := renderer.Render(context.Background(), tree)
	if err != nil {
		return err
	}
	if err := writeFileOf(filepath.Join(renderer.Out, "index.json"), rendered.Index.Write); err != nil {
		return err
	}
	if err := writeFileOf(filepath.Join(renderer.Out, "said.json"), rendered.Said.Write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d roots, %d objects, %d rendered anew, %d findings\n",
		len(rendered.Index.Roots), rendered.Said.Judged, rendered.Index.Rendered, len(rendered.Said.Findings))
	return err
}

// writeFileOf writes a file by what writes to a writer, and the folders above it.
func writeFileOf(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
