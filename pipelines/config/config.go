// Package config reads esteira.yaml: what there is in a repository, who owns it, and what is asked of it. It is read
// strictly, so that a misspelt key is an error and not a threshold that nobody checks. Its JSON Schema is
// docs/schema/esteira.schema.json.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	yamlv3 "go.yaml.in/yaml/v3"
	strictjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/attestation"
	cost "github.com/esteira/esteira/pipelines/cost/policy"
	delivery "github.com/esteira/esteira/pipelines/delivery/policy"
	"github.com/esteira/esteira/pipelines/gate/policy"
	promotion "github.com/esteira/esteira/pipelines/release/policy"
	"github.com/esteira/esteira/pipelines/vulnerability"
)

// Version is that of the files that this package reads.
const Version = 1

// Config is what esteira.yaml says.
type Config struct {
	Version    int         `json:"version"`
	Components []Component `json:"components,omitempty"`
	// Everything are files and folders that every component stands on.
	Everything []string `json:"everything,omitempty"`
	// Unowned are files and folders that no component's stages look at.
	Unowned []Unowned `json:"unowned,omitempty"`
	// Gate is the policy for models; nil where the file has none.
	Gate *policy.Policy `json:"gate,omitempty"`
	// Training has the defaults of a training run; nil where the file has none.
	Training *Training `json:"training,omitempty"`
	// Cost is what infrastructure may cost; nil where the file does not say.
	Cost *cost.Policy `json:"cost,omitempty"`
	// Security is the policy for what is delivered; its zero value has the defaults.
	Security Security `json:"security,omitzero"`
	// Environments are GitHub's.
	Environments []Environment `json:"environments,omitempty"`
	// Delivery is how fast it has to be; nil where the file does not say.
	Delivery *delivery.Policy `json:"delivery,omitempty"`
	// Promotion is what is asked of a promotion; nil where the file does not say, and nothing can be promoted.
	Promotion *promotion.Policy `json:"promotion,omitempty"`
}

// Security says what is asked of what is delivered.
type Security struct {
	Vulnerabilities vulnerability.Policy `json:"vulnerabilities,omitzero"`
	Provenance      attestation.Policy   `json:"provenance,omitzero"`
}

// Training has the defaults of a training run.
type Training struct {
	Dataset   string `json:"dataset"`
	Estimator string `json:"estimator"`
	// Parameters are the estimator's own; what there is and what it may be, only the training knows.
	Parameters map[string]any `json:"parameters,omitempty"`
	Folds      int            `json:"folds"`
	Seed       int            `json:"seed"`
}

// Error is something in the file that cannot be meant.
type Error struct {
	File string
	// Line counts from 1; 0 if it is about the file as a whole.
	Line int
	// Field is the path of the field, such as gate.slices.proof[1].margin; empty if it is about the file as a whole.
	Field  string
	Reason string
}

func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d", e.Line)
	}
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Reason
}

// ReadFile reads and checks a file.
func ReadFile(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	return Parse(path, text)
}

// Parse reads and checks the text of a file; name is what errors call it. What is wrong with its content is an *Error.
func Parse(name string, text []byte) (Config, error) {
	file := file{name: name}
	if err := file.parse(text); err != nil {
		return Config{}, err
	}
	var config Config
	if err := file.decode(text, &config); err != nil {
		return Config{}, err
	}
	return config, config.check(&file)
}

// Line is the line of a field in the text of a file that Parse has read, or of what is around it.
func Line(text []byte, field string) int {
	file := file{}
	if err := file.parse(text); err != nil {
		return 0
	}
	return file.wrong(field, "").Line
}

// file is one to be read, whose nodes know their lines.
type file struct {
	name string
	root yamlv3.Node
}

// wrong is an error about a field, with its line.
func (f *file) wrong(field, reason string) *Error {
	_, line := find(&f.root, 1, field)
	return &Error{File: f.name, Line: line, Field: field, Reason: reason}
}

// parse makes sure that the text is one YAML document, and not two of which the second would go unread.
func (f *file) parse(text []byte) error {
	decoder := yamlv3.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&f.root)
	if errors.Is(err, io.EOF) {
		return &Error{File: f.name, Reason: "it is empty: it begins with version: 1"}
	}
	if err != nil {
		return &Error{File: f.name, Reason: err.Error()}
	}
	var second yamlv3.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return &Error{File: f.name, Line: second.Line, Reason: "there is a second document: put all into one"}
	}
	return nil
}

// decode fills the configuration, and refuses keys that are unknown, written in another case, or there twice.
func (f *file) decode(text []byte, into *Config) error {
	converted, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return &Error{File: f.name, Reason: err.Error()}
	}
	unknown, err := strictjson.UnmarshalStrict(converted, into)
	if err != nil {
		return f.mistyped(err)
	}
	if len(unknown) == 0 {
		return nil
	}
	var field strictjson.FieldError
	if !errors.As(unknown[0], &field) {
		return &Error{File: f.name, Reason: unknown[0].Error()}
	}
	path := field.FieldPath()
	return f.wrong(path, f.value(path)+" is unknown: see docs/schema/esteira.schema.json for what there is")
}

// mistyped is the error of a value of another type than its field's.
func (f *file) mistyped(err error) error {
	var mistyped *json.UnmarshalTypeError
	if !errors.As(err, &mistyped) {
		return &Error{File: f.name, Reason: err.Error()}
	}
	return f.wrong(mistyped.Field, fmt.Sprintf("%s is a %s: want a value of type %s", f.value(mistyped.Field), mistyped.Value, mistyped.Type))
}

// value is what the file has for a field, where that is one value.
func (f *file) value(field string) string {
	node, _ := find(&f.root, 1, field)
	if node.Kind != yamlv3.ScalarNode {
		return "it"
	}
	return fmt.Sprintf("%q", node.Value)
}
