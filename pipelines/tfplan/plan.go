// Package tfplan decides about Terraform's plans in their JSON form: what of a plan is not known yet, what it changes in
// words for a reviewer, what in it destroys data, and how what only a cloud could tell is made up for a plan without one.
package tfplan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Read reads the JSON form of a plan, as `show -json` prints it: format 1.x and no other. Planned resources are an order of
// magnitude smaller than their text, and both are in memory for a while.
func Read(r io.Reader) (*tfjson.Plan, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var plan tfjson.Plan
	if err := json.Unmarshal(text, &plan); err != nil {
		return nil, unreadable(text, err)
	}
	if !strings.HasPrefix(plan.FormatVersion, "1.") {
		return nil, newerFormat(plan.FormatVersion)
	}
	for i, change := range plan.ResourceChanges {
		if change == nil || change.Change == nil || change.Address == "" {
			return nil, fmt.Errorf("the plan's resource_changes[%d] has no address or no change: make the plan anew", i)
		}
	}
	return &plan, nil
}

// unreadable says what is wrong with a plan that could not be read.
func unreadable(text []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset >= int64(len(text)) {
		return fmt.Errorf("the plan ends after %d bytes in the middle of its JSON: it was cut off, make it anew by `show -json`", len(text))
	}
	if errors.As(err, &syntax) {
		return fmt.Errorf("the plan is no JSON at byte %d (%v): give what `show -json` printed of it", syntax.Offset, err)
	}
	var header struct {
		Version string `json:"format_version"`
	}
	if json.Unmarshal(text, &header) == nil && header.Version != "" && !strings.HasPrefix(header.Version, "1.") {
		return newerFormat(header.Version)
	}
	return fmt.Errorf("the plan is not one in Terraform's JSON form: %v", err)
}

func newerFormat(version string) error {
	return fmt.Errorf("the plan has format %s, and this reads 1.x: make it by a Terraform or OpenTofu whose plans have that", version)
}

// isAzure says that a resource is one of azapi's, whose body is what is sent to Azure.
func isAzure(kind string) bool { return kind == "azapi_resource" }

// managed are the resources of a module and of all below it that Terraform makes.
func managed(module *tfjson.StateModule) (resources []*tfjson.StateResource) {
	if module == nil {
		return nil
	}
	for _, resource := range module.Resources {
		if resource.Mode == tfjson.ManagedResourceMode {
			resources = append(resources, resource)
		}
	}
	for _, child := range module.ChildModules {
		resources = append(resources, managed(child)...)
	}
	return resources
}
