package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// Stream are the diagnostics in what a command printed with -json: an event a line. Lines that are none are left out.
func Stream(output []byte) (all []tfjson.Diagnostic) {
	for line := range bytes.Lines(output) {
		var event struct {
			Type       string             `json:"type"`
			Diagnostic *tfjson.Diagnostic `json:"diagnostic"`
		}
		if json.Unmarshal(line, &event) == nil && event.Diagnostic != nil {
			all = append(all, *event.Diagnostic)
		}
	}
	return all
}

// Validated are the diagnostics of `validate -json`.
func Validated(output []byte) ([]tfjson.Diagnostic, error) {
	var said tfjson.ValidateOutput
	if err := json.Unmarshal(output, &said); err != nil {
		return nil, fmt.Errorf("validate printed what is not its JSON: %w", err)
	}
	return said.Diagnostics, nil
}

// begins matches the first line of a diagnostic for people, and place the line that says where it is.
var (
	begins = regexp.MustCompile(`^(Error|Warning): (.+)$`)
	place  = regexp.MustCompile(`^\s+on (\S+) line (\d+)`)
	code   = regexp.MustCompile(`^\s+(\d+: |[├│]|\(source code not available\))`)
)

// Plain are the diagnostics in what a command printed for people, without colours: that is all that some commands have.
func Plain(output string) (all []tfjson.Diagnostic) {
	for line := range strings.Lines(output) {
		line = strings.TrimRight(strings.TrimLeft(line, "│╷╵"), " \n")
		if begin := begins.FindStringSubmatch(strings.TrimSpace(line)); begin != nil {
			all = append(all, tfjson.Diagnostic{Severity: tfjson.DiagnosticSeverity(strings.ToLower(begin[1])), Summary: begin[2]})
			continue
		}
		if len(all) == 0 {
			continue
		}
		last := &all[len(all)-1]
		if at := place.FindStringSubmatch(line); at != nil && last.Range == nil {
			number, _ := strconv.Atoi(at[2])
			last.Range = &tfjson.Range{Filename: strings.TrimSuffix(at[1], ","), Start: tfjson.Pos{Line: number}}
			continue
		}
		if !code.MatchString(line) {
			last.Detail = strings.TrimSpace(last.Detail + " " + strings.TrimSpace(line))
		}
	}
	return all
}

// known are the errors that have a rule of their own, by words in them, and what to do about them where they do not say.
var known = []struct {
	rule   string
	words  *regexp.Regexp
	remedy string
}{
	{"expired-credentials", regexp.MustCompile(`AADSTS(700024|700082|70043|50173)|ExpiredAuthenticationToken|(?i)token (is|has) expired|not within its valid time range`),
		"the credentials are expired: ask for a new token, and call again"},
	{"refused-credentials", regexp.MustCompile(`AADSTS\d+|InvalidAuthenticationToken|AuthorizationFailed|building account: |failed to acquire a token|authentication failed`),
		"the credentials are refused: see who may read what is planned"},
	{"no-answer", regexp.MustCompile(`context deadline exceeded|no such host|connection refused|i/o timeout`),
		"nobody answered in time: see whether the network lets this through, and whether the credentials are good, because the backend asks again and again where they are not"},
	{"locked-state", regexp.MustCompile(`acquiring the state lock|state blob is already locked|LeaseAlreadyPresent`),
		"somebody is changing the state: wait until that has ended, and plan again"},
	{"lock-mismatch", regexp.MustCompile(`any of the checksums|Provider dependency changes detected|Inconsistent dependency lock file|dependency lock file`),
		"the lock file does not fit the providers: make it anew by `terraform lock export`, and look at what changed"},
	{"no-provider", regexp.MustCompile(`Failed to (query available|resolve) provider packages|Could not resolve provider`),
		"providers come from the mirror alone: hand in one that has it by --providers"},
	{"missing-variable", regexp.MustCompile(`^No value for required variable`), "give it in " + OfflineFile + ", or by --variables"},
	{"cycle", regexp.MustCompile(`^Cycle: `), "break the circle"},
	{"api-version", regexp.MustCompile(`api-version is invalid`), ""},
	{"unknown-type", regexp.MustCompile(`resource type \S+ can't be found`), ""},
	{"invalid-body", regexp.MustCompile(`the argument "body" is invalid`), ""},
}

// OfflineFile holds, beside a root, what a plan without a cloud takes for variables.
const OfflineFile = "offline.tfvars"

// ruler matches the lines that Azure's libraries draw.
var ruler = regexp.MustCompile(`-{8,}`)

// advice is what azapi says after its own errors: to switch the comparison off.
var advice = regexp.MustCompile(`\s*You can try to update .azapi. provider.*$`)

// Remarks are the errors among the diagnostics of a tool that worked in a folder.
func Remarks(tool, folder string, diagnostics []tfjson.Diagnostic) (remarks []acceptance.Remark) {
	for _, d := range diagnostics {
		if d.Severity != tfjson.DiagnosticSeverityError {
			continue
		}
		remark := acceptance.Remark{Finding: finding.Finding{
			Tool: tool, Rule: slug(d.Summary), Severity: finding.High, Message: said(d), Location: located(folder, d.Range),
		}}
		for _, k := range known {
			if k.words.MatchString(d.Summary + "\n" + d.Detail) {
				remark.Finding.Rule = k.rule
				if k.remedy != "" {
					remark.Finding.Message += " → " + k.remedy
				}
				break
			}
		}
		remarks = append(remarks, remark)
	}
	return remarks
}

// said is a diagnostic in one line.
func said(d tfjson.Diagnostic) string {
	text := d.Summary
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	if d.Address != "" {
		text = d.Address + ": " + text
	}
	return advice.ReplaceAllString(strings.Join(strings.Fields(ruler.ReplaceAllString(text, " ")), " "), "")
}

// located is a range, whose file is relative to the folder that the tool worked in, as a place in the tree.
func located(folder string, r *tfjson.Range) finding.Location {
	if r == nil {
		return finding.Location{File: folder}
	}
	file := r.Filename
	if !path.IsAbs(file) {
		file = path.Join(folder, file)
	}
	return finding.Location{File: file, Line: r.Start.Line, Column: r.Start.Column}
}

// notName matches what a rule's name has not.
var notName = regexp.MustCompile(`[^a-z0-9]+`)

// slug is a summary as the name of a rule.
func slug(summary string) string {
	name := strings.Trim(notName.ReplaceAllString(strings.ToLower(summary), "-"), "-")
	if len(name) > 40 {
		name = strings.TrimRight(name[:40], "-")
	}
	if name == "" {
		return "error"
	}
	return name
}
