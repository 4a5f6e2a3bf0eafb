// Package acceptance decides what of a check's findings blocks: what nobody accepts for now, and what was not there before.
package acceptance

import (
	"errors"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/finding"
)

// File is where a folder says what is accepted in it.
const File = "policy.yaml"

// Exception is one finding that is known and accepted for a while. Where YAML is read with lines (go.yaml.in/yaml/v3), an
// unknown key is an error.
type Exception struct {
	Rule string `yaml:"rule"`
	// Object is what the finding is about, as the check names it: Kind/name, a Terraform address, a package.
	Object  string `yaml:"object"`
	Reason  string `yaml:"reason"`
	Owner   string `yaml:"owner"`
	Expires Day    `yaml:"expires"`
	// Line is that of File.
	Line int `yaml:"-"`
}

// Day is a day, written YYYY-MM-DD. What expires on it is good until it ends, in UTC.
type Day struct{ time.Time }

// UnmarshalYAML reads a day.
func (d *Day) UnmarshalYAML(node *yaml.Node) error {
	day, err := time.Parse(time.DateOnly, node.Value)
	if err != nil {
		return fmt.Errorf("line %d: expires is %q: write a day, such as 2027-05-31", node.Line, node.Value)
	}
	d.Time = day
	return nil
}

// UnmarshalYAML keeps the line.
func (e *Exception) UnmarshalYAML(node *yaml.Node) error {
	type plain Exception
	known := map[string]bool{"rule": true, "object": true, "reason": true, "owner": true, "expires": true}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if key := node.Content[i]; !known[key.Value] {
			return fmt.Errorf("line %d: %q is unknown: an exception has rule, object, reason, owner and expires", key.Line, key.Value)
		}
	}
	if err := node.Decode((*plain)(e)); err != nil {
		return err
	}
	e.Line = node.Line
	return nil
}

// Check is an error that names the line of the first exception that says too little.
func Check(exceptions []Exception) error {
	for _, exception := range exceptions {
		if err := exception.check(); err != nil {
			return fmt.Errorf("%s:%d: %w", File, exception.Line, err)
		}
	}
	return nil
}

func (e Exception) check() error {
	for _, field := range []struct{ name, value string }{
		{"rule", e.Rule}, {"object", e.Object}, {"reason", e.Reason}, {"owner", e.Owner},
	} {
		if field.value == "" {
			return fmt.Errorf("%s is missing: whoever reads this wants to know what is accepted, why, by whom and until when", field.name)
		}
	}
	if e.Expires.IsZero() {
		return errors.New("expires is missing: nothing is accepted for ever")
	}
	return nil
}

// over says whether the exception has ended.
func (e Exception) over(now time.Time) bool { return !now.Before(e.Expires.AddDate(0, 0, 1)) }

// accepting is the exception for a remark.
func accepting(exceptions []Exception, remark Remark) (Exception, bool) {
	for _, e := range exceptions {
		if e.Rule == remark.Finding.Rule && e.Object == remark.Object {
			return e, true
		}
	}
	return Exception{}, false
}

// Unused are findings about exceptions that accepted nothing in any of the judgements: what they accepted is mended, or its
// name is wrong.
func Unused(exceptions []Exception, judgements []Judgement) []finding.Finding {
	used := map[int]bool{}
	for _, judgement := range judgements {
		for _, line := range judgement.Used {
			used[line] = true
		}
	}
	var unused []finding.Finding
	for _, e := range exceptions {
		if !used[e.Line] {
			unused = append(unused, finding.Finding{
				Tool: "esteira", Rule: "unused-exception", Severity: finding.Medium,
				Message:  fmt.Sprintf("%s of %s is accepted and was not found: take the exception out", e.Rule, e.Object),
				Location: finding.Location{File: File, Line: e.Line},
			}.Identified())
		}
	}
	return unused
}
