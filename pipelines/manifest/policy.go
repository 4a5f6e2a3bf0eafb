package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"
)

// PolicyFile is where a folder says what is accepted in it.
const PolicyFile = "policy.yaml"

// Policy says what is accepted in a folder's manifests.
type Policy struct {
	Version    int         `yaml:"version"`
	Kubernetes string      `yaml:"kubernetes"`
	Accepted   []Exception `yaml:"accepted"`
	// Uncovered are the kinds that no schema covers; their rule is RuleUncovered.
	Uncovered []Exception `yaml:"uncovered"`
}

// RuleUncovered is the rule of a remark about a document that no schema covers.
const RuleUncovered = "uncovered"

// Exception is one finding that is known and accepted for a while.
type Exception struct {
	Rule string `yaml:"rule"`
	// Object is Kind/name; of a kind that no schema covers, the Kind alone.
	Object  string `yaml:"object"`
	Reason  string `yaml:"reason"`
	Owner   string `yaml:"owner"`
	Expires Day    `yaml:"expires"`
	// Line is that of the policy's file.
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

// over says whether the exception has ended.
func (e Exception) over(now time.Time) bool { return !now.Before(e.Expires.AddDate(0, 0, 1)) }

// ParsePolicy reads a policy strictly. No text at all is a policy that accepts nothing.
func ParsePolicy(name string, text []byte) (Policy, error) {
	var policy Policy
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&policy); err != nil && !errors.Is(err, io.EOF) {
		return Policy{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > 0 && policy.Version != 1 {
		return Policy{}, fmt.Errorf("%s: version is %d: this knows version: 1", name, policy.Version)
	}
	for i := range policy.Uncovered {
		policy.Uncovered[i].Rule = RuleUncovered
	}
	for _, exception := range policy.exceptions() {
		if err := exception.check(); err != nil {
			return Policy{}, fmt.Errorf("%s:%d: %w", name, exception.Line, err)
		}
	}
	return policy, nil
}

func (p Policy) exceptions() []Exception { return append(append([]Exception{}, p.Accepted...), p.Uncovered...) }

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

// accepting is the exception for a remark.
func (p Policy) accepting(remark Remark) (Exception, bool) {
	for _, e := range p.Accepted {
		if e.Rule == remark.Rule && e.Object == remark.Object.String() {
			return e, true
		}
	}
	for _, e := range p.Uncovered {
		if remark.Rule == RuleUncovered && e.Object == remark.Object.Kind {
			return e, true
		}
	}
	return Exception{}, false
}
