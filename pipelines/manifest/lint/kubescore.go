package lint

import (
	"encoding/json"
	"fmt"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// The grades of kube-score that are worth a word; above them all is well.
const (
	gradeCritical = 1
	gradeWarning  = 5
)

// KubeScore reads what `kube-score score --output-format json` printed of a root.
func KubeScore(output []byte, root string) (Conformed, error) {
	var objects []scored
	if err := json.Unmarshal(output, &objects); err != nil {
		return Conformed{}, fmt.Errorf("kube-score: %w: it begins with %q", err, beginning(output))
	}
	conformed := Conformed{Judged: len(objects)}
	for _, o := range objects {
		conformed.Remarks = append(conformed.Remarks, o.remarks(root)...)
	}
	return conformed, nil
}

type scored struct {
	TypeMeta struct {
		Kind       string `json:"kind"`
		APIVersion string `json:"apiVersion"`
	} `json:"type_meta"`
	ObjectMeta struct{ Name, Namespace string } `json:"object_meta"`
	Checks     []struct {
		Check    struct{ ID, Name string }
		Grade    int
		Skipped  bool
		Comments []struct{ Path, Summary, Description string }
	}
}

func (s scored) remarks(root string) []manifest.Remark {
	var remarks []manifest.Remark
	for _, check := range s.Checks {
		if check.Skipped || check.Grade > gradeWarning {
			continue
		}
		remark := manifest.Remark{
			Tool: "kube-score", Rule: check.Check.ID, Severity: finding.Medium, Root: root, Message: check.Check.Name,
			Object: manifest.Object{
				APIVersion: s.TypeMeta.APIVersion, Kind: s.TypeMeta.Kind, Namespace: s.ObjectMeta.Namespace, Name: s.ObjectMeta.Name,
			},
		}
		if check.Grade <= gradeCritical {
			remark.Severity = finding.High
		}
		if len(check.Comments) == 0 {
			remarks = append(remarks, remark)
		}
		for _, c := range check.Comments {
			said := remark
			said.Message = c.Summary
			if c.Path != "" {
				said.Message = c.Path + ": " + c.Summary
			}
			remarks = append(remarks, said)
		}
	}
	return remarks
}

func beginning(output []byte) string { return string(output[:min(len(output), 60)]) }
