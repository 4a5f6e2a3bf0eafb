package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Verification says that the signatures and attestations about one digest were checked, and what they say.
type Verification struct {
	// Digest is sha256: and 64 hexadecimal digits, of an image or a model.
	Digest string `json:"digest"`
	// Verified says that everything asked for was there and good; Reason why not.
	Verified bool   `json:"verified"`
	Reason   string `json:"reason,omitempty"`
	// Source is the commit that an image's provenance names.
	Source string `json:"source,omitempty"`
	// Verdict is what a model's signed record says.
	Verdict string `json:"verdict,omitempty"`
}

// ReadVerifications reads a JSON list of them, strictly.
func ReadVerifications(r io.Reader) ([]Verification, error) {
	var verifications []Verification
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&verifications); err != nil {
		return nil, fmt.Errorf("verifications: %w", err)
	}
	return verifications, nil
}

// Signed is an error for each image and model whose signatures were not verified, or that says of itself what its signed
// statements do not.
func (s Set) Signed(verifications []Verification) error {
	found := map[string]Verification{}
	for _, verification := range verifications {
		if before, twice := found[verification.Digest]; twice && !before.Verified {
			continue // one that failed is not outvoted
		}
		found[verification.Digest] = verification
	}
	var wrong []error
	for _, component := range s.Components() {
		digest := s.Runs()[component]
		verification, known := found[digest]
		image, model := s.Images[component], s.Models[component]
		switch {
		case !known:
			wrong = append(wrong, fmt.Errorf("%s: nobody verified the signatures of %s: esteira security verify does", component, digest))
		case !verification.Verified:
			wrong = append(wrong, fmt.Errorf("%s: %s is not signed as it has to be: %s", component, digest, verification.Reason))
		case verification.Source != "" && image.Source != "" && verification.Source != image.Source:
			wrong = append(wrong, fmt.Errorf("%s: the set says that it was built from %.12s, its signed provenance says %.12s", component, image.Source, verification.Source))
		case model.SHA256 != "" && verification.Verdict != model.Gate.Verdict:
			wrong = append(wrong, fmt.Errorf("%s: the set says that the gate's verdict is %q, the signed record says %q", component, model.Gate.Verdict, verification.Verdict))
		}
	}
	return errors.Join(wrong...)
}

// Blessed is an error for each model that no gate let pass.
func (s Set) Blessed() error {
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(s.Models)) {
		switch gate := s.Models[name].Gate; {
		case gate == Gate{}:
			wrong = append(wrong, fmt.Errorf("%s: there is no record of a gate: no verdict, no promotion", name))
		case gate.Verdict == "bless" || gate.Verdict == "rubber-stamp" && gate.ApprovedBy != "":
		case gate.Verdict == "rubber-stamp":
			wrong = append(wrong, fmt.Errorf("%s: the gate's verdict is rubber-stamp, and nobody approved it", name))
		default:
			wrong = append(wrong, fmt.Errorf("%s: the gate's verdict is %q: only bless, or rubber-stamp that a person approved, is promoted", name, gate.Verdict))
		}
	}
	return errors.Join(wrong...)
}
