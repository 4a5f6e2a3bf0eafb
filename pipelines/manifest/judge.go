package manifest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// Placed is what a check said, with the places in the sources.
type Placed struct {
	Said
	// Places are those of Said.Remarks, one each. Remarks that several roots share are one.
	Places []Place `json:"places"`
}

// Place is where a remark comes from.
type Place struct {
	Location finding.Location `json:"location"`
	// Exact says that it is the line of the field itself, and not just where its object begins.
	Exact bool `json:"exact,omitempty"`
	// Roots are all that render it.
	Roots []string `json:"roots"`
}

// ReadPlaced reads what Write wrote.
func ReadPlaced(r io.Reader) (Placed, error) {
	var placed Placed
	err := decode(r, &placed)
	if err == nil && len(placed.Places) != len(placed.Remarks) {
		err = fmt.Errorf("manifest: %d places of %d remarks", len(placed.Places), len(placed.Remarks))
	}
	return placed, err
}

// Write writes it as JSON.
func (p Placed) Write(w io.Writer) error { return json.NewEncoder(w).Encode(p) }

// finding is a remark as a finding at its place.
func (p Placed) finding(i int) finding.Finding {
	remark, place := p.Remarks[i], p.Places[i]
	message := fmt.Sprintf("%s: %s", remark.Object, remark.Message)
	if remark.Object == (Object{}) {
		message = remark.Message
	}
	if remark.Field != "" && !strings.Contains(remark.Message, remark.Field) {
		message += " (" + remark.Field + ")"
	}
	if place.Location.File != remark.Root {
		message += ", in " + strings.Join(place.Roots, ", ")
	}
	return finding.Finding{
		Tool: remark.Tool, Rule: remark.Rule, Severity: remark.Severity, Message: message, Location: place.Location,
	}
}

// Judge subtracts from what a check said what the policy accepts now, and what it said of the base, if there is one.
func Judge(policy Policy, placed Placed, before *Placed, now time.Time) acceptance.Judgement {
	var old *acceptance.Said
	if before != nil {
		said := before.said()
		old = &said
	}
	return acceptance.Judge(policy.Exceptions(), placed.said(), old, now)
}

// said is what a check says of objects, as findings at their places.
func (p Placed) said() acceptance.Said {
	said := acceptance.Said{Undecided: p.Undecided, Judged: p.Judged, Facts: p.Facts, Notes: p.Notes, Tests: p.Tests}
	for i, remark := range p.Remarks {
		object := remark.Object.String()
		if remark.Rule == RuleUncovered {
			object = remark.Object.Kind
		}
		said.Remarks = append(said.Remarks, acceptance.Remark{Object: object, Finding: p.finding(i)})
	}
	for _, f := range p.Findings {
		said.Remarks = append(said.Remarks, acceptance.Remark{Finding: f})
	}
	return said
}
