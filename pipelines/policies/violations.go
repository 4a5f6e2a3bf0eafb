package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// violation is one result of `gator test --output=json`.
type violation struct {
	Message    string `json:"msg"`
	Constraint struct {
		Kind     string
		Metadata struct{ Name string }
	} `json:"constraint"`
	Action          string          `json:"enforcementAction"`
	ScopedActions   []string        `json:"scopedEnforcementActions"`
	ViolatingObject json.RawMessage `json:"violatingObject"`
}

// Violations reads what `gator test --output=json` printed of the case, with a remark for each root that has the object.
func (c *Case) Violations(output []byte) ([]manifest.Remark, error) {
	if len(strings.TrimSpace(string(output))) == 0 {
		return nil, errors.New("gator test printed nothing")
	}
	var violations []violation
	if err := json.Unmarshal(output, &violations); err != nil {
		return nil, fmt.Errorf("gator test: %w", err)
	}
	var remarks []manifest.Remark
	for i, v := range violations {
		violating, err := readObject(v.ViolatingObject)
		if err != nil || violating == nil || v.Message == "" || v.Constraint.Kind == "" {
			return nil, fmt.Errorf("gator test: result %d names no object, no constraint or no message: %v", i+1, err)
		}
		for _, one := range c.whichAre(*violating) {
			remark := one.remark(v.Constraint.Kind+"/"+v.Constraint.Metadata.Name, implied.ReplaceAllString(v.Message, ""), one.field(v.Message))
			remark.Severity = v.severity()
			if !slices.Contains(remarks, remark) { // two roots with the same object have two results each
				remarks = append(remarks, remark)
			}
		}
	}
	return remarks, nil
}

// implied is how gator says that not the object itself is meant, but the pod that it would make.
var implied = regexp.MustCompile(`^\[Implied by [^\]]*\] `)

// severity is info where the cluster would let the object in.
func (v violation) severity() finding.Severity {
	for _, action := range append(v.ScopedActions, v.Action) {
		if action != "warn" && action != "dryrun" && action != "scoped" {
			return finding.High
		}
	}
	return finding.Info
}

// whichAre are the objects that are the same to the letter, or where gator changed something those of the name.
func (c *Case) whichAre(violating Object) []placed {
	var same, named []placed
	for _, one := range slices.Concat(c.objects, c.policies) {
		if one.Object.Object != violating.Object {
			continue
		}
		named = append(named, one)
		if one.JSON == violating.JSON {
			same = append(same, one)
		}
	}
	if len(same) > 0 {
		return same
	}
	if len(named) > 0 {
		return named
	}
	return []placed{{Object: violating}}
}

// refusals are gator's words for a policy that it cannot take: what kind of policy, its name, and why.
var refusals = []struct {
	words *regexp.Regexp
	is    func(Object) bool
}{
	{regexp.MustCompile(`(?s)adding template "([^"]+)": (.*)`), Object.template},
	{regexp.MustCompile(`(?s)converting unstructured "([^"]+)" to template: (.*)`), Object.template},
	{regexp.MustCompile(`(?s)adding constraint "([^"]+)": (.*)`), Object.constraint},
	{regexp.MustCompile(`(?s)error upserting template (\S+): (.*)`), func(o Object) bool { return o.group() == expansions }},
}

// Refused takes away the policy that gator refuses to work with, and with a template its constraints, and remarks on it, so
// that the rest can be judged. It is false where gator says something else.
func (c *Case) Refused(stderr string) bool {
	for _, refusal := range refusals {
		said := refusal.words.FindStringSubmatch(strings.TrimSpace(stderr))
		if said == nil {
			continue
		}
		var kinds []string
		dropped := c.drop(func(p placed) bool { return p.Name == said[1] && refusal.is(p.Object) }, func(p placed) manifest.Remark {
			kinds = append(kinds, p.makes)
			return p.remark("unusable-policy", strings.Join(strings.Fields(said[2]), " "), regoField(p, said[2]))
		})
		c.policies = slices.DeleteFunc(c.policies, func(p placed) bool { return p.constraint() && slices.Contains(kinds, p.Kind) })
		return dropped
	}
	return false
}

// regoField is where a template has the code that does not compile.
func regoField(p placed, reason string) string {
	if !p.template() || !strings.Contains(reason, "rego_") {
		return ""
	}
	if strings.Contains(p.JSON, `"code":[`) {
		return "spec.targets[0].code[0].source.rego"
	}
	return "spec.targets[0].rego"
}
