// Package lint reads what kubeconform, kubeval and kube-score print, as remarks about objects.
package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// Conformed is what kubeconform said of some files.
type Conformed struct {
	Remarks []manifest.Remark
	// Judged counts the objects that it looked at, Skipped those that it passed over.
	Judged, Skipped int
}

// Kubeconform reads what `kubeconform -output json -summary` printed. root says which root a file belongs to.
func Kubeconform(output []byte, root func(file string) string) (Conformed, error) {
	var said struct {
		Resources []resource
		Summary   *struct{ Valid, Invalid, Errors, Skipped int }
	}
	if err := json.Unmarshal(output, &said); err != nil {
		return Conformed{}, fmt.Errorf("kubeconform: %w: it begins with %q", err, beginning(output))
	}
	if said.Summary == nil {
		return Conformed{}, errors.New("kubeconform: no summary: call it with -output json -summary")
	}
	conformed := Conformed{
		Judged: said.Summary.Valid + said.Summary.Invalid + said.Summary.Errors, Skipped: said.Summary.Skipped,
	}
	for _, r := range said.Resources {
		conformed.Remarks = append(conformed.Remarks, r.remarks(root(r.Filename))...)
	}
	return conformed, nil
}

// resource is one that is not valid.
type resource struct {
	Filename, Kind, Name, Version, Status, Msg string
	ValidationErrors                           []struct{ Path, Msg string }
}

var (
	missingSchema   = regexp.MustCompile(`^could not find schema for `)
	additional      = regexp.MustCompile(`^additional properties (.+) not allowed$`)
	quoted          = regexp.MustCompile(`'([^']*)'`)
	missingProperty = regexp.MustCompile(`^missing propert(?:y|ies) (.+)$`)
	unmarshalling   = regexp.MustCompile(`^error unmarshalling resource: (?:error converting YAML to JSON: )?`)
)

func (r resource) remarks(root string) []manifest.Remark {
	base := manifest.Remark{
		Tool: "kubeconform", Severity: finding.High, Root: root,
		Object: manifest.Object{APIVersion: r.Version, Kind: r.Kind, Name: r.Name},
	}
	if r.Kind == "" && r.Name == "" {
		base.Object = manifest.Object{}
	}
	if missingSchema.MatchString(r.Msg) {
		return []manifest.Remark{unknown(base)}
	}
	if len(r.ValidationErrors) == 0 {
		base.Rule, base.Message = "unreadable", strings.Join(strings.Fields(unmarshalling.ReplaceAllString(r.Msg, "")), " ")
		return []manifest.Remark{base}
	}
	var remarks []manifest.Remark
	for _, e := range r.ValidationErrors {
		remarks = append(remarks, violation(base, e.Path, e.Msg)...)
	}
	return remarks
}

// violation is what one error of a schema says, in the words that people use: a remark a field.
func violation(base manifest.Remark, path, message string) []manifest.Remark {
	base.Field = path
	if fields := additional.FindStringSubmatch(message); fields != nil {
		var remarks []manifest.Remark
		for _, name := range quoted.FindAllStringSubmatch(fields[1], -1) {
			remark := base
			remark.Rule, remark.Message = "unknown-field", fmt.Sprintf("unknown field %q", name[1])
			remark.Field += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name[1])
			remarks = append(remarks, remark)
		}
		return remarks
	}
	base.Rule, base.Message = "schema", message
	if fields := missingProperty.FindStringSubmatch(message); fields != nil {
		base.Rule, base.Message = "missing-field", "it lacks "+strings.ReplaceAll(fields[1], "'", `"`)
	}
	return []manifest.Remark{base}
}

// unknown is the remark about an object that no schema is for: of an API that was removed, or of a kind that nobody
// described.
func unknown(base manifest.Remark) manifest.Remark {
	object := base.Object
	if gone, ok := removed[object.APIVersion+" "+object.Kind]; ok {
		base.Rule = "removed-api"
		base.Message = fmt.Sprintf("%s %s was removed in Kubernetes %s: %s", object.APIVersion, object.Kind, gone.release, gone.instead)
		return base
	}
	base.Rule = manifest.RuleUncovered
	base.Message = fmt.Sprintf("no schema covers %s %s: neither Kubernetes nor a CustomResourceDefinition here has it", object.APIVersion, object.Kind)
	return base
}

func beginning(output []byte) string { return string(output[:min(len(output), 60)]) }
