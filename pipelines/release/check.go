package release

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
)

var (
	name          = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	modelVersion  = regexp.MustCompile(`^[1-9][0-9]*$`)
	imageVersion  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`) // a label's value
	digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	imageDigest   = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	commitPattern = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// CheckEnvironment is an error for what is no name of an environment, and so might be a path to anywhere.
func CheckEnvironment(environment string) error {
	if !name.MatchString(environment) {
		return fmt.Errorf("%q is no environment: want the name of a folder in %s, of lower-case letters, digits and single hyphens", environment, Overlays)
	}
	return nil
}

// Check is an error that names the first field that cannot be meant.
func (s Set) Check() error {
	switch {
	case s.APIVersion != APIVersion || s.Kind != Kind:
		return fmt.Errorf("apiVersion and kind are %q and %q: want %s and %s", s.APIVersion, s.Kind, APIVersion, Kind)
	case s.Environment == "":
		return errors.New("environment is missing: name it, as its folder does")
	case CheckEnvironment(s.Environment) != nil:
		return fmt.Errorf("environment: %w", CheckEnvironment(s.Environment))
	case s.Sequence < 0:
		return fmt.Errorf("sequence is %d: it counts from 0", s.Sequence)
	case s.Parent != "" && !digestPattern.MatchString(s.Parent):
		return fmt.Errorf("parent is %q: want the 64 hexadecimal digits of a set's digest", s.Parent)
	case s.Configuration != "" && !digestPattern.MatchString(s.Configuration):
		return fmt.Errorf("configuration is %q: want 64 hexadecimal digits", s.Configuration)
	case s.Models == nil:
		return errors.New("models is missing: where there are none write models: {}")
	}
	if err := CheckComponents(s.Images, s.Models); err != nil {
		return err
	}
	if err := s.checkHistory(); err != nil {
		return err
	}
	return s.checkRecords()
}

// CheckComponents is an error that names the first image or model that cannot be meant.
func CheckComponents(images map[string]Image, models map[string]Model) error {
	for _, key := range slices.Sorted(maps.Keys(images)) {
		image, field := images[key], "images."+key
		switch {
		case !name.MatchString(key):
			return fmt.Errorf("images: %q is no name: want lower-case letters, digits and single hyphens", key)
		case !imageDigest.MatchString(image.Digest):
			return fmt.Errorf("%s.digest is %q: want sha256: and 64 hexadecimal digits", field, image.Digest)
		case !imageVersion.MatchString(image.Version):
			return fmt.Errorf("%s.version is %q: want what a label of Kubernetes may be, such as main-20261127023000-4c74173", field, image.Version)
		case image.Source != "" && !commitPattern.MatchString(image.Source):
			return fmt.Errorf("%s.source is %q: want all digits of a commit", field, image.Source)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(models)) {
		if _, twice := images[key]; twice {
			return fmt.Errorf("models: %q is the name of an image, too: a component has one", key)
		}
		if !name.MatchString(key) {
			return fmt.Errorf("models: %q is no name: want lower-case letters, digits and single hyphens", key)
		}
		if err := models[key].check("models." + key); err != nil {
			return err
		}
	}
	return nil
}

func (m Model) check(field string) error {
	switch {
	case !digestPattern.MatchString(m.SHA256):
		return fmt.Errorf("%s.sha256 is %q: want the 64 hexadecimal digits of model.onnx's SHA-256", field, m.SHA256)
	case !modelVersion.MatchString(m.Version):
		return fmt.Errorf("%s.version is %q: want the registry's number, as text", field, m.Version)
	case m.URI != "" && !absolute(m.URI):
		return fmt.Errorf("%s.uri is %q: want an https address", field, m.URI)
	case m.Source != "" && !commitPattern.MatchString(m.Source):
		return fmt.Errorf("%s.source is %q: want all digits of a commit", field, m.Source)
	case m.Data != "" && !digestPattern.MatchString(m.Data):
		return fmt.Errorf("%s.data is %q: want 64 hexadecimal digits", field, m.Data)
	case m.Gate == Gate{}:
		return nil
	case m.Gate.Verdict == "":
		return fmt.Errorf("%s.gate.verdict is missing", field)
	case !digestPattern.MatchString(m.Gate.Record):
		return fmt.Errorf("%s.gate.record is %q: want 64 hexadecimal digits", field, m.Gate.Record)
	case !absolute(m.Gate.URI):
		return fmt.Errorf("%s.gate.uri is %q: want an https address", field, m.Gate.URI)
	}
	return nil
}

func absolute(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && parsed.Scheme == "https" && parsed.Host != "" && parsed.User == nil && parsed.RawQuery == ""
}

// checkHistory checks how the set came to be.
func (s Set) checkHistory() error {
	switch {
	case s.From != nil && CheckEnvironment(s.From.Environment) != nil:
		return fmt.Errorf("from.environment: %w", CheckEnvironment(s.From.Environment))
	case s.From != nil && s.From.Sequence < 1:
		return fmt.Errorf("from.sequence is %d: the first set that can be promoted is 1", s.From.Sequence)
	case s.From != nil && !digestPattern.MatchString(s.From.Digest):
		return fmt.Errorf("from.digest is %q: want 64 hexadecimal digits", s.From.Digest)
	case s.Rollback != nil && (s.Rollback.To < 1 || s.Rollback.To >= s.Sequence):
		return fmt.Errorf("rollback.to is %d: want a set before %d", s.Rollback.To, s.Sequence)
	case s.Rollback != nil && s.Rollback.Reason == "":
		return errors.New("rollback.reason is missing: whoever reads this wants to know why")
	case s.Emergency != nil && s.Emergency.Reason == "":
		return errors.New("emergency.reason is missing: whoever reads this wants to know why")
	}
	return nil
}

// checkRecords checks what is recorded of the set.
func (s Set) checkRecords() error {
	if t := s.Tests; t != nil {
		switch {
		case t.Result != Passed && t.Result != Failed:
			return fmt.Errorf("tests.result is %q: want %s or %s", t.Result, Passed, Failed)
		case t.At.IsZero():
			return errors.New("tests.at is missing: say when they ran")
		case !digestPattern.MatchString(t.Set):
			return fmt.Errorf("tests.set is %q: want the digest of the set that was tested", t.Set)
		}
	}
	for i, approval := range s.Approvals {
		switch {
		case approval.Reviewer == "":
			return fmt.Errorf("approvals[%d].reviewer is missing", i)
		case !commitPattern.MatchString(approval.Commit):
			return fmt.Errorf("approvals[%d].commit is %q: want all digits of a commit", i, approval.Commit)
		}
	}
	if s.Pin == nil {
		return nil
	}
	return s.Pin.check(s)
}

func (p Pin) check(s Set) error {
	switch {
	case p.Owner == "":
		return errors.New("pin.owner is missing: somebody has to take it away again")
	case p.Reason == "":
		return errors.New("pin.reason is missing: whoever is kept from promoting wants to know why")
	case p.Expires.IsZero():
		return errors.New("pin.expires is missing: nothing is pinned for ever")
	}
	for i, component := range p.Components {
		if !s.Has(component) {
			return fmt.Errorf("pin.components[%d] is %q: the set has %q", i, component, s.Components())
		}
	}
	return nil
}
