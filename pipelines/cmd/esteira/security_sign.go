package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/esteira/esteira/pipelines/attestation"
)

// cosigning is what cosign is told of a signature, whatever is signed.
type cosigning struct {
	cosign, key, identity, issuer string
	plainHTTP                     bool
}

func (c *cosigning) flags(flags *flag.FlagSet) {
	flags.StringVar(&c.cosign, "cosign", "cosign", "cosign's `executable`")
	flags.StringVar(&c.key, "key", "", "`file` with the key; without one, by identity, with Sigstore's services")
	flags.BoolVar(&c.plainHTTP, "plain-http", false, "speak to the registry without TLS")
}

// registry are the flags for a registry.
func (c *cosigning) registry() []string {
	if c.plainHTTP {
		return []string{"--allow-http-registry", "--allow-insecure-registry"}
	}
	return nil
}

// run runs cosign, and says in an error what it complains of.
func (c *cosigning) run(args ...string) ([]byte, error) {
	var stderr strings.Builder
	command := exec.Command(c.cosign, args...)
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("cosign %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return output, nil
}

// signing is by a key, or by the identity that the environment has.
func (c *cosigning) signing() []string {
	if c.key == "" {
		return []string{"--yes"}
	}
	return []string{"--yes", "--key=" + c.key, "--tlog-upload=false"}
}

// verifying is by a key, or by an identity that has to be named: anybody has one.
func (c *cosigning) verifying() ([]string, error) {
	switch {
	case c.key != "" && c.identity == "" && c.issuer == "":
		return []string{"--key=" + c.key, "--insecure-ignore-tlog=true"}, nil
	case c.key == "" && c.identity != "" && c.issuer != "":
		return []string{"--certificate-identity=" + c.identity, "--certificate-oidc-issuer=" + c.issuer}, nil
	}
	return nil, usageError{errors.New("name either the --key, or both --identity and --issuer")}
}

// signImage signs what lies under a digest in a registry, and attests what it is made of and where it was built. It never
// sees the image itself.
func signImage(args []string, out io.Writer) error {
	var c cosigning
	var origin attestation.Origin
	var ref, sbom string
	flags := flag.NewFlagSet("security sign", flag.ContinueOnError)
	c.flags(flags)
	flags.StringVar(&ref, "ref", "", "`reference` with a digest")
	flags.StringVar(&sbom, "sbom", "", "`file` with the bill of materials, CycloneDX as JSON")
	flags.StringVar(&origin.Source, "source-uri", "", "`address` of the repository, such as git+https://github.com/team/repository")
	flags.StringVar(&origin.Commit, "commit", "", "`digest` of the commit that was built")
	flags.StringVar(&origin.Path, "path", "", "`folder` of the component in the repository")
	flags.StringVar(&origin.Builder, "builder", "", "`id` of a hosted builder; none means that anybody may have called")
	flags.StringVar(&origin.Invocation, "invocation", "", "`address` of the run")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if _, err := attestation.ParseDigested(ref); err != nil {
		return usageError{err}
	}
	if sbom == "" {
		return usageError{errors.New("security sign: name the --sbom")}
	}
	dir, err := os.MkdirTemp("", "sign")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	provenance := filepath.Join(dir, "provenance.json")
	keyless := c.key == ""
	if err := writeFileOf(provenance, func(w io.Writer) error { return attestation.WriteProvenance(w, origin, keyless) }); err != nil {
		return usageError{err}
	}
	common := append(c.signing(), c.registry()...)
	for _, step := range [][]string{
		{"sign"},
		{"attest", "--replace", "--type=cyclonedx", "--predicate=" + sbom},
		{"attest", "--replace", "--type=slsaprovenance1", "--predicate=" + provenance},
	} {
		if _, err := c.run(append(append(step, common...), ref)...); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "signed %s, with its bill of materials and its provenance (%s)\n", ref, origin.Level(keyless))
	return err
}

// signModel attests the gate's record of a model.
func signModel(args []string, out io.Writer) error {
	var c cosigning
	var model, record, into string
	flags := flag.NewFlagSet("security sign-model", flag.ContinueOnError)
	c.flags(flags)
	flags.StringVar(&model, "model", "", "`file` with the model")
	flags.StringVar(&record, "record", "", "`file` record.json, as the gate wrote it")
	flags.StringVar(&into, "out", "", "`file` for the signed statement")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if model == "" || record == "" || into == "" {
		return usageError{errors.New("security sign-model: name the --model, the --record and the --out")}
	}
	if err := os.MkdirAll(filepath.Dir(into), 0o755); err != nil {
		return err
	}
	args = append([]string{"attest-blob", "--type=" + attestation.TypeGate, "--predicate=" + record, "--output-signature=" + into}, c.signing()...)
	if _, err := c.run(append(args, model)...); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "signed the record of %s\n", filepath.Base(model))
	return err
}
