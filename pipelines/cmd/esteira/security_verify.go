package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/esteira/esteira/pipelines/attestation"
	"github.com/esteira/esteira/pipelines/config"
)

// verification is what is checked, and by which policy.
type verification struct {
	cosigning
	ref, model, statement, policy string
	asked                         config.Config
}

// verifySigned checks what is signed about an image, or about a model, against the policy. It fails unless all of it is there.
func verifySigned(args []string, out io.Writer) error {
	var v verification
	flags := flag.NewFlagSet("security verify", flag.ContinueOnError)
	v.flags(flags)
	flags.StringVar(&v.identity, "identity", "", "`identity` that signed, instead of a key, such as the address of a workflow")
	flags.StringVar(&v.issuer, "issuer", "", "`address` of who vouches for that identity")
	flags.StringVar(&v.ref, "ref", "", "`reference` of an image, with a digest")
	flags.StringVar(&v.model, "model", "", "`file` with a model, instead of an image")
	flags.StringVar(&v.statement, "statement", "", "`file` with the signed statement about the model")
	flags.StringVar(&v.policy, "policy", "", "`file` esteira.yaml with the policy; none allows any builder and any gate's policy")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if (v.ref == "") == (v.model == "") || (v.model == "") != (v.statement == "") {
		return usageError{errors.New("security verify: name either the --ref, or the --model and the --statement")}
	}
	if v.policy != "" {
		asked, err := config.ReadFile(v.policy)
		if err != nil {
			return err
		}
		v.asked = asked
	}
	if v.model != "" {
		return v.checkModel(out)
	}
	return v.checkImage(out)
}

func (v *verification) checkImage(out io.Writer) error {
	components, provenance, err := v.image(v.ref)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is signed, its bill of materials names %d components, and it was built from %s at %s by %s (%s)\n",
		v.ref, components, provenance.Source, provenance.Commit, provenance.Builder, provenance.Level)
	return err
}

// image is what is signed about one: how many components it is made of, and where it was built.
func (v *verification) image(ref string) (components int, provenance attestation.Provenance, err error) {
	digest, err := attestation.ParseDigested(ref)
	if err != nil {
		return 0, provenance, usageError{err}
	}
	by, err := v.verifying()
	if err != nil {
		return 0, provenance, err
	}
	by = append(by, v.registry()...)
	if _, err := v.run(append(append([]string{"verify"}, by...), ref)...); err != nil {
		return 0, provenance, err
	}
	bill, err := v.attested(by, "cyclonedx", attestation.TypeCycloneDX, ref, digest)
	if err != nil {
		return 0, provenance, err
	}
	if components, err = attestation.CheckBill(bill); err != nil {
		return 0, provenance, err
	}
	built, err := v.attested(by, "slsaprovenance1", attestation.TypeProvenance, ref, digest)
	if err != nil {
		return 0, provenance, err
	}
	provenance, err = v.asked.Security.Provenance.CheckProvenance(built)
	return components, provenance, err
}

// attested are the statements of a type about a digest, whose signatures cosign found good.
func (v *verification) attested(by []string, name, predicateType, ref, digest string) ([]attestation.Statement, error) {
	output, err := v.run(append(append([]string{"verify-attestation", "--type=" + name}, by...), ref)...)
	if err != nil {
		return nil, err
	}
	statements, err := attestation.ReadEnvelopes(output)
	if err != nil {
		return nil, err
	}
	return statements, attestation.Of(statements, digest, predicateType)
}

func (v *verification) checkModel(out io.Writer) error {
	policyDigest := ""
	if v.asked.Gate != nil {
		var err error
		if policyDigest, err = v.asked.Gate.Digest(); err != nil {
			return err
		}
	}
	digest, verdict, err := v.blessed(v.model, v.statement, policyDigest)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "sha256:%s is the model of the signed record, whose verdict is %s\n", digest, verdict)
	return err
}

// blessed is the digest of a model, and the verdict of the signed record about it, if the gate let it pass: by the policy of
// a digest, or by any where that is empty.
func (v *verification) blessed(model, statement, policyDigest string) (digest, verdict string, err error) {
	by, err := v.verifying()
	if err != nil {
		return "", "", err
	}
	args := append([]string{"verify-blob-attestation", "--type=" + attestation.TypeGate, "--signature=" + statement}, by...)
	if _, err := v.run(append(args, model)...); err != nil {
		return "", "", err
	}
	text, err := os.ReadFile(model)
	if err != nil {
		return "", "", err
	}
	signed, err := os.ReadFile(statement)
	if err != nil {
		return "", "", err
	}
	statements, err := attestation.ReadEnvelopes(signed)
	if err != nil {
		return "", "", err
	}
	digest = fmt.Sprintf("%x", sha256.Sum256(text))
	if err := attestation.Of(statements, digest, attestation.TypeGate); err != nil {
		return "", "", err
	}
	verdict, err = attestation.CheckGate(statements, policyDigest)
	return digest, verdict, err
}
