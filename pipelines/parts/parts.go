// Package parts reads what third-party parts of a cluster are pinned to (parts.yaml), takes their manifests from Go
// modules where there is no internet, and compares what their addresses give with the pins where there is.
package parts

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// Version is that of the files that this package reads.
const Version = 1

// Pins is what parts.yaml says.
type Pins struct {
	Version int    `yaml:"version"`
	Parts   []Part `yaml:"parts"`
	// name is what errors call the file.
	name string
}

// Part is software of others that runs in the cluster.
type Part struct {
	Name      Text       `yaml:"name"`
	Version   string     `yaml:"version"`
	Module    Module     `yaml:"module"`
	Manifests []Manifest `yaml:"manifests"`
}

// Module is the Go module that has a part's files.
type Module struct {
	Path    string `yaml:"path"`
	Version string `yaml:"version"`
	// Sum is the module's hash (h1:…, as in go.sum) where Go's checksum database does not know the module; it is then asked
	// of nobody else. Empty leaves the question to the database.
	Sum string `yaml:"sum"`
}

// String is path@version, as the go command writes it.
func (m Module) String() string { return m.Path + "@" + m.Version }

// Manifest is a file that a kustomization takes from an address.
type Manifest struct {
	Address Text `yaml:"address"`
	// SHA256 is that of the address' content.
	SHA256 Text `yaml:"sha256"`
	// File is where the module has the very same content; where it has not, Instead says what stands in offline.
	File    Text     `yaml:"file"`
	Instead *Instead `yaml:"instead"`
}

// Holds says how much of a part stands in for it.
type Holds string

// What may stand in for a part.
const (
	HoldsAll  Holds = "all"
	HoldsCRDs Holds = "crds"
)

// Instead is what stands in where the module has not the manifest itself.
type Instead struct {
	// Version is the part's where it is another one.
	Version string `yaml:"version"`
	Holds   Holds  `yaml:"holds"`
	Because string `yaml:"because"`
	Files   []File `yaml:"files"`
}

// File is a file of a module.
type File struct {
	Path   Text `yaml:"path"`
	SHA256 Text `yaml:"sha256"`
}

// Text is a value and its line, from 1; 0 where the file does not have it.
type Text struct {
	Value string
	Line  int
}

// UnmarshalYAML keeps the line.
func (t *Text) UnmarshalYAML(node *yaml.Node) error {
	t.Line = node.Line
	return node.Decode(&t.Value)
}

func (t Text) String() string { return t.Value }

// Read reads pins strictly; name is what errors call the file. All that is wrong is said at once, each a *manifest.FileError.
func Read(name string, text []byte) (Pins, error) {
	pins := Pins{name: name}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&pins); err != nil {
		return Pins{}, unreadable(name, err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return Pins{}, &manifest.FileError{File: name, Line: second.Line, Reason: "there is a second document: put all into one"}
	}
	if err := pins.check(); err != nil {
		return Pins{}, err
	}
	return pins, nil
}

var (
	// saidOfLine is how the YAML library begins what it says of a line.
	saidOfLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	// unknownKey is how it says that nothing is read from a key.
	unknownKey = regexp.MustCompile(`^field (.*) not found in type .*$`)
)

// unreadable is the YAML library's error, each complaint with its file and line.
func unreadable(name string, err error) error {
	if errors.Is(err, io.EOF) {
		return &manifest.FileError{File: name, Reason: "it is empty: it begins with version: 1"}
	}
	complaints := []string{err.Error()}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		complaints = several.Errors
	}
	var all []error
	for _, complaint := range complaints {
		wrong := &manifest.FileError{File: name, Reason: complaint}
		if parts := saidOfLine.FindStringSubmatch(complaint); parts != nil {
			wrong.Line, _ = strconv.Atoi(parts[1])
			wrong.Reason = unknownKey.ReplaceAllString(parts[2], "unknown key $1: see the head of the file for what there is")
		}
		all = append(all, wrong)
	}
	return errors.Join(all...)
}
