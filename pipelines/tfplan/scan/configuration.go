package scan

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan/source"
)

// suppression matches what tells a scanner to be silent about a line or a block.
var suppression = regexp.MustCompile(`(?i)\b(checkov:skip|bridgecrew:skip|tfsec:ignore|trivy:ignore|terrascan:skip|kics-scan|pragma:\s*allowlist|nosec|gitleaks:\s*allow)\b\S*`)

// settings are the files by which scanners are told what to be silent about.
var settings = []string{".checkov.yaml", ".checkov.yml", ".checkov.baseline", ".trivyignore", ".trivyignore.yaml", "trivy.yaml", ".secrets.baseline"}

// texts are the endings of what is Terraform's in a folder.
var texts = []string{".tf", ".tofu", ".tfvars", ".hcl", ".json"}

// Texts names the files of a folder that are Terraform's, but not what it downloaded.
func Texts(files fs.FS) ([]string, error) {
	names, err := list(files)
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(texts, path.Ext(name)) }), err
}

// list names all files of a folder but those that no person wrote.
func list(files fs.FS) (names []string, err error) {
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".terraform" || entry.Name() == ".git"):
			return fs.SkipDir
		case !entry.IsDir():
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// Suppressions are remarks about what in the source would have kept a scanner silent. It is not obeyed: what is accepted
// stands in the policy, with a reason and for a while.
func Suppressions(files fs.FS) (remarks []acceptance.Remark, err error) {
	names, err := list(files)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if slices.Contains(settings, path.Base(name)) {
			remarks = append(remarks, suppressed(name, 0, "the settings of a scanner"))
		}
		if !slices.Contains(texts, path.Ext(name)) {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		line := 0
		for content := range strings.Lines(string(text)) {
			line++
			if found := suppression.FindString(content); found != "" {
				remarks = append(remarks, suppressed(name, line, strings.TrimRight(found, ":")))
			}
		}
	}
	return remarks, nil
}

func suppressed(file string, line int, what string) acceptance.Remark {
	return acceptance.Remark{Object: file, Finding: finding.Finding{
		Tool: "esteira", Rule: "suppression", Severity: finding.Medium, Location: finding.Location{File: file, Line: line},
		Message: fmt.Sprintf("%s is not obeyed: have it accepted in %s by rule and address, with a reason and an end", what, acceptance.File),
	}}
}

// secretName matches the names of variables that hold secrets.
var secretName = regexp.MustCompile(`(?i)(^|_)(password|passwd|passphrase|secret|token|credentials?|sas|connection_string|(api|access|account|private|shared|storage|client|encryption)_?(key|secret))$`)

// Defaults are remarks about variables whose default is a secret: by their names, or because they are called sensitive.
func Defaults(variables []source.Variable) (remarks []acceptance.Remark) {
	for _, v := range variables {
		if !v.Sensitive && !secretName.MatchString(v.Name) {
			continue
		}
		remarks = append(remarks, acceptance.Remark{Object: v.Module + ": var." + v.Name, Finding: finding.Finding{
			Tool: "esteira", Rule: "secret-default", Severity: finding.Critical, Location: v.Location,
			Message: fmt.Sprintf("the default of variable %q is a secret in plain words: give it no default, take its value from a vault, and change the secret", v.Name),
		}})
	}
	return remarks
}
