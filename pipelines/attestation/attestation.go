// Package attestation makes and checks what is signed about an image or a model: where it was built and from what (SLSA
// provenance, version 1: https://slsa.dev/spec/v1.0/provenance), what it is made of (CycloneDX), and for a model the gate's
// record. It decides about content; that a signature is good, cosign says.
package attestation

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// The types of predicates.
const (
	TypeProvenance = "https://slsa.dev/provenance/v1"
	TypeCycloneDX  = "https://cyclonedx.org/bom"
	TypeGate       = "https://github.com/esteira/esteira/gate/v1"
)

// BuildType says how to read a provenance's parameters: docs/stages.md, Security.
const BuildType = "https://github.com/esteira/esteira/build/v1"

// LocalBuilder is the builder of whoever calls from anywhere: it reaches level 1 of SLSA's build track, because nothing
// keeps the caller from writing the provenance by hand. A hosted one that signs with its own identity reaches level 2.
const LocalBuilder = "https://github.com/esteira/esteira/builder/local/v1"

// Origin is what a provenance is made of.
type Origin struct {
	// Source is the repository, such as git+https://github.com/team/repository.
	Source string
	// Commit is the full digest of the commit that was built.
	Commit string
	// Path is the component's folder in it.
	Path string
	// Builder is who built; empty means LocalBuilder.
	Builder string
	// Invocation is the address of the run; empty where there is none.
	Invocation string
}

var (
	fullCommit = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	sourceURI  = regexp.MustCompile(`^git\+(https|ssh|file)://\S+$`)
)

// Check is an error for what nobody could find again.
func (o Origin) Check() error {
	switch {
	case !sourceURI.MatchString(o.Source):
		return fmt.Errorf("--source-uri is %q: write git+https://HOST/REPOSITORY", o.Source)
	case !fullCommit.MatchString(o.Commit):
		return fmt.Errorf("--commit is %q: write all digits of the commit", o.Commit)
	}
	return nil
}

// Level is the level of SLSA's build track that a provenance of this origin reaches, as SLSA's own words for it.
func (o Origin) Level(keyless bool) string {
	if keyless && o.builder() != LocalBuilder {
		return "SLSA_BUILD_LEVEL_2"
	}
	return "SLSA_BUILD_LEVEL_1"
}

func (o Origin) builder() string {
	if o.Builder == "" {
		return LocalBuilder
	}
	return o.Builder
}

// provenance is the predicate.
type provenance struct {
	BuildDefinition struct {
		BuildType            string            `json:"buildType"`
		ExternalParameters   map[string]string `json:"externalParameters"`
		InternalParameters   map[string]string `json:"internalParameters,omitempty"`
		ResolvedDependencies []dependency      `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
		Metadata map[string]string `json:"metadata,omitempty"`
	} `json:"runDetails"`
}

type dependency struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// WriteProvenance writes the predicate of an origin, with the level that it reaches.
func WriteProvenance(w io.Writer, o Origin, keyless bool) error {
	if err := o.Check(); err != nil {
		return err
	}
	var p provenance
	p.BuildDefinition.BuildType = BuildType
	p.BuildDefinition.ExternalParameters = map[string]string{"source": o.Source, "path": o.Path}
	p.BuildDefinition.InternalParameters = map[string]string{"level": o.Level(keyless)}
	p.BuildDefinition.ResolvedDependencies = []dependency{{o.Source, map[string]string{"gitCommit": o.Commit}}}
	p.RunDetails.Builder.ID = o.builder()
	if o.Invocation != "" {
		p.RunDetails.Metadata = map[string]string{"invocationId": o.Invocation}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(p)
}

// Statement is a signed statement of in-toto's, version 0.1 or 1.
type Statement struct {
	Subject []struct {
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

// ReadEnvelopes reads what `cosign verify-attestation` prints, and what `cosign attest-blob` writes: a DSSE envelope a line
// (https://github.com/secure-systems-lab/dsse). That cosign verified them is the caller's to know.
func ReadEnvelopes(text []byte) ([]Statement, error) {
	var statements []Statement
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var envelope struct {
			Payload string `json:"payload"`
		}
		err := decoder.Decode(&envelope)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("attestation: %w", err)
		}
		payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
		if err != nil {
			return nil, fmt.Errorf("attestation: its payload: %w", err)
		}
		var statement Statement
		if err := json.Unmarshal(payload, &statement); err != nil {
			return nil, fmt.Errorf("attestation: its statement: %w", err)
		}
		statements = append(statements, statement)
	}
	if len(statements) == 0 {
		return nil, errors.New("attestation: there is none")
	}
	return statements, nil
}

// Of checks that all statements are about a digest (64 hexadecimal digits of SHA-256) and of a type.
func Of(statements []Statement, sha256, predicateType string) error {
	for _, s := range statements {
		if s.PredicateType != predicateType {
			return fmt.Errorf("attestation: it is of type %q, not %q", s.PredicateType, predicateType)
		}
		for _, subject := range s.Subject {
			if subject.Digest["sha256"] != sha256 {
				return fmt.Errorf("attestation: it is about sha256:%s, not sha256:%s", subject.Digest["sha256"], sha256)
			}
		}
		if len(s.Subject) == 0 {
			return errors.New("attestation: it is about nothing")
		}
	}
	return nil
}

// Policy says whose provenance is good enough. What is empty allows anybody.
type Policy struct {
	// Builders are ids of builders.
	Builders []string `json:"builders,omitempty"`
	// Sources are repositories, such as git+https://github.com/team/repository.
	Sources []string `json:"sources,omitempty"`
}

// Provenance is what a provenance says, once it is checked against the policy.
type Provenance struct{ Source, Commit, Builder, Level string }

// CheckProvenance checks each provenance against the policy, and returns what the last one says.
func (p Policy) CheckProvenance(statements []Statement) (Provenance, error) {
	var found Provenance
	for _, s := range statements {
		var said provenance
		if err := json.Unmarshal(s.Predicate, &said); err != nil {
			return Provenance{}, fmt.Errorf("provenance: %w", err)
		}
		found = Provenance{
			Source: said.BuildDefinition.ExternalParameters["source"], Builder: said.RunDetails.Builder.ID,
			Level: said.BuildDefinition.InternalParameters["level"],
		}
		for _, d := range said.BuildDefinition.ResolvedDependencies {
			if d.URI == found.Source {
				found.Commit = d.Digest["gitCommit"]
			}
		}
		switch {
		case said.BuildDefinition.BuildType != BuildType:
			return Provenance{}, fmt.Errorf("provenance: its build type is %q, not %q", said.BuildDefinition.BuildType, BuildType)
		case found.Source == "" || !fullCommit.MatchString(found.Commit):
			return Provenance{}, fmt.Errorf("provenance: it names the source %q at the commit %q: nobody could find that again", found.Source, found.Commit)
		case len(p.Sources) > 0 && !slices.Contains(p.Sources, found.Source):
			return Provenance{}, fmt.Errorf("provenance: the source %s is none of the policy's %v", found.Source, p.Sources)
		case len(p.Builders) > 0 && !slices.Contains(p.Builders, found.Builder):
			return Provenance{}, fmt.Errorf("provenance: the builder %s is none of the policy's %v", found.Builder, p.Builders)
		}
	}
	return found, nil
}

// CheckBill makes sure that a bill of materials names something, and says how many components it does.
func CheckBill(statements []Statement) (int, error) {
	components := 0
	for _, s := range statements {
		var bill struct {
			BOMFormat  string `json:"bomFormat"`
			Components []struct {
				Name string `json:"name"`
			} `json:"components"`
		}
		if err := json.Unmarshal(s.Predicate, &bill); err != nil {
			return 0, fmt.Errorf("bill of materials: %w", err)
		}
		if bill.BOMFormat != "CycloneDX" || len(bill.Components) == 0 {
			return 0, fmt.Errorf("bill of materials: its format is %q and it names %d components", bill.BOMFormat, len(bill.Components))
		}
		components = len(bill.Components)
	}
	return components, nil
}

// CheckGate makes sure that the gate let a model pass, by the policy of a digest; an empty digest allows any policy.
func CheckGate(statements []Statement, policyDigest string) (verdict string, err error) {
	for _, s := range statements {
		var record struct {
			Decision string `json:"verdict"`
			Approved bool   `json:"approved"`
			Policy   struct {
				SHA256 string `json:"sha256"`
			} `json:"policy"`
		}
		if err := json.Unmarshal(s.Predicate, &record); err != nil {
			return "", fmt.Errorf("gate record: %w", err)
		}
		passed := record.Decision == "bless" || record.Decision == "rubber-stamp" && record.Approved
		switch {
		case !passed:
			return "", fmt.Errorf("gate record: the verdict is %q (approved: %t): the gate did not let this model pass", record.Decision, record.Approved)
		case policyDigest != "" && record.Policy.SHA256 != policyDigest:
			return "", fmt.Errorf("gate record: the model was judged by the policy sha256:%s, and the policy is now sha256:%s: have it judged again", record.Policy.SHA256, policyDigest)
		}
		verdict = record.Decision
	}
	return verdict, nil
}

var digested = regexp.MustCompile(`^[^@\s]+/[^@\s]+@sha256:([0-9a-f]{64})$`)

// ParseDigested is the digest of a reference that has one. A tag alone may be another image a moment later.
func ParseDigested(ref string) (sha256 string, err error) {
	found := digested.FindStringSubmatch(strings.TrimSpace(ref))
	if found == nil {
		return "", fmt.Errorf("--ref is %q: write REGISTRY/REPOSITORY@sha256:…, because a tag may be another image a moment later", ref)
	}
	return found[1], nil
}
