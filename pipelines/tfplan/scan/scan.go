// Package scan decides what is weak in what a Terraform plan makes and in the source that it comes from: what checkov and
// conftest complain of, at the lines of the configuration, secrets in it, and what in it would have kept a tool silent.
package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan/source"
)

// Complaint is what a tool has against a planned resource.
type Complaint struct {
	// Root is the folder of the root module whose plan it is, Address that of the resource in it.
	Root, Address string
	// Field is where in the resource's block it is, such as body.properties.minimumTlsVersion, if the tool says so.
	Field    string
	Tool     string
	Rule     string
	Severity finding.Severity
	Message  string
	Help     string
	// Undecided says that the rule needs something that is not known before the plan is applied.
	Undecided bool
}

// Remarks are the complaints at their places in the source. What several roots share is one remark, which names them.
func Remarks(tree *source.Tree, complaints []Complaint) ([]acceptance.Remark, error) {
	type key struct {
		tool, rule, address, message string
		location                     finding.Location
	}
	at := map[key]int{}
	var remarks []acceptance.Remark
	var callers [][]string
	for _, c := range complaints {
		place, err := tree.Find(c.Root, c.Address, c.Field)
		if err != nil {
			return nil, err
		}
		k := key{c.Tool, c.Rule, c.Address, c.Message, place.Location}
		i, known := at[k]
		if !known {
			i = len(remarks)
			at[k] = i
			callers = append(callers, nil)
			remarks = append(remarks, acceptance.Remark{Object: c.Address, Finding: finding.Finding{
				Tool: c.Tool, Rule: c.Rule, Severity: c.Severity, Help: c.Help, Location: place.Location,
				Message: c.Address + ": " + c.Message,
			}})
		}
		if len(place.Calls) > 0 {
			callers[i] = append(callers[i], place.Calls[0].String())
		}
	}
	for i, from := range callers {
		if len(from) > 0 {
			slices.Sort(from)
			remarks[i].Finding.Message += ", called at " + strings.Join(slices.Compact(from), ", ")
		}
	}
	slices.SortFunc(remarks, inOrder)
	return remarks, nil
}

// inOrder is by file, line, rule and object.
func inOrder(a, b acceptance.Remark) int {
	x, y := a.Finding, b.Finding
	return cmp.Or(
		cmp.Compare(x.Severity.Rank(), y.Severity.Rank()), cmp.Compare(x.Location.File, y.Location.File),
		cmp.Compare(x.Location.Line, y.Location.Line), cmp.Compare(x.Rule, y.Rule), cmp.Compare(a.Object, b.Object),
	)
}

// Undecided says which rules could not decide, or nothing.
func Undecided(complaints []Complaint) string {
	if len(complaints) == 0 {
		return ""
	}
	first := complaints[0]
	text := fmt.Sprintf("%s cannot decide about %s in %s: %s", first.Rule, first.Address, first.Root, first.Message)
	if more := len(complaints) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// Unjudged are complaints about resources that no rule of ours knows, because another provider makes them. What is nothing
// in a cloud, such as a random name, is none.
func Unjudged(root string, addresses []string) (complaints []Complaint) {
	for _, address := range addresses {
		kind := kindOf(address)
		if slices.ContainsFunc(local, func(prefix string) bool { return strings.HasPrefix(kind, prefix) }) {
			continue
		}
		complaints = append(complaints, Complaint{
			Root: root, Address: address, Tool: "esteira", Rule: "unjudged", Severity: finding.Medium,
			Message: fmt.Sprintf("no rule judges a %s: describe it as an azapi_resource", kind),
		})
	}
	return complaints
}

// local begin the types that are nothing outside of Terraform's state.
var local = []string{"random_", "time_", "null_", "terraform_data"}

// kindOf is the type in an address: what stands before the last name, without its module and index.
func kindOf(address string) string {
	if at := strings.LastIndex(address, "["); at > 0 && strings.HasSuffix(address, "]") {
		address = address[:at]
	}
	parts := strings.Split(address, ".")
	return parts[max(0, len(parts)-2)]
}
