// Package release reads what an environment runs: one file, k8s/overlays/ENVIRONMENT/release.yaml, in Git. Whether there
// is a champion, and which, is what that file says, and not an alias that can vanish.
package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	strictjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// What a release set calls itself.
const (
	APIVersion = "esteira/v1"
	Kind       = "ReleaseSet"
)

// Set is what runs in an environment.
type Set struct {
	APIVersion  string `json:"apiVersion"`
	Kind        string `json:"kind"`
	Environment string `json:"environment"`
	// Sequence counts the sets of an environment.
	Sequence int `json:"sequence"`
	// Models are the models by the names that the registry has them under. An environment without any says {}.
	Models map[string]Model `json:"models"`
}

// Model is a version of a model. Its digest says which it is; the number is for people.
type Model struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

var (
	modelName     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	modelVersion  = regexp.MustCompile(`^[1-9][0-9]*$`)
	digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

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
	if err := set.check(); err != nil {
		return Set{}, fmt.Errorf("release: %w", err)
	}
	return set, nil
}

func (s Set) check() error {
	switch {
	case s.APIVersion != APIVersion || s.Kind != Kind:
		return fmt.Errorf("apiVersion and kind are %q and %q: want %s and %s", s.APIVersion, s.Kind, APIVersion, Kind)
	case s.Environment == "":
		return errors.New("environment is missing: name it, as its folder does")
	case s.Sequence < 0:
		return fmt.Errorf("sequence is %d: it counts from 0", s.Sequence)
	case s.Models == nil:
		return errors.New("models is missing: where there are none write models: {}")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Models)) {
		model := s.Models[name]
		switch {
		case !modelName.MatchString(name):
			return fmt.Errorf("models: %q is no name: want lower-case letters, digits and single hyphens", name)
		case !digestPattern.MatchString(model.SHA256):
			return fmt.Errorf("models.%s.sha256 is %q: want the 64 hexadecimal digits of model.onnx's SHA-256", name, model.SHA256)
		case !modelVersion.MatchString(model.Version):
			return fmt.Errorf("models.%s.version is %q: want the registry's number, as text", name, model.Version)
		}
	}
	return nil
}
