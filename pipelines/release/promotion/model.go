package promotion

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/esteira/esteira/pipelines/attestation"
)

// record is what a diff shows of a gate's record: docs/schema/gate-record.schema.json.
type record struct {
	Verdict  string `json:"verdict"`
	Sentence string `json:"sentence"`
	Metrics  []struct {
		Name     string  `json:"name"`
		Class    string  `json:"class"`
		Against  string  `json:"against"`
		Value    float64 `json:"value"`
		Interval *struct {
			Lower, Upper float64
		} `json:"interval"`
		Threshold *float64 `json:"threshold"`
		Outcome   string   `json:"outcome"`
	} `json:"metrics"`
	Flips []struct {
		ID        string `json:"id"`
		Label     string `json:"label"`
		Candidate string `json:"candidate"`
		Champion  string `json:"champion"`
	} `json:"flips"`
}

// models are the models that change, with what the gate said of them.
func models(plan Plan, records map[string][]byte) Section {
	section := Section{Title: "Models"}
	for _, name := range moved(plan.Before, plan.After) {
		model, is := plan.After.Models[name]
		if !is {
			if _, was := plan.Before.Models[name]; was {
				section.Lines = append(section.Lines, fmt.Sprintf("%s  %s → nothing", name, named(plan.Before, name)))
			}
			continue
		}
		section.Lines = append(section.Lines, fmt.Sprintf("%s  %s → %s, gate: %s", name, named(plan.Before, name), named(plan.After, name), model.Gate.Verdict))
		text, given := records[name]
		if !given {
			section.Lines = append(section.Lines, "    metrics and flips: not looked at: hand in --record "+name+"=FILE with the statement at "+model.Gate.URI)
			continue
		}
		found, err := readRecord(text, model.Gate.Record)
		if err != nil {
			section.Red = true
			section.Lines = append(section.Lines, "    "+err.Error())
			continue
		}
		section.Lines = append(section.Lines, found.lines()...)
	}
	return section
}

// readRecord reads the statement about a model, signed or not, if it is the one of the digest.
func readRecord(text []byte, digest string) (record, error) {
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); got != digest {
		return record{}, fmt.Errorf("the record is sha256:%s, and the set names sha256:%s: fetch that one", got, digest)
	}
	var found record
	statement := attestation.Statement{}
	if statements, err := attestation.ReadEnvelopes(text); err == nil && len(statements[0].Predicate) > 0 {
		statement = statements[0]
	} else if err := json.Unmarshal(text, &statement); err != nil {
		return record{}, fmt.Errorf("the record: %w", err)
	}
	if len(statement.Predicate) == 0 {
		statement.Predicate = bytes.TrimSpace(text) // the record alone
	}
	if err := json.Unmarshal(statement.Predicate, &found); err != nil {
		return record{}, fmt.Errorf("the record: %w", err)
	}
	if found.Verdict == "" {
		return record{}, fmt.Errorf("the record has no verdict")
	}
	return found, nil
}

func (r record) lines() []string {
	lines := []string{"    " + r.Sentence}
	for _, metric := range r.Metrics {
		line := fmt.Sprintf("    %-22s %.4f", join(metric.Name, metric.Class, metric.Against), metric.Value)
		if metric.Interval != nil {
			line += fmt.Sprintf(" [%.4f, %.4f]", metric.Interval.Lower, metric.Interval.Upper)
		}
		if metric.Threshold != nil {
			line += fmt.Sprintf(", asked %.4f", *metric.Threshold)
		}
		lines = append(lines, line+", "+metric.Outcome)
	}
	lines = append(lines, fmt.Sprintf("    %d rows flip", len(r.Flips)))
	for i, flip := range r.Flips {
		if i == mostChanges {
			return append(lines, fmt.Sprintf("    … and %d more", len(r.Flips)-i))
		}
		lines = append(lines, fmt.Sprintf("    row %s is %s: %s, was %s", flip.ID, flip.Label, flip.Candidate, flip.Champion))
	}
	return lines
}

func join(words ...string) string {
	text := ""
	for _, word := range words {
		if word != "" && text != "" {
			text += " "
		}
		text += word
	}
	return text
}
