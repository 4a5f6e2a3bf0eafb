package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is one document of a YAML stream.
type Document struct {
	Object
	// Line is that of its first key, from 1.
	Line int
	Node *yaml.Node
}

// FileError is what is wrong in a file, and where.
type FileError struct {
	File string
	// Line counts from 1; 0 where it isn't known.
	Line   int
	Reason string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Reason
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
}

var (
	yamlLine  = regexp.MustCompile(`line (\d+): (.*)`)
	indentTab = regexp.MustCompile(`(?m)^ *\t`)
)

// Documents reads a YAML stream strictly: a key that stands twice is an error. Documents without content are left out.
// What is wrong is a *FileError.
func Documents(file string, text []byte) ([]Document, error) {
	var documents []Document
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, explainYAML(file, text, err)
		}
		if err := twice(file, &node); err != nil {
			return nil, err
		}
		if len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
			continue
		}
		documents = append(documents, document(node.Content[0]))
	}
}

// explainYAML says where a stream doesn't parse; of a tab it says that it is one, which the parser does not.
func explainYAML(file string, text []byte, err error) error {
	wrong := &FileError{File: file, Reason: strings.TrimPrefix(err.Error(), "yaml: ")}
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		wrong.Line, _ = strconv.Atoi(found[1])
		wrong.Reason = found[2]
	}
	if at := indentTab.FindIndex(text); at != nil {
		wrong.Line = 1 + bytes.Count(text[:at[0]], []byte("\n"))
		wrong.Reason = "a tab indents this line: YAML takes spaces alone"
	}
	wrong.Reason = "it is no YAML: " + wrong.Reason
	return wrong
}

// twice is an error for the first key that stands twice in its mapping.
func twice(file string, node *yaml.Node) error {
	seen := map[string]int{}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode {
			if first, known := seen[child.Value]; known {
				return &FileError{file, child.Line, fmt.Sprintf("the key %q stands in line %d already", child.Value, first)}
			}
			seen[child.Value] = child.Line
		}
		if err := twice(file, child); err != nil {
			return err
		}
	}
	return nil
}

func document(node *yaml.Node) Document {
	metadata := Child(node, "metadata")
	return Document{
		Object: Object{
			APIVersion: scalar(node, "apiVersion"), Kind: scalar(node, "kind"),
			Namespace: scalar(metadata, "namespace"), Name: scalar(metadata, "name"),
		},
		Line: node.Line, Node: node,
	}
}

// Child is the value of a mapping's key, or nil.
func Child(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func scalar(node *yaml.Node, key string) string {
	if child := Child(node, key); child != nil && child.Kind == yaml.ScalarNode {
		return child.Value
	}
	return ""
}
