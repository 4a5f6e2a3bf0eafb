package scan

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
)

// conftestResult is what `conftest test --output json` prints of one file.
type conftestResult struct {
	File     string          `json:"filename"`
	Passes   int             `json:"successes"`
	Failures []conftestClaim `json:"failures"`
	Warnings []conftestClaim `json:"warnings"`
}

type conftestClaim struct {
	Message  string `json:"msg"`
	Metadata struct {
		Rule      string           `json:"rule"`
		Severity  finding.Severity `json:"severity"`
		Address   string           `json:"address"`
		Field     string           `json:"field"`
		Undecided bool             `json:"undecided"`
	} `json:"metadata"`
}

// Conftest is what our own rules say of templates. A template that it does not name was not judged, and that is an error.
func Conftest(output []byte, plans []Planned) ([]Complaint, error) {
	if len(strings.TrimSpace(string(output))) == 0 {
		return nil, errors.New("conftest printed nothing")
	}
	var results []conftestResult
	if err := json.Unmarshal(output, &results); err != nil {
		return nil, fmt.Errorf("conftest printed no report: %w", err)
	}
	var complaints []Complaint
	for _, plan := range plans {
		at := slices.IndexFunc(results, func(result conftestResult) bool { return path.Base(result.File) == plan.File })
		if at < 0 {
			return nil, fmt.Errorf("conftest did not judge %s", plan.Root)
		}
		result := results[at]
		if result.Passes+len(result.Failures) == 0 || len(result.Warnings) > 0 {
			return nil, fmt.Errorf("conftest judged %s by %d rules, with %d warnings: these are not our rules", plan.Root, result.Passes+len(result.Failures), len(result.Warnings))
		}
		for _, claim := range result.Failures {
			m := claim.Metadata
			if m.Rule == "" || m.Address == "" || m.Severity.Rank() < 0 {
				return nil, fmt.Errorf("conftest says of %s %q, without rule, address or severity", plan.Root, claim.Message)
			}
			complaints = append(complaints, Complaint{
				Root: plan.Root, Address: m.Address, Field: m.Field, Tool: "conftest", Rule: m.Rule, Severity: m.Severity,
				Message: claim.Message, Undecided: m.Undecided,
			})
		}
	}
	return complaints, nil
}
