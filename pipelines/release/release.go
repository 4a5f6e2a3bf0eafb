// Package release says what an environment runs: one file, k8s/overlays/ENVIRONMENT/release.yaml, in Git. Whether there is
// a champion, and which, is what that file says, and not an alias that can vanish. Its JSON Schema is
// docs/schema/release.schema.json.
package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	strictjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// What a release set calls itself.
const (
	APIVersion = "esteira/v1"
	Kind       = "ReleaseSet"
)

// Overlays is the folder of the environments.
const Overlays = "k8s/overlays"

// File is the path of an environment's set, from the root of the repository.
func File(environment string) string { return Overlays + "/" + environment + "/release.yaml" }

// Set is what runs in an environment, how it came there, and what is recorded of it. Tests, Approvals and Pin are records:
// they are written when the set is there already, and do not change which set it is (Digest).
type Set struct {
	APIVersion  string `json:"apiVersion"`
	Kind        string `json:"kind"`
	Environment string `json:"environment"`
	// Sequence counts the sets of an environment. Set 0 is the empty one, from before the first promotion.
	Sequence int `json:"sequence"`
	// Parent is the digest of the set before it.
	Parent string `json:"parent,omitempty"`
	// From is the set of another environment that was promoted; nil for a candidate and for a rollback.
	From *Origin `json:"from,omitempty"`
	// Images are by the names that Kustomize has them under.
	Images map[string]Image `json:"images,omitempty"`
	// Models are the models by the names that the registry has them under. An environment without any says {}.
	Models map[string]Model `json:"models"`
	// Configuration is the digest of what else the environment was rendered from when the set was made.
	Configuration string `json:"configuration,omitempty"`
	// Rollback says of a set that brings an older one back which, and why.
	Rollback *Rollback `json:"rollback,omitempty"`
	// Emergency says why a set did not wait for a freeze to end.
	Emergency *Emergency `json:"emergency,omitempty"`
	Tests     *Tests     `json:"tests,omitempty"`
	Approvals []Approval `json:"approvals,omitempty"`
	Pin       *Pin       `json:"pin,omitempty"`
}

// Origin names a set of another environment.
type Origin struct {
	Environment string `json:"environment"`
	Sequence    int    `json:"sequence"`
	// Digest is that of the set.
	Digest string `json:"digest"`
}

// Image is what a workload runs.
type Image struct {
	// Digest is sha256: and 64 hexadecimal digits.
	Digest string `json:"digest"`
	// Version is for people, and what the label version says.
	Version string `json:"version"`
	// Source is the commit that it was built from.
	Source string `json:"source,omitempty"`
}

// Model is a version of a model. Its digest says which it is; the number is for people.
type Model struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	// URI is where it is downloaded from.
	URI string `json:"uri,omitempty"`
	// Source is the commit that it was trained from, Data the SHA-256 of what it was trained on.
	Source string `json:"source,omitempty"`
	Data   string `json:"data,omitempty"`
	// Gate is what the gate said of it.
	Gate Gate `json:"gate,omitzero"`
}

// Gate is a gate's verdict.
type Gate struct {
	Verdict string `json:"verdict"`
	// ApprovedBy approved a rubber stamp.
	ApprovedBy string `json:"approvedBy,omitempty"`
	// Record is the SHA-256 of the signed statement, URI where it is.
	Record string `json:"record"`
	URI    string `json:"uri"`
}

// Rollback is a set that brings an older one back.
type Rollback struct {
	// To is the sequence of the older set.
	To     int    `json:"to"`
	Reason string `json:"reason"`
	// SkipAnalysis says that the canary does not judge it again: it was the last promoted set before the one it replaces.
	SkipAnalysis bool `json:"skipAnalysis"`
}

// Emergency is a promotion in spite of a freeze.
type Emergency struct {
	Reason string `json:"reason"`
	// Approvals is how many it took.
	Approvals int `json:"approvals"`
}

// Result is what integration tests came to.
type Result string

// The results.
const (
	Passed Result = "passed"
	Failed Result = "failed"
)

// Tests are the integration tests of a set in its environment.
type Tests struct {
	Result Result    `json:"result"`
	At     time.Time `json:"at"`
	// Run is where what was tested can be looked up.
	Run string `json:"run"`
	// Set is the digest of the set that they ran against.
	Set string `json:"set"`
}

// Approval is that of one person.
type Approval struct {
	Reviewer string `json:"reviewer"`
	// Commit is what the reviewer saw.
	Commit string    `json:"commit"`
	At     time.Time `json:"at"`
}

// Pin keeps an environment, or some components of it, at what they are.
type Pin struct {
	Owner  string `json:"owner"`
	Reason string `json:"reason"`
	// Expires is when the pin ends by itself.
	Expires time.Time `json:"expires"`
	// Components are the images and models that are pinned; none means all.
	Components []string `json:"components,omitempty"`
}

// Read reads a release set. A key that stands there twice, a field of the wrong type and a value that cannot be meant are
// errors that name the field; fields that this package does not know are somebody else's.
func Read(reader io.Reader) (Set, error) {
	text, err := io.ReadAll(reader)
	if err != nil {
		return Set{}, err
	}
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return Set{}, fmt.Errorf("release: %w", err)
	}
	var set Set
	if err := strictjson.UnmarshalCaseSensitivePreserveInts(asJSON, &set); err != nil {
		var mistyped *json.UnmarshalTypeError
		if errors.As(err, &mistyped) {
			return Set{}, fmt.Errorf("release: %s is a %s: want a %s", mistyped.Field, mistyped.Value, mistyped.Type)
		}
		return Set{}, fmt.Errorf("release: %w", err)
	}
	if err := set.Check(); err != nil {
		return Set{}, fmt.Errorf("release: %w", err)
	}
	return set, nil
}
