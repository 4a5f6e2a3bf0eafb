package tfplan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/esteira/esteira/pipelines/report"
)

// Action is what a plan does to a resource, in one word.
type Action string

// The actions. Of what stays as it is, and of what is only read, there is none.
const (
	Created   Action = "created"
	Changed   Action = "changed"
	Replaced  Action = "replaced"
	Destroyed Action = "destroyed"
	// Forgotten is taken out of the state, and lives on without anybody who looks after it.
	Forgotten Action = "forgotten"
)

// Actions are all that there are, in the order in which a reviewer reads them: the worst first.
var Actions = []Action{Destroyed, Replaced, Forgotten, Changed, Created}

// ActionOf is what is done to a resource.
func ActionOf(actions tfjson.Actions) (Action, bool) {
	switch {
	case actions.Replace():
		return Replaced, true
	case actions.Delete():
		return Destroyed, true
	case actions.Create():
		return Created, true
	case actions.Update():
		return Changed, true
	case slices.Contains(actions, "forget"):
		return Forgotten, true
	}
	return "", false
}

// Summary is a plan in words for a reviewer: how many of each action there are, and the changes, the worst first.
// Sensitive values are masked in it.
func Summary(plan *tfjson.Plan) (counts map[Action]int, changes []report.Change) {
	counts = map[Action]int{}
	by := map[Action][]report.Change{}
	for _, resource := range plan.ResourceChanges {
		if action, acts := ActionOf(resource.Change.Actions); acts && resource.Mode == tfjson.ManagedResourceMode {
			counts[action]++
			by[action] = append(by[action], change(action, resource))
		}
	}
	for _, action := range Actions {
		changes = append(changes, by[action]...)
	}
	return counts, changes
}

// Counted is the counts in one line.
func Counted(counts map[Action]int) string {
	var parts []string
	for _, action := range slices.Backward(Actions) {
		if counts[action] > 0 || action != Forgotten {
			parts = append(parts, fmt.Sprintf("%d %s", counts[action], action))
		}
	}
	return strings.Join(parts, ", ")
}

// change is what is done to one resource.
func change(action Action, resource *tfjson.ResourceChange) report.Change {
	c := resource.Change
	described := report.Change{Title: fmt.Sprintf("%s %s (%s)", action, resource.Address, kindOf(resource))}
	if resource.PreviousAddress != "" {
		described.Title += ", was " + resource.PreviousAddress
	}
	switch action {
	case Created:
		described.Lines = essentials("+ ", c.After, c.AfterSensitive, c.AfterUnknown)
	case Destroyed, Forgotten:
		described.Lines = essentials("- ", c.Before, c.BeforeSensitive, nil)
	default:
		described.Lines = differences(leaves(c.Before, c.BeforeSensitive, nil), leaves(c.After, c.AfterSensitive, c.AfterUnknown), forcing(c.ReplacePaths))
	}
	return described
}

// kindOf is what a resource is: of azapi's the type of Azure with its version.
func kindOf(resource *tfjson.ResourceChange) string {
	for _, values := range []any{resource.Change.After, resource.Change.Before} {
		if kind, known := child(values, "type").(string); known && isAzure(resource.Type) {
			return kind
		}
	}
	return resource.Type
}

// essential are the attributes that say what a resource is, where it lies and what it costs.
var essential = []string{"body.kind", "body.properties.sku", "body.sku", "kind", "location", "name", "parent_id", "size", "sku"}

func essentials(prefix string, value, sensitive, notYet any) (lines []string) {
	for _, name := range essential {
		all := below(name, value, sensitive, notYet)
		for _, path := range slices.Sorted(maps.Keys(all)) {
			lines = append(lines, prefix+path+": "+all[path].shown)
		}
	}
	return lines
}

// computed are the attributes that only say what Azure answered: that they become unknown is no change that anybody made.
var computed = []string{"id", "output", "principal_id", "tenant_id"}

func isComputed(path string) bool {
	steps := strings.Split(path, ".")
	return slices.Contains(computed, steps[0]) || steps[0] == "identity" && slices.Contains(computed, steps[len(steps)-1])
}

// differences are the attributes that change, each with both values.
func differences(before, after map[string]leaf, forces map[string]bool) (lines []string) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		from, was := before[path]
		to, is := after[path]
		var line string
		switch {
		case was && is && from == to, isComputed(path):
			continue
		case !was:
			line = fmt.Sprintf("+ %s: %s", path, to.shown)
		case !is:
			line = fmt.Sprintf("- %s: %s", path, from.shown)
		default:
			line = fmt.Sprintf("%s: %s → %s", path, from.shown, to.shown)
		}
		if forces[path] {
			line += " (forces the replacement)"
		}
		lines = append(lines, line)
	}
	return lines
}

// forcing are the paths that force a replacement.
func forcing(paths []any) map[string]bool {
	forces := map[string]bool{}
	for _, steps := range paths {
		path := ""
		list, _ := steps.([]any)
		for _, step := range list {
			path = join(path, fmt.Sprint(step))
		}
		forces[path] = true
	}
	return forces
}
