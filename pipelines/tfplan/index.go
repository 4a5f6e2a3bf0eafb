package tfplan

import (
	"encoding/json"
	"fmt"
	"io"
)

// IndexFile is what names the plans of a folder of them.
const IndexFile = "index.json"

// Index names the plans of all roots.
type Index struct {
	// Against says with what the roots were compared.
	Against Against `json:"against"`
	Roots   []Root  `json:"roots"`
}

// Against is what a plan is made against.
type Against string

// What there is to plan against. Only Azure tells what drifted.
const (
	Nothing Against = "nothing"
	Base    Against = "base"
	Known   Against = "state"
	Azure   Against = "azure"
)

// Root is the plan of one root.
type Root struct {
	Path string `json:"path"`
	// Plan is the file of the plan in its JSON form, with all that could be known. There is none where Failed says why.
	Plan   string `json:"plan,omitempty"`
	Failed string `json:"failed,omitempty"`
	// Unknown are the leaves that stay unknown, as "ADDRESS: body.properties.x".
	Unknown []string `json:"unknown"`
	// Files are those of the configuration that it is made of, modules' too.
	Files []string `json:"files"`
}

// ReadIndex reads what Write wrote.
func ReadIndex(r io.Reader) (Index, error) {
	var index Index
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&index); err != nil {
		return Index{}, fmt.Errorf("tfplan: %s: %w", IndexFile, err)
	}
	return index, nil
}

// Write writes it as JSON.
func (i Index) Write(w io.Writer) error { return json.NewEncoder(w).Encode(i) }
