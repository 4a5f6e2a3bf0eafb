package manifest

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/report"
)

// Said is all that one check has to say of what was rendered.
type Said struct {
	Remarks []Remark `json:"remarks"`
	// Findings are about files, and not about an object that was rendered: a YAML error, a dashboard's query.
	Findings []finding.Finding `json:"findings,omitempty"`
	// Undecided says why the check could not decide: it is red then, whatever else it found.
	Undecided string `json:"undecided,omitempty"`
	// Judged is how many objects, files, cases or queries were looked at. None at all is undecided.
	Judged int            `json:"judged"`
	Facts  []report.Fact  `json:"facts,omitempty"`
	Notes  []string       `json:"notes,omitempty"`
	Tests  *finding.Tests `json:"tests,omitempty"`
}

// ReadSaid reads what Write wrote.
func ReadSaid(r io.Reader) (Said, error) {
	var said Said
	err := decode(r, &said)
	return said, err
}

// Write writes it as JSON.
func (s Said) Write(w io.Writer) error { return json.NewEncoder(w).Encode(s) }

func decode(r io.Reader, into any) error {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return nil
}
