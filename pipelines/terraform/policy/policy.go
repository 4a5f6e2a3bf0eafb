// Package policy reads what a folder of Terraform's configuration says of itself: what is accepted in it.
package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/acceptance"
)

// Policy is a folder's policy.yaml.
type Policy struct {
	Version int `yaml:"version"`
	// Accepted are findings by rule and object: what destroys data, say, as ROOT:ADDRESS.
	Accepted []acceptance.Exception `yaml:"accepted"`
}

// Parse reads a policy strictly. No text at all is a policy that accepts nothing.
func Parse(text []byte) (Policy, error) {
	var policy Policy
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&policy); err != nil && !errors.Is(err, io.EOF) {
		return Policy{}, fmt.Errorf("%s: %w", acceptance.File, err)
	}
	if len(text) > 0 && policy.Version != 1 {
		return Policy{}, fmt.Errorf("%s: version is %d: this knows version: 1", acceptance.File, policy.Version)
	}
	return policy, acceptance.Check(policy.Accepted)
}
