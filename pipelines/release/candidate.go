package release

import (
	"encoding/json"
	"fmt"
	"io"
)

// Candidate is what was built or trained, and runs nowhere yet.
type Candidate struct {
	Images map[string]Image `json:"images,omitempty"`
	Models map[string]Model `json:"models,omitempty"`
}

// ReadCandidate reads a candidate as JSON, strictly.
func ReadCandidate(r io.Reader) (Candidate, error) {
	var candidate Candidate
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&candidate); err != nil {
		return Candidate{}, fmt.Errorf("candidate: %w", err)
	}
	return candidate, CheckComponents(candidate.Images, candidate.Models)
}
