package finding

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
)

// levels and scores are FromSARIF's severities the other way round.
var (
	levels = map[Severity]string{Critical: "error", High: "error", Medium: "warning", Low: "note", Info: "none"}
	scores = map[Severity]string{Critical: "9.5", High: "8.0", Medium: "5.5", Low: "2.0", Info: "0.0"}
)

// WriteSARIF writes findings as a SARIF 2.1.0 log with a run for each tool, in the
// order in which the tools first appear. No findings make a run of "esteira" with an
// empty list of results: it was looked, and nothing was found.
func WriteSARIF(w io.Writer, findings []Finding) error {
	log := sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
	}
	place := map[string]int{}
	for i, f := range findings {
		if err := f.Check(); err != nil {
			return fmt.Errorf("SARIF: findings[%d]: %w", i, err)
		}
		at, ok := place[f.Tool]
		if !ok {
			at = len(log.Runs)
			place[f.Tool] = at
			log.Runs = append(log.Runs, newRun(f.Tool))
		}
		log.Runs[at].append(f)
	}
	if len(findings) == 0 {
		log.Runs = []sarifRun{newRun("esteira")}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(log); err != nil {
		return fmt.Errorf("SARIF: %w", err)
	}
	return nil
}

func newRun(tool string) sarifRun {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver.Name = tool
	return run
}

func (run *sarifRun) append(f Finding) {
	index := run.describe(f)
	result := sarifResult{
		RuleID:              f.Rule,
		RuleIndex:           &index,
		Level:               levels[f.Severity],
		Message:             sarifMessage{Text: f.Message},
		PartialFingerprints: map[string]string{ownFingerprint: f.Fingerprint},
		Properties:          sarifProperties{Score: scores[f.Severity]},
	}
	if f.Location.File != "" {
		var place sarifLocation
		place.Physical.Artifact.URI = (&url.URL{Path: f.Location.File}).String()
		if f.Location.Line > 0 {
			place.Physical.Region = &sarifRegion{StartLine: f.Location.Line, StartColumn: f.Location.Column}
		}
		result.Locations = []sarifLocation{place}
	}
	run.Results = append(run.Results, result)
}

// describe gives the place of the finding's rule among the run's, and adds it where
// it is new. GitHub shows a rule's score, so it is that of the worst finding.
func (run *sarifRun) describe(f Finding) int {
	rules := &run.Tool.Driver.Rules
	for i := range *rules {
		if rule := &(*rules)[i]; rule.ID == f.Rule {
			rule.HelpURI = cmp.Or(rule.HelpURI, f.Link())
			rule.Properties.Score = max(rule.Properties.Score.(string), scores[f.Severity])
			return i
		}
	}
	*rules = append(*rules, sarifRule{
		ID:               f.Rule,
		ShortDescription: &sarifMessage{Text: f.Rule},
		HelpURI:          f.Link(),
		Properties:       sarifProperties{Score: scores[f.Severity]},
	})
	return len(*rules) - 1
}
