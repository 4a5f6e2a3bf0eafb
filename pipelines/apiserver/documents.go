package apiserver

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/manifest"
)

// Document is one object as it was rendered.
type Document struct {
	// Root is what it was rendered from, Line where it begins in that root's stream.
	Root   string
	Object manifest.Object
	Line   int
	// Content is the object as JSON.
	Content json.RawMessage
}

// Documents reads what somebody applies from the folder of what was rendered.
func Documents(rendered fs.FS, index manifest.Index) ([]Document, error) {
	var all []Document
	for _, root := range index.Roots {
		switch {
		case !root.Applied:
		case root.Stream == "":
			return nil, fmt.Errorf("%s does not render: nobody can apply it", root.Path)
		default:
			read, err := readRoot(rendered, root)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", root.Path, err)
			}
			all = append(all, read...)
		}
	}
	return all, nil
}

func readRoot(rendered fs.FS, root manifest.Root) ([]Document, error) {
	stream, err := fs.ReadFile(rendered, root.Stream)
	if err != nil {
		return nil, err
	}
	lines := bytes.SplitAfter(stream, []byte("\n"))
	var all []Document
	for i, object := range root.Objects {
		end := len(lines)
		if i+1 < len(root.Objects) {
			end = root.Objects[i+1].Line - 1
		}
		if object.Line < 1 || object.Line > end || end > len(lines) {
			return nil, fmt.Errorf("%s of %s cannot be in line %d: the stream has %d", object, root.Stream, object.Line, len(lines))
		}
		content, err := yaml.YAMLToJSON(bytes.Join(lines[object.Line-1:end], nil))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", root.Stream, object.Line, err)
		}
		all = append(all, Document{Root: root.Path, Object: object.Object, Line: object.Line, Content: content})
	}
	return all, nil
}

// namespace is where the object goes: what names no namespace goes into one that is its root's own.
func (d Document) namespace() string {
	return cmp.Or(d.Object.Namespace, fmt.Sprintf("root-%.4x", sha256.Sum256([]byte(d.Root))))
}

// key is equal for documents of one object.
func (d Document) key() string {
	return fmt.Sprintf("%s %s %s", d.Object.APIVersion, d.namespace(), d.Object)
}

// roots are those that the documents are from, in their order.
func roots(documents []Document) []string {
	var all []string
	for _, document := range documents {
		if len(all) == 0 || all[len(all)-1] != document.Root {
			all = append(all, document.Root)
		}
	}
	return all
}

func byRoot(documents []Document) map[string][]Document {
	all := map[string][]Document{}
	for _, document := range documents {
		all[document.Root] = append(all[document.Root], document)
	}
	return all
}

// Notes say what of the documents takes no part in a trial.
func Notes(documents []Document) []string {
	webhooks := 0
	for _, document := range documents {
		if kind := document.Object.Kind; kind == "MutatingWebhookConfiguration" || kind == "ValidatingWebhookConfiguration" {
			webhooks++
		}
	}
	if webhooks == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d webhook configurations are valid, and asked nothing: who answers them does not run here", webhooks)}
}
