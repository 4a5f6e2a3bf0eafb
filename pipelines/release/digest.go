package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// Digest says which set it is: the SHA-256 of Canonical, in hexadecimal digits.
func (s Set) Digest() string {
	sum := sha256.Sum256(s.Canonical())
	return hex.EncodeToString(sum[:])
}

// Canonical is the set without its records as JSON in canonical form (RFC 8785: keys sorted, no white space): what runs,
// where, and how it came there. Fields that this package does not know are not in it.
func (s Set) Canonical() []byte {
	s.Tests, s.Approvals, s.Pin = nil, nil, nil
	return canonical(s)
}

// canonical is the canonical JSON of what has no numbers but whole ones.
func canonical(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of texts, numbers and times alone
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var free any
	if err := decoder.Decode(&free); err != nil {
		panic(err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(free); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// same says whether two values of a set say the same.
func same(a, b any) bool { return bytes.Equal(canonical(a), canonical(b)) }

// Runs is what the set runs: the digest of each component, by its name. Two sets that run the same are one and the same to
// a cluster, whatever their versions are called.
func (s Set) Runs() map[string]string {
	runs := map[string]string{}
	for name, image := range s.Images {
		runs[name] = image.Digest
	}
	for name, model := range s.Models {
		runs[name] = "sha256:" + model.SHA256
	}
	return runs
}

// Same says whether both run the same.
func (s Set) Same(other Set) bool { return maps.Equal(s.Runs(), other.Runs()) }

// Components are the names of its images and models.
func (s Set) Components() []string { return slices.Sorted(maps.Keys(s.Runs())) }

// Has says whether a component is in it.
func (s Set) Has(component string) bool {
	_, image := s.Images[component]
	_, model := s.Models[component]
	return image || model
}
