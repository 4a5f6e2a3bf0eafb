package finding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// FromSARIF reads a SARIF 2.1.0 log (OASIS Standard, errata 01) of any tool.
//
// Severity comes from the property security-severity of the result or its rule, in
// the bands of CVSS v3 that GitHub uses too (9.0 critical, 7.0 high, 4.0 medium,
// above 0 low); else from the level: error is high, warning medium, note low, none
// info. What a suppression hides is a finding all the same: who is judged does not
// hold the scales. Results that say "pass", "notApplicable" or "absent" are none.
//
// A log that is empty, cut off, no JSON, of another version or without runs is an
// error, and so is a run that says that it failed or that has no list of results:
// the specification means by that that the tool didn't look (§3.14.23).
func FromSARIF(r io.Reader) ([]Finding, error) {
	data, err := readAll(r, "SARIF")
	if err != nil {
		return nil, err
	}
	var log sarifLog
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &log); err != nil {
		return nil, fmt.Errorf("SARIF: %w: the file is cut off or no SARIF; begins with %q", err, beginning(data))
	}
	if log.Version != "2.1.0" {
		return nil, fmt.Errorf("SARIF: version=%q: only 2.1.0 is read", log.Version)
	}
	if len(log.Runs) == 0 {
		return nil, errors.New("SARIF: it has no runs: the tool looked at nothing; see its log")
	}
	findings := []Finding{}
	for i, run := range log.Runs {
		found, err := run.findings()
		if err != nil {
			return nil, fmt.Errorf("SARIF: runs[%d] of %q: %w", i, run.Tool.Driver.Name, err)
		}
		findings = append(findings, found...)
	}
	number(findings)
	return findings, nil
}

func (run sarifRun) findings() ([]Finding, error) {
	if run.Tool.Driver.Name == "" {
		return nil, errors.New("tool.driver.name is missing: who looked?")
	}
	for _, invocation := range run.Invocations {
		if invocation.Successful != nil && !*invocation.Successful {
			return nil, fmt.Errorf("the tool says that it failed (executionSuccessful=false)%s; see its log", invocation.complaint())
		}
	}
	if run.Results == nil {
		return nil, errors.New("there is no list of results: the tool did not look; see its log")
	}
	var findings []Finding
	for i, result := range run.Results {
		if result.silent() {
			continue
		}
		f, err := run.finding(result)
		if err != nil {
			return nil, fmt.Errorf("results[%d]: %w", i, err)
		}
		findings = append(findings, f)
	}
	return findings, nil
}

func (invocation sarifInvocation) complaint() string {
	for _, notification := range invocation.Notifications {
		if notification.Level == "error" && notification.Message.Text != "" {
			return ": " + firstLine(notification.Message.Text)
		}
	}
	return ""
}

// silent says whether a result is none to act upon (§3.27.9, §3.27.24).
func (result sarifResult) silent() bool {
	return result.Kind == "pass" || result.Kind == "notApplicable" || result.BaselineState == "absent"
}

func (run sarifRun) finding(result sarifResult) (Finding, error) {
	rule, err := run.rule(result)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Tool: run.Tool.Driver.Name, Rule: firstOf(result.ruleID(), rule.ID), Help: rule.HelpURI}
	if f.Severity, err = severity(result, rule); err != nil {
		return Finding{}, fmt.Errorf("rule %q: %w", f.Rule, err)
	}
	if f.Message = result.Message.resolve(rule); f.Message == "" {
		return Finding{}, fmt.Errorf("rule %q: the result has no message", f.Rule)
	}
	if f.Location, err = run.location(result); err != nil {
		return Finding{}, fmt.Errorf("rule %q: %w", f.Rule, err)
	}
	f.Fingerprint = result.fingerprint(f)
	return f, nil
}

func (result sarifResult) ruleID() string {
	if result.RuleID == "" && result.Rule != nil {
		return result.Rule.ID
	}
	return result.RuleID
}

// rule finds the description of a result's rule (§3.27.5 to §3.27.7): by index, or
// by id, which may go on below the rule's own as in CA1000/1. A tool need not
// describe its rules.
func (run sarifRun) rule(result sarifResult) (sarifRule, error) {
	component, index := run.Tool.Driver, result.RuleIndex
	if result.Rule != nil {
		if index == nil {
			index = result.Rule.Index
		}
		if of := result.Rule.Component; of != nil && of.Index != nil && *of.Index >= 0 {
			if *of.Index >= len(run.Tool.Extensions) {
				return sarifRule{}, fmt.Errorf("rule.toolComponent.index=%d: the tool has %d extensions", *of.Index, len(run.Tool.Extensions))
			}
			component = run.Tool.Extensions[*of.Index]
		}
	}
	if index != nil && *index >= 0 {
		if *index >= len(component.Rules) {
			return sarifRule{}, fmt.Errorf("ruleIndex=%d: the tool describes %d rules", *index, len(component.Rules))
		}
		return component.Rules[*index], nil
	}
	for id := result.ruleID(); id != "" && id != "."; id = path.Dir(id) {
		for _, rule := range component.Rules {
			if rule.ID == id {
				return rule, nil
			}
		}
		if !strings.Contains(id, "/") {
			break
		}
	}
	return sarifRule{}, nil
}

// resolve is the text of a message: its own, or the rule's by its id, with the
// arguments put in (§3.11).
func (message sarifMessage) resolve(rule sarifRule) string {
	text := message.Text
	if text == "" {
		text = rule.Messages[message.ID].Text
	}
	for i, argument := range message.Arguments {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i)+"}", argument)
	}
	return strings.TrimSpace(text)
}

func severity(result sarifResult, rule sarifRule) (Severity, error) {
	for _, score := range []any{result.Properties.Score, rule.Properties.Score} {
		if score != nil && score != "" {
			return severityOfScore(score)
		}
	}
	level := result.Level
	if level == "" && rule.Configuration != nil {
		level = rule.Configuration.Level
	}
	if level == "" {
		level = defaultLevel[result.Kind]
	}
	switch level {
	case "error":
		return High, nil
	case "warning":
		return Medium, nil
	case "note":
		return Low, nil
	case "none":
		return Info, nil
	}
	return "", fmt.Errorf("level=%q, kind=%q: SARIF has no such level", level, result.Kind)
}

// defaultLevel is the level where neither result nor rule gives one, by the kind of
// result (§3.27.10). "review" and "open" ask a person to look, so they warn.
var defaultLevel = map[string]string{"": "warning", "fail": "warning", "review": "warning", "open": "warning", "informational": "none"}

func severityOfScore(score any) (Severity, error) {
	value, err := strconv.ParseFloat(fmt.Sprint(score), 64)
	switch {
	case err != nil || !(value >= 0 && value <= 10):
		return "", fmt.Errorf("security-severity=%q is no number from 0 to 10", fmt.Sprint(score))
	case value >= 9:
		return Critical, nil
	case value >= 7:
		return High, nil
	case value >= 4:
		return Medium, nil
	case value > 0:
		return Low, nil
	}
	return Info, nil
}

// location is the first place of a result that lies in a file.
func (run sarifRun) location(result sarifResult) (Location, error) {
	for _, place := range result.Locations {
		artifact := place.Physical.Artifact
		if artifact.URI == "" && artifact.Index != nil && *artifact.Index >= 0 {
			if *artifact.Index >= len(run.Artifacts) {
				return Location{}, fmt.Errorf("artifactLocation.index=%d: the run has %d artifacts", *artifact.Index, len(run.Artifacts))
			}
			artifact = run.Artifacts[*artifact.Index].Location
		}
		if artifact.URI == "" {
			continue
		}
		location := Location{File: pathOf(artifact.URI)}
		if region := place.Physical.Region; region != nil {
			location.Line, location.Column = max(region.StartLine, 0), max(region.StartColumn, 0)
		}
		return location, nil
	}
	return Location{}, nil
}

// pathOf is the path that an artifact's URI stands for. Some tools write plain
// paths there, with spaces and all; they are kept, and so are other schemes.
func pathOf(uri string) string {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Path == "" || parsed.Scheme != "" && parsed.Scheme != "file" {
		return uri
	}
	return path.Clean(parsed.Path)
}

// ownFingerprint is the name under which WriteSARIF keeps a finding's fingerprint.
const ownFingerprint = "esteira/v1"

func (result sarifResult) fingerprint(f Finding) string {
	if own := result.PartialFingerprints[ownFingerprint]; own != "" {
		return own
	}
	if len(result.Fingerprints) > 0 {
		return fingerprint(f, result.Fingerprints)
	}
	return fingerprint(f, result.PartialFingerprints)
}
