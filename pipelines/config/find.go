package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// find is the value of a field and its line, which is that of its key where it has one; where the file does not have the
// field, those of the field around it.
func find(node *yaml.Node, line int, field string) (*yaml.Node, int) {
	if field == "" {
		return node, line
	}
	switch node.Kind {
	case yaml.DocumentNode:
		return find(node.Content[0], line, field)
	case yaml.AliasNode:
		return find(node.Alias, line, field)
	case yaml.MappingNode:
		if key, value, rest := entry(node, field); value != nil {
			return find(value, key.Line, rest)
		}
	case yaml.SequenceNode:
		for i, value := range node.Content {
			if rest, ok := strings.CutPrefix(field, fmt.Sprintf("[%d]", i)); ok {
				return find(value, value.Line, strings.TrimPrefix(rest, "."))
			}
		}
	}
	return node, line
}

// entry is the entry of a mapping that a field begins with, and the rest of the field. A key may have dots and brackets in
// it: the longest that fits is meant.
func entry(mapping *yaml.Node, field string) (key, value *yaml.Node, rest string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		after, ok := strings.CutPrefix(field, mapping.Content[i].Value)
		if ok && (after == "" || strings.ContainsAny(after[:1], ".[")) && (key == nil || len(mapping.Content[i].Value) > len(key.Value)) {
			key, value, rest = mapping.Content[i], mapping.Content[i+1], strings.TrimPrefix(after, ".")
		}
	}
	return key, value, rest
}
