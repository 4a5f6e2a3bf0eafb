package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/report"
)

// Case is what gator is to judge: the policies, each once, and the objects that they judge.
type Case struct {
	policies []placed
	objects  []placed
	// Remarks are what is wrong with policies, which gator is then not given.
	Remarks []manifest.Remark
}

// placed is an object and the root that it was rendered from.
type placed struct {
	Object
	root string
}

// NewCase sorts the objects of all roots. A policy that several roots have is given once; where they differ in it, nobody
// could say by which of them is to be judged, and that is an error.
func NewCase(roots []Root) (*Case, error) {
	c := &Case{}
	seen := map[manifest.Object]placed{}
	for _, root := range roots {
		for _, object := range root.Objects {
			one := placed{object, root.Name}
			if !object.policy() {
				c.objects = append(c.objects, one)
				continue
			}
			other, again := seen[object.Object]
			if again && other.JSON != object.JSON {
				return nil, fmt.Errorf("policy %s is one thing in %s and another in %s", object, other.root, root.Name)
			}
			if !again {
				seen[object.Object] = one
				c.policies = append(c.policies, one)
			}
		}
	}
	c.dropOrphans()
	return c, nil
}

// dropOrphans takes away the constraints whose kind no template makes.
func (c *Case) dropOrphans() {
	made := map[string]bool{}
	for _, policy := range c.policies {
		if policy.template() {
			made[policy.makes] = true
		}
	}
	c.drop(func(policy placed) bool { return policy.constraint() && !made[policy.Kind] }, func(orphan placed) manifest.Remark {
		return orphan.remark("constraint-without-template",
			fmt.Sprintf("no ConstraintTemplate makes the kind %s: %s judges nothing", orphan.Kind, orphan.Name), "")
	})
}

// drop takes away the policies that are bad, and says so of each. It reports whether there were any.
func (c *Case) drop(bad func(placed) bool, say func(placed) manifest.Remark) bool {
	before := len(c.policies)
	c.policies = slices.DeleteFunc(c.policies, func(policy placed) bool {
		if !bad(policy) {
			return false
		}
		c.Remarks = append(c.Remarks, say(policy))
		return true
	})
	return len(c.policies) < before
}

// remark is what is wrong with a policy.
func (p placed) remark(rule, message, field string) manifest.Remark {
	return manifest.Remark{
		Tool: "gator", Rule: rule, Severity: finding.High, Message: message, Root: p.root, Object: p.Object.Object, Field: field,
	}
}

// Said is all that there is to say of the case when gator has answered it.
func (c *Case) Said(output []byte) manifest.Said {
	remarks, err := c.Violations(output)
	said := manifest.Said{
		Remarks: append(c.Remarks, remarks...), Judged: len(c.objects),
		Facts: []report.Fact{{Name: "policies", Value: fmt.Sprintf("%d, of which %d constraints", len(c.policies), c.constraints())}},
	}
	switch {
	case err != nil:
		said.Undecided = err.Error()
	case c.constraints() == 0 && len(c.policies)+len(c.Remarks) > 0:
		said.Undecided = "there are policies and no constraint that uses them: nothing was judged"
	case c.constraints() == 0:
		said.Notes = []string{"there is no Gatekeeper policy in the folder: nothing was judged by one"}
	}
	return said
}

func (c *Case) constraints() int {
	count := 0
	for _, policy := range c.policies {
		if policy.constraint() {
			count++
		}
	}
	return count
}

// Input is the case for `gator test`: JSON, an object a line, because gator takes lines out of YAML that begin with #, and
// splits it where a text in it has ---.
func (c *Case) Input() string {
	var text strings.Builder
	for _, one := range slices.Concat(c.policies, c.objects) {
		text.WriteString(one.JSON + "\n---\n")
	}
	return text.String()
}
