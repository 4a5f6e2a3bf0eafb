package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/esteira/esteira/pipelines/manifest/schema"
)

// makeSchemas writes the JSON schemas of a Kubernetes release where kubeval and kubeconform look for them.
func makeSchemas(args []string, out io.Writer) error {
	var swagger, release, output string
	flags := flag.NewFlagSet("manifest schemas", flag.ContinueOnError)
	flags.StringVar(&swagger, "swagger", "", "`file` with Kubernetes' OpenAPI description, api/openapi-spec/swagger.json")
	flags.StringVar(&release, "release", "", "Kubernetes' `version`, such as 1.36.3")
	flags.StringVar(&output, "out", "", "`folder` for the schemas")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if swagger == "" || release == "" || output == "" {
		return usageError{errors.New("manifest schemas: name the --swagger, the --release and the --out")}
	}
	text, err := os.ReadFile(swagger)
	if err != nil {
		return err
	}
	set, err := schema.FromOpenAPI(text)
	if err != nil {
		return fmt.Errorf("%s: %w", swagger, err)
	}
	if err := set.Write(output, release); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d kinds of Kubernetes %s\n", len(set), release)
	return err
}

// customSchemas writes the schemas of the custom resources that folders define, to a folder of its own.
func customSchemas(location, release string, folders []fs.FS) (string, error) {
	custom, err := schema.NewCustom(location, release)
	if err != nil {
		return "", err
	}
	for _, folder := range folders {
		if err := custom.AddFolder(folder); err != nil {
			return "", err
		}
	}
	output, err := os.MkdirTemp("", "schemas")
	if err != nil {
		return "", err
	}
	return output, custom.Write(output, release)
}
