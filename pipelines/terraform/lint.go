package terraform

import (
	"encoding/json"
	"fmt"
	"path"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// LintConfiguration is tflint's, whatever lies in the tree: its own rules for the language, all that it recommends, and a few
// more. It needs no plugin.
const LintConfiguration = `config {
  call_module_type = "none"
  force            = true
}

plugin "terraform" {
  enabled = true
  preset  = "recommended"
}

rule "terraform_documented_outputs" {
  enabled = true
}

rule "terraform_documented_variables" {
  enabled = true
}

rule "terraform_naming_convention" {
  enabled = true
}
`

// linted is what tflint prints with --format=json.
type linted struct {
	Issues []struct {
		Rule struct {
			Name, Severity, Link string
		}
		Message string
		Range   lintRange
	}
	Errors []struct {
		Summary, Message string
		Range            lintRange
	}
}

type lintRange struct {
	Filename string
	Start    struct{ Line, Column int }
}

func (r lintRange) location() finding.Location {
	return finding.Location{File: path.Clean(r.Filename), Line: r.Start.Line, Column: r.Start.Column}
}

// lintSeverities are tflint's.
var lintSeverities = map[string]finding.Severity{"error": finding.High, "warning": finding.Medium, "info": finding.Low, "notice": finding.Low}

// Linted remarks on what tflint found. That it could not look at something is an error.
func Linted(output []byte) ([]acceptance.Remark, error) {
	var said linted
	if err := json.Unmarshal(output, &said); err != nil {
		return nil, fmt.Errorf("tflint printed what is not its JSON: %w", err)
	}
	var remarks []acceptance.Remark
	for _, issue := range said.Issues {
		severity, known := lintSeverities[issue.Rule.Severity]
		if !known {
			severity = finding.Medium
		}
		remarks = append(remarks, acceptance.Remark{Object: issue.Range.location().File, Finding: finding.Finding{
			Tool: "tflint", Rule: issue.Rule.Name, Severity: severity, Message: issue.Message, Help: issue.Rule.Link, Location: issue.Range.location(),
		}})
	}
	for _, e := range said.Errors {
		if e.Range.Filename == "" {
			return remarks, fmt.Errorf("tflint: %s: %s", e.Summary, e.Message)
		}
		remarks = append(remarks, acceptance.Remark{Finding: finding.Finding{
			Tool: "tflint", Rule: "syntax", Severity: finding.High, Message: e.Summary + ": " + e.Message, Location: e.Range.location(),
		}})
	}
	return remarks, nil
}
