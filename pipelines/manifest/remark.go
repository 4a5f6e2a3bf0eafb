// Package manifest decides about the Kubernetes manifests of a folder: what is in it, what tools say of it in one form,
// where in the sources that is, and what of it is accepted.
package manifest

import (
	"fmt"

	"github.com/esteira/esteira/pipelines/finding"
)

// Object names one Kubernetes object. Namespace is empty where the manifest has none.
type Object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String is Kind/name, as policies and people write it.
func (o Object) String() string { return fmt.Sprintf("%s/%s", o.Kind, o.Name) }

// Remark is what one tool says of one object, before anybody has looked where it comes from and whether it is accepted.
type Remark struct {
	Tool     string           `json:"tool"`
	Rule     string           `json:"rule"`
	Severity finding.Severity `json:"severity"`
	Message  string           `json:"message"`
	// Root is the folder of the kustomization, or the path of the plain file, that the object was rendered from.
	Root   string `json:"root"`
	Object Object `json:"object"`
	// Field is where in the object, such as spec.template.spec.containers[0].resources; empty where the tool did not say.
	Field string `json:"field,omitempty"`
	// Line is that of the rendered stream, from 1; 0 where the tool did not say.
	Line int `json:"line,omitempty"`
}
