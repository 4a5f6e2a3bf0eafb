package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/esteira/esteira/pipelines/oci"
)

// assemble puts an image together from folders and prints its description as JSON.
func assemble(args []string, out io.Writer) error {
	image := oci.Image{Labels: map[string]string{}, Annotations: map[string]string{}}
	var archive, layout string
	flags := imageFlags(&image)
	flags.StringVar(&archive, "output", "", "write a tar archive of an OCI image layout to this `file`")
	flags.StringVar(&layout, "layout", "", "write an OCI image layout, as crane pushes it, to this new `folder`")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if archive == "" && layout == "" {
		return usageError{errors.New("image assemble: nothing to write, give --output FILE or --layout FOLDER")}
	}

	built, err := oci.Assemble(image)
	if err != nil {
		return err
	}
	if layout != "" {
		if err := oci.WriteLayout(built, layout); err != nil {
			return err
		}
	}
	if archive != "" {
		if err := oci.WriteArchive(built, archive); err != nil {
			return err
		}
	}
	description, err := oci.Describe(built)
	if err != nil {
		return err
	}
	return writeJSON(out, description)
}

// describe prints the description of an image that is an archive, whoever made it.
func describe(args []string, out io.Writer) error {
	var file string
	if done, err := parse(flag.NewFlagSet("image describe", flag.ContinueOnError), args, &file, out); done || err != nil {
		return err
	}
	description, err := oci.DescribeArchive(file)
	if err != nil {
		return err
	}
	return writeJSON(out, description)
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// imageFlags are the flags that fill an image.
func imageFlags(image *oci.Image) *flag.FlagSet {
	flags := flag.NewFlagSet("image assemble", flag.ContinueOnError)
	flags.Func("layer", "add a layer `NAME=FOLDER:/TARGET`, from the bottom up (repeat)", func(value string) error {
		layer, err := parseLayer(value)
		image.Layers = append(image.Layers, layer)
		return err
	})
	flags.Func("entrypoint", "`word` of the command line to start; the first is an absolute path (repeat)", appendTo(&image.Entrypoint))
	flags.Func("cmd", "default `argument` after the entrypoint (repeat)", appendTo(&image.Cmd))
	flags.StringVar(&image.User, "user", "", "numeric `UID[:GID]` to run as")
	flags.BoolVar(&image.AllowRoot, "allow-root", false, "permit user 0")
	flags.Func("env", "environment variable `KEY=value` (repeat)", appendTo(&image.Env))
	flags.Func("expose", "`PORT/PROTOCOL` that the program listens on, such as 8080/tcp (repeat)", appendTo(&image.ExposedPorts))
	flags.StringVar(&image.WorkingDir, "workdir", "", "absolute `path` to start in")
	flags.Func("label", "`KEY=value` for the configuration (repeat)", putInto(image.Labels))
	flags.Func("annotation", "`KEY=value` for the manifest (repeat)", putInto(image.Annotations))
	flags.Func("platform", "`OS/ARCHITECTURE`, such as linux/amd64", func(value string) error {
		image.OS, image.Architecture, _ = strings.Cut(value, "/")
		return nil
	})
	return flags
}

// parseLayer reads NAME=FOLDER:/TARGET. The folder may contain a colon, the target may not.
func parseLayer(value string) (oci.Layer, error) {
	name, rest, named := strings.Cut(value, "=")
	colon := strings.LastIndex(rest, ":/")
	if !named || name == "" || colon < 1 {
		return oci.Layer{}, errors.New("want NAME=FOLDER:/TARGET, such as app=target/classes:/app/classes")
	}
	return oci.Layer{Comment: name, Dir: rest[:colon], Target: rest[colon+1:]}, nil
}

func appendTo(words *[]string) func(string) error {
	return func(value string) error {
		*words = append(*words, value)
		return nil
	}
}

func putInto(pairs map[string]string) func(string) error {
	return func(value string) error {
		key, text, found := strings.Cut(value, "=")
		if !found || key == "" {
			return errors.New("want KEY=value")
		}
		if _, twice := pairs[key]; twice {
			return fmt.Errorf("%s is given twice", key)
		}
		pairs[key] = text
		return nil
	}
}
