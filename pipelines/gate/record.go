package gate

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/esteira/esteira/pipelines/predictions"
)

// PredicateType identifies a Record in an in-toto statement. Its JSON Schema is docs/schema/gate-record.schema.json.
const PredicateType = "https://github.com/esteira/esteira/gate/v1"

// Record is a verdict with all that it was made from, by digest, so that it can be signed and computed again. It holds no
// time: the same judgement is the same record. As JSON it is one object, whose field verdict is the decision.
type Record struct {
	Version int `json:"version"`
	Verdict
	// Approved says whether a person approved a rubber stamp.
	Approved bool       `json:"approved"`
	Data     Data       `json:"data"`
	Model    Evaluated  `json:"model"`
	Champion *Evaluated `json:"champion,omitempty"`
	Anchor   *Evaluated `json:"anchor,omitempty"`
	Policy   PolicyUsed `json:"policy"`
	// Judged is how many models were judged on these data before.
	Judged  int      `json:"judged"`
	Classes []string `json:"classes"`
	// Confusion counts rows of the candidate: confusion[label][prediction].
	Confusion [][]int            `json:"confusion"`
	Flips     []predictions.Flip `json:"flips,omitempty"`
	// Seed is that of the draws behind the intervals of averages.
	Seed uint64 `json:"seed"`
	// Versions are those of what judged.
	Versions map[string]string `json:"versions"`
}

// Data is what was judged on, and how.
type Data struct {
	Name     string               `json:"name"`
	SHA256   string               `json:"sha256"`
	Rows     int                  `json:"rows"`
	Protocol predictions.Protocol `json:"protocol"`
	Folds    int                  `json:"folds,omitempty"`
}

// Evaluated is a model and its predictions.
type Evaluated struct {
	SHA256      string `json:"sha256"`
	Predictions string `json:"predictions"` // the digest of their file
	Seed        int64  `json:"seed"`
	// Versions are those of what trained and predicted.
	Versions map[string]string `json:"versions,omitempty"`
}

// PolicyUsed is the policy with its defaults, and its digest.
type PolicyUsed struct {
	SHA256  string `json:"sha256"`
	Content Policy `json:"content"`
}

// Record is the record of a verdict on the case.
func (c Case) Record(v Verdict) (Record, error) {
	digest, err := c.Policy.Digest()
	if err != nil {
		return Record{}, err
	}
	return Record{
		Version: 1, Verdict: v, Approved: v.ApprovedBy != "",
		Data: Data{
			Name: c.Candidate.Data.Name, SHA256: c.Candidate.Data.SHA256, Rows: c.Candidate.Data.Rows,
			Protocol: c.Candidate.Protocol, Folds: c.Candidate.Folds,
		},
		Model: *evaluated(c.Candidate), Champion: evaluated(c.Champion), Anchor: evaluated(c.Anchor),
		Policy: PolicyUsed{SHA256: digest, Content: c.Policy.WithDefaults()},
		Judged: c.Judged, Classes: v.Tally.Classes, Confusion: v.Tally.Candidate.Confusion, Flips: v.Tally.Flips,
		Seed: Seed, Versions: versions(),
	}, nil
}

func evaluated(e *predictions.Evaluation) *Evaluated {
	if e == nil {
		return nil
	}
	return &Evaluated{SHA256: e.Model.SHA256, Predictions: e.Predictions.SHA256, Seed: e.Seed, Versions: e.Versions}
}

// versions are those of Go and of the modules that the figures come from.
func versions() map[string]string {
	found := map[string]string{"go": runtime.Version()}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return found
	}
	for _, module := range build.Deps {
		if strings.HasPrefix(module.Path, "gonum.org/") {
			found[module.Path] = module.Version
		}
	}
	return found
}

// Statement is an in-toto statement, version 1, that says a record of a model; cosign signs it as an attestation.
// https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Record    `json:"predicate"`
}

// Subject is the file that a statement is about.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Statement is the statement about the model that the record is of.
func (r Record) Statement() Statement {
	return Statement{
		Type:          "https://in-toto.io/Statement/v1",
		Subject:       []Subject{{Name: "model.onnx", Digest: map[string]string{"sha256": r.Model.SHA256}}},
		PredicateType: PredicateType,
		Predicate:     r,
	}
}
