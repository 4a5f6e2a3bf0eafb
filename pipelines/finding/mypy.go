package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// FromMypy reads what `mypy --output=json` prints: an object a line. Errors are high, notes info. The column is left out,
// because mypy counts it from 0 in most messages and from 1 in those of its parser.
//
// Nothing at all means that mypy found nothing, or that it died: only its exit code tells.
func FromMypy(r io.Reader) ([]Finding, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("mypy: could not be read: %w", err)
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("mypy: more than %d MiB: see what it wrote", maxBytes>>20)
	}
	findings, at := []Finding{}, 0
	for line := range bytes.Lines(data) {
		at++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		f, err := mypyFinding(line)
		if err != nil {
			return nil, fmt.Errorf("mypy: line %d: %w", at, err)
		}
		findings = append(findings, f)
	}
	number(findings)
	return findings, nil
}

func mypyFinding(line []byte) (Finding, error) {
	var said struct {
		File     string
		Line     int
		Message  string
		Hint     string
		Code     string
		Severity string
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return Finding{}, fmt.Errorf("%w: begins with %q", err, beginning(line))
	}
	severities := map[string]Severity{"error": High, "note": Info}
	severity, known := severities[said.Severity]
	if !known {
		return Finding{}, fmt.Errorf("severity %q is neither error nor note", said.Severity)
	}
	f := Finding{
		Tool: "mypy", Rule: firstOf(said.Code, "mypy"), Severity: severity, Message: said.Message,
		Location: Location{File: said.File, Line: max(said.Line, 0)},
	}
	if hint := firstLine(said.Hint); hint != "" && f.Message != "" {
		f.Message += " (" + hint + ")"
	}
	f = f.Identified()
	return f, f.Check()
}
