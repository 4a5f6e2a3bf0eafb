package parts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

// Folder says what is in a folder of manifests that stand in for their addresses.
type Folder struct {
	// Files has the paths in the folder by the address that they stand in for.
	Files map[string][]string `json:"files"`
	// Notes say what is another version, or a part alone, of what the cluster will get.
	Notes []string `json:"notes"`
	// Wrong is what the file of pins cannot mean, and what is not as it was pinned.
	Wrong []finding.Finding `json:"wrong,omitempty"`
}

// Index is the file that describes a Folder in it.
const Index = "parts.json"

// Local writes the manifests into a folder, out of the folders of their modules. A file that is not what its pin says is an
// *manifest.FileError, and there all the same, so that nothing else is said of it; all errors are said at once.
func (p Pins) Local(modules map[Module]string, into string) (Folder, error) {
	folder := Folder{Files: map[string][]string{}, Notes: p.Notes()}
	var all []error
	for _, part := range p.Parts {
		for _, manifest := range part.Manifests {
			for _, file := range manifest.files() {
				name := path.Join(part.Name.Value, file.Path.Value)
				content, err := p.take(part, file, modules[part.Module])
				all = append(all, err)
				if content == nil {
					continue
				}
				if err := write(filepath.Join(into, name), content); err != nil {
					return Folder{}, err
				}
				folder.Files[manifest.Address.Value] = append(folder.Files[manifest.Address.Value], name)
			}
		}
	}
	return folder, errors.Join(all...)
}

// Write writes Index.
func (f Folder) Write(into string) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return write(filepath.Join(into, Index), append(text, '\n'))
}

// Findings are the errors about a file of pins, and the other errors.
func Findings(err error) ([]finding.Finding, error) {
	var wrong *manifest.FileError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []finding.Finding
		var others []error
		for _, one := range joined.Unwrap() {
			findings, other := Findings(one)
			all, others = append(all, findings...), append(others, other)
		}
		return all, errors.Join(others...)
	}
	if !errors.As(err, &wrong) {
		return nil, err
	}
	return []finding.Finding{finding.Finding{
		Tool: "esteira", Rule: "part", Severity: finding.High, Message: wrong.Reason,
		Location: finding.Location{File: wrong.File, Line: wrong.Line},
	}.Identified()}, nil
}

// take is a file of a part's module, and an error where it is not what was pinned.
func (p Pins) take(part Part, file File, module string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(module, file.Path.Value))
	if errors.Is(err, os.ErrNotExist) {
		return nil, &manifest.FileError{File: p.name, Line: file.Path.Line, Reason: fmt.Sprintf("%s: %s has no %s", part.Name, part.Module, file.Path)}
	}
	if err != nil {
		return nil, err
	}
	if got := hash(content); got != file.SHA256.Value {
		return content, &manifest.FileError{File: p.name, Line: file.SHA256.Line, Reason: fmt.Sprintf("%s: %s of %s has the SHA-256 %s, want %s",
			part.Name, file.Path, part.Module, got, file.SHA256)}
	}
	return content, nil
}

func write(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}

// files are those of the module that are taken offline.
func (m Manifest) files() []File {
	if m.Instead != nil {
		return m.Instead.Files
	}
	return []File{{Path: m.File, SHA256: m.SHA256}}
}

// Notes say of which parts something else stands in offline.
func (p Pins) Notes() []string {
	notes := []string{}
	for _, part := range p.Parts {
		for _, manifest := range part.Manifests {
			if manifest.Instead != nil {
				notes = append(notes, part.standIn(*manifest.Instead))
			}
		}
	}
	return notes
}

func (p Part) standIn(instead Instead) string {
	what := p.Version
	if instead.Version != "" {
		what = instead.Version
	}
	if instead.Holds == HoldsCRDs {
		what = "the CRDs of " + what + " alone"
	}
	return fmt.Sprintf("%s %s: judged is %s: %s", p.Name, p.Version, what, instead.Because)
}

// Modules are those that manifests are taken from, each once.
func (p Pins) Modules() []Module {
	var modules []Module
	for _, part := range p.Parts {
		if !slices.Contains(modules, part.Module) {
			modules = append(modules, part.Module)
		}
	}
	return modules
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
