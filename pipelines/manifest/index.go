package manifest

import (
	"encoding/json"
	"io"

	"github.com/esteira/esteira/pipelines/finding"
)

// Index says what was rendered from a folder, and where it came from.
type Index struct {
	Roots []Root `json:"roots"`
	// Plain are the manifests outside of every kustomization, by their paths in the source. They are not rendered.
	Plain []string `json:"plain,omitempty"`
	// Rendered is how many roots were rendered anew; the others were remembered.
	Rendered int `json:"rendered"`
	// Notes say what stood in for a third-party manifest that could not be had.
	Notes []string `json:"notes,omitempty"`
}

// Root is a kustomization that renders by itself.
type Root struct {
	// Path is its folder, relative to the source; "." is the source itself.
	Path string `json:"path"`
	// Stream is the file of what it renders, relative to the folder of the index. Empty where it does not render.
	Stream string `json:"stream,omitempty"`
	// Applied says that somebody applies it: no other root gathers it, or an Application of Argo CD names it.
	Applied bool `json:"applied"`
	// Files are those that it is made from, its own kustomization first and then what that names, breadth first.
	Files   []string   `json:"files"`
	Objects []Rendered `json:"objects"`
}

// Rendered is one object as a root renders it.
type Rendered struct {
	Object
	// Line is where it begins in the stream, from 1.
	Line int `json:"line"`
	// Source is where it came from before anything changed it: the file, and the line where the object begins.
	Source finding.Location `json:"source"`
}

// ReadIndex reads what Write wrote.
func ReadIndex(r io.Reader) (Index, error) {
	var index Index
	err := decode(r, &index)
	return index, err
}

// Write writes it as JSON.
func (i Index) Write(w io.Writer) error { return json.NewEncoder(w).Encode(i) }

// At is the root of a path.
func (i Index) At(path string) (Root, bool) {
	for _, root := range i.Roots {
		if root.Path == path {
			return root, true
		}
	}
	return Root{}, false
}

// At is the object that a line of the stream belongs to.
func (r Root) At(line int) (Rendered, bool) {
	var found Rendered
	for _, object := range r.Objects {
		if object.Line <= line && object.Line >= found.Line {
			found = object
		}
	}
	return found, found.Line > 0
}
