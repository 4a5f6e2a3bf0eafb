package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/acceptance"
)

// Policy says what is accepted in a folder's manifests.
type Policy struct {
	Version    int                    `yaml:"version"`
	Kubernetes string                 `yaml:"kubernetes"`
	Accepted   []acceptance.Exception `yaml:"accepted"`
	// Uncovered are the kinds that no schema covers; their rule is RuleUncovered.
	Uncovered []acceptance.Exception `yaml:"uncovered"`
}

// RuleUncovered is the rule of a remark about a document that no schema covers. Its object is the kind alone.
const RuleUncovered = "uncovered"

// ParsePolicy reads a policy strictly. No text at all is a policy that accepts nothing.
func ParsePolicy(name string, text []byte) (Policy, error) {
	var policy Policy
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&policy); err != nil && !errors.Is(err, io.EOF) {
		return Policy{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > 0 && policy.Version != 1 {
		return Policy{}, fmt.Errorf("%s: version is %d: this knows version: 1", name, policy.Version)
	}
	for i := range policy.Uncovered {
		policy.Uncovered[i].Rule = RuleUncovered
	}
	return policy, acceptance.Check(policy.Exceptions())
}

// Exceptions are all that the policy accepts.
func (p Policy) Exceptions() []acceptance.Exception {
	return append(append([]acceptance.Exception{}, p.Accepted...), p.Uncovered...)
}
