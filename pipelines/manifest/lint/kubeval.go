package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// evaluated is what kubeval says of one document. It does not say its name.
type evaluated struct {
	Filename, Kind, Status string
	Errors                 []string
}

// Kubeval reads what `kubeval --strict --ignore-missing-schemas --output json` printed. root says which root a file belongs
// to. Documents are told by their order, which is that of the root's objects.
func Kubeval(output []byte, root func(file string) manifest.Root) (Conformed, error) {
	text, complaints := bytes.TrimSpace(output), []string(nil)
	for bytes.HasPrefix(text, []byte("WARN")) || bytes.HasPrefix(text, []byte("ERR")) {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if complaint, is := strings.CutPrefix(string(line), "ERR  - "); is {
			complaints = append(complaints, complaint)
		}
		text = bytes.TrimSpace(rest)
	}
	var results []evaluated
	if err := json.Unmarshal(text, &results); err != nil {
		return Conformed{}, fmt.Errorf("kubeval: %w: it begins with %q", err, beginning(text))
	}
	conformed, at := Conformed{}, map[string]int{}
	for _, complaint := range complaints {
		conformed.Remarks = append(conformed.Remarks, complained(complaint, root))
	}
	for _, result := range results {
		if result.Kind == "" {
			continue // an empty document
		}
		remarks, err := result.remarks(root(result.Filename), at[result.Filename])
		if err != nil {
			return Conformed{}, err
		}
		at[result.Filename]++
		conformed.Judged++
		conformed.Remarks = append(conformed.Remarks, remarks...)
	}
	return conformed, nil
}

// remarks are those about the document at a place in its root, from 0.
func (e evaluated) remarks(root manifest.Root, at int) ([]manifest.Remark, error) {
	if at >= len(root.Objects) || root.Objects[at].Kind != e.Kind {
		return nil, fmt.Errorf("kubeval: document %d of %s is a %s to it, and something else to us", at+1, e.Filename, e.Kind)
	}
	base := manifest.Remark{Tool: "kubeval", Severity: finding.High, Root: root.Path, Object: root.Objects[at].Object}
	switch e.Status {
	case "valid":
		return nil, nil
	case "skipped":
		return []manifest.Remark{unknown(base)}, nil
	case "invalid":
	default:
		return nil, fmt.Errorf("kubeval: status %q of %s is neither valid, invalid nor skipped", e.Status, e.Filename)
	}
	var remarks []manifest.Remark
	for _, message := range e.Errors {
		remarks = append(remarks, evaluation(base, message))
	}
	return remarks, nil
}

var (
	notAllowed = regexp.MustCompile(`Additional property (\S+) is not allowed$`)
	isRequired = regexp.MustCompile(`: (\S+) is required$`)
)

// evaluation is one error. Kubeval says where an unknown field is by its name alone.
func evaluation(base manifest.Remark, message string) manifest.Remark {
	base.Rule = "schema"
	field, said, found := strings.Cut(message, ": ")
	base.Message = said
	if !found {
		base.Message = message
		return base
	}
	if name := notAllowed.FindStringSubmatch(message); name != nil {
		base.Rule, base.Message = "unknown-field", fmt.Sprintf("unknown field %q", name[1])
		return base
	}
	if isRequired.MatchString(message) {
		base.Rule = "missing-field"
	}
	if field != "(root)" {
		base.Field = "/" + strings.ReplaceAll(field, ".", "/")
	}
	return base
}

// complained is an error about a whole file, which kubeval says nothing else of.
func complained(complaint string, root func(string) manifest.Root) manifest.Remark {
	remark := manifest.Remark{Tool: "kubeval", Rule: "unreadable", Severity: finding.High, Message: complaint}
	for word := range strings.FieldsSeq(complaint) {
		if r := root(strings.TrimSuffix(word, ":")); r.Path != "" {
			remark.Root = r.Path
		}
	}
	return remark
}

// Disagreements say of which objects one tool complains and the other does not.
func Disagreements(kubeval, kubeconform []manifest.Remark) []string {
	theirs, ours := complaints(kubeval), complaints(kubeconform)
	var notes []string
	for name := range theirs {
		if !ours[name] {
			notes = append(notes, "kubeval and kubeconform disagree: only kubeval complains of "+name)
		}
	}
	for name := range ours {
		if !theirs[name] {
			notes = append(notes, "kubeval, which is no longer maintained, and kubeconform disagree: only kubeconform complains of "+name)
		}
	}
	slices.Sort(notes)
	return notes
}

func complaints(remarks []manifest.Remark) map[string]bool {
	named := map[string]bool{}
	for _, r := range remarks {
		named[fmt.Sprintf("%s in %s", r.Object, r.Root)] = true
	}
	return named
}
