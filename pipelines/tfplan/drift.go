package tfplan

import (
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// RuleDrift is the rule of what was changed outside of code.
const RuleDrift = "drift"

// Drift remarks on what is not any more as the state has it: somebody changed it outside of code. The plan is one that asked
// what is there (a refresh).
func Drift(root string, plan *tfjson.Plan) (remarks []acceptance.Remark) {
	for _, resource := range plan.ResourceDrift {
		if resource == nil || resource.Change == nil {
			continue
		}
		message := "was destroyed"
		if !resource.Change.Actions.Delete() {
			c := resource.Change
			lines := differences(leaves(c.Before, c.BeforeSensitive, nil), leaves(c.After, c.AfterSensitive, nil), nil)
			if len(lines) == 0 {
				continue // only what Azure answers, such as a time
			}
			message = "differs: " + strings.Join(lines, "; ")
		}
		remarks = append(remarks, acceptance.Remark{Object: root + ":" + resource.Address, Finding: finding.Finding{
			Tool: "esteira", Rule: RuleDrift, Severity: finding.High,
			Message: fmt.Sprintf("%s in %s %s, outside of code: bring it back by an apply, or write it into the code", resource.Address, root, message),
		}})
	}
	return remarks
}
