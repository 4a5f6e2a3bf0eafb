package tfplan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// State is a state of Terraform, in the format that it keeps it in (4).
type State struct {
	Version          int                        `json:"version"`
	TerraformVersion string                     `json:"terraform_version"`
	Serial           uint64                     `json:"serial"`
	Lineage          string                     `json:"lineage"`
	Outputs          map[string]json.RawMessage `json:"outputs"`
	Resources        []StateResource            `json:"resources"`
	CheckResults     json.RawMessage            `json:"check_results,omitempty"`
}

// StateResource is a resource of a state, with an instance for each of its indices.
type StateResource struct {
	Module    string          `json:"module,omitempty"`
	Mode      string          `json:"mode"`
	Type      string          `json:"type"`
	Name      string          `json:"name"`
	Each      string          `json:"each,omitempty"`
	Provider  string          `json:"provider"`
	Instances []StateInstance `json:"instances"`
}

// StateInstance is one instance of a resource.
type StateInstance struct {
	Status              string          `json:"status,omitempty"`
	Deposed             string          `json:"deposed,omitempty"`
	IndexKey            any             `json:"index_key,omitempty"`
	SchemaVersion       uint64          `json:"schema_version"`
	Attributes          json.RawMessage `json:"attributes,omitempty"`
	SensitiveAttributes json.RawMessage `json:"sensitive_attributes,omitempty"`
	Private             string          `json:"private,omitempty"`
	Dependencies        []string        `json:"dependencies,omitempty"`
	CreateBeforeDestroy bool            `json:"create_before_destroy,omitempty"`
}

// ReadState reads a state.
func ReadState(r io.Reader) (State, error) {
	var state State
	if err := json.NewDecoder(r).Decode(&state); err != nil {
		return State{}, fmt.Errorf("the state is no JSON, or was cut off: %v", err)
	}
	if state.Version != 4 {
		return State{}, fmt.Errorf("the state has version %d, and this reads 4: give what `state pull` prints", state.Version)
	}
	return state, nil
}

// Bytes are the state as a file.
func (s State) Bytes() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(s)
	return text.Bytes(), err
}

// addresses are those of the managed instances in the state.
func (s State) addresses() map[string]bool {
	all := map[string]bool{}
	for _, resource := range s.Resources {
		for _, instance := range resource.Instances {
			if resource.Mode != "managed" || instance.Deposed != "" {
				continue
			}
			all[resource.address(instance)] = true
		}
	}
	return all
}

// address is that of an instance.
func (r StateResource) address(instance StateInstance) string {
	address := join(r.Module, r.Type+"."+r.Name)
	if r.Mode == "data" {
		address = join(r.Module, "data."+r.Type+"."+r.Name)
	}
	if instance.IndexKey != nil {
		address += "[" + text(instance.IndexKey) + "]"
	}
	return address
}

// moduleOf is the address of the module that a resource is in, or nothing for the root.
func moduleOf(resource *tfjson.StateResource) string {
	own := "." + resource.Type + "." + resource.Name
	if resource.Index != nil {
		own += "[" + text(resource.Index) + "]"
	}
	return strings.TrimSuffix(strings.TrimSuffix(resource.Address, own[1:]), ".")
}
