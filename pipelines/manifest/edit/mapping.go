package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
)

// Merge brings a mapping from what it says of a struct's fields to what it is to say. Only what differs between the two
// structs is written: a value in its place, a new key after the last one. Keys that neither has are kept. Both are read by
// their JSON, whose order new keys have.
func (f *File) Merge(mapping *yaml.Node, from, to any) error {
	old, err := tree(from)
	if err != nil {
		return err
	}
	now, err := tree(to)
	if err != nil {
		return err
	}
	for _, root := range f.documents {
		if end, found := within(root, mapping, f.end(root)); found {
			return f.merge(mapping, old, now, end)
		}
	}
	return f.wrong(mapping, "this is no part of the file")
}

// tree is a value as YAML that keeps the order of its JSON.
func tree(v any) (*yaml.Node, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return next(decoder)
}

func next(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		if token == '{' {
			node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		}
		for decoder.More() {
			child, err := next(decoder)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		_, err := decoder.Token()
		return node, err
	case string:
		node := &yaml.Node{Kind: yaml.ScalarNode, Tag: Text, Value: token}
		if !plain(token) {
			node.Style = yaml.DoubleQuotedStyle
		}
		return node, nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: token.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: Bool, Value: fmt.Sprint(token)}, nil
	}
	return nil, errors.New("a null cannot be written")
}

// within is the line before which a node ends that is a part of another one, which ends before a line.
func within(node, part *yaml.Node, end int) (int, bool) {
	if node == part {
		return end, true
	}
	for i, child := range node.Content {
		until := end
		if i+1 < len(node.Content) {
			until = node.Content[i+1].Line
		}
		if found, known := within(child, part, until); known {
			return found, true
		}
	}
	return 0, false
}

// end is the line after the last one of a document.
func (f *File) end(root *yaml.Node) int {
	for line := root.Line + 1; line <= len(f.lines); line++ {
		text := string(f.text[f.lines[line-1]:])
		if strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
			return line
		}
	}
	return len(f.lines) + 1
}

// merge does it for a mapping that ends before a line.
func (f *File) merge(mapping, old, now *yaml.Node, end int) error {
	if mapping.Kind != yaml.MappingNode || mapping.Anchor != "" {
		return f.wrong(mapping, "want a mapping without an anchor")
	}
	for i := 0; i+1 < len(now.Content); i += 2 {
		key, value := now.Content[i].Value, now.Content[i+1]
		before := manifest.Child(old, key)
		if before != nil && differs(before, value) == nil {
			continue
		}
		if err := f.put(mapping, key, before, value, end); err != nil {
			return err
		}
	}
	for i := 0; i+1 < len(old.Content); i += 2 {
		if key := old.Content[i].Value; manifest.Child(now, key) == nil {
			if err := f.remove(mapping, key, end); err != nil {
				return err
			}
		}
	}
	return nil
}

// put gives a key of a mapping a value; before is what it had.
func (f *File) put(mapping *yaml.Node, key string, before, value *yaml.Node, end int) error {
	at := index(mapping, key)
	if at < 0 {
		return f.add(mapping, key, value, end)
	}
	found := mapping.Content[at+1]
	if found.Kind == yaml.ScalarNode && value.Kind == yaml.ScalarNode && found.ShortTag() != "!!null" {
		return f.Scalar(found, value.ShortTag(), value.Value)
	}
	until := f.entryEnd(mapping, at, end)
	if before != nil && mergeable(found, before, value) {
		return f.merge(found, before, value, until)
	}
	return f.replace(mapping, at, value, until)
}

// mergeable says whether a mapping can be changed key by key: one a line, or in braces where only values change.
func mergeable(found, before, value *yaml.Node) bool {
	if found.Kind != yaml.MappingNode || value.Kind != yaml.MappingNode || len(found.Content) == 0 || len(value.Content) == 0 {
		return false
	}
	if found.Style&yaml.FlowStyle == 0 {
		return true
	}
	if len(before.Content) != len(value.Content) {
		return false
	}
	for i := 0; i+1 < len(value.Content); i += 2 {
		at := index(found, value.Content[i].Value)
		if at < 0 || found.Content[at+1].Kind != yaml.ScalarNode || value.Content[i+1].Kind != yaml.ScalarNode {
			return false
		}
	}
	return true
}

func index(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// entryEnd is the line after the last one of an entry: comments and empty lines before the next key are that one's.
func (f *File) entryEnd(mapping *yaml.Node, at, end int) int {
	if at+2 < len(mapping.Content) && mapping.Content[at+2].Line > 0 { // what was added stands nowhere yet
		end = mapping.Content[at+2].Line
	}
	for end-1 > mapping.Content[at].Line {
		line := strings.TrimSpace(string(f.text[f.lines[end-2]:f.start(end)]))
		if line != "" && !strings.HasPrefix(line, "#") {
			break
		}
		end--
	}
	return end
}

// start is the offset at which a line starts, and that of the end for the one after the last.
func (f *File) start(line int) int {
	if line > len(f.lines) {
		return len(f.text)
	}
	return f.lines[line-1]
}

// entry is the indent of an entry that has its lines for itself.
func (f *File) entry(mapping *yaml.Node, at int) (indent string, err error) {
	key := mapping.Content[at]
	start, err := f.offset(key)
	if err != nil {
		return "", f.wrong(key, "%v", err)
	}
	indent, alone := f.indentOf(start)
	if mapping.Style&yaml.FlowStyle != 0 || !alone || key.Anchor != "" || key.Kind != yaml.ScalarNode {
		return "", f.wrong(key, "%s can't be edited safely: write a key a line here", key.Value)
	}
	if at+2 < len(mapping.Content) && mapping.Content[at+2].Line == key.Line {
		return "", f.wrong(key, "%s can't be edited safely: write a key a line here", key.Value)
	}
	return indent, anchors(f, mapping.Content[at+1])
}

// anchors is an error for an anchor or an alias in what is to be replaced.
func anchors(f *File, node *yaml.Node) error {
	if node.Anchor != "" || node.Kind == yaml.AliasNode {
		return f.wrong(node, "an anchor or an alias stands in what is to be replaced: write it out")
	}
	for _, child := range node.Content {
		if err := anchors(f, child); err != nil {
			return err
		}
	}
	return nil
}

// replace puts a new value in the place of an entry's, and keeps the comment on the key's line.
func (f *File) replace(mapping *yaml.Node, at int, value *yaml.Node, until int) error {
	indent, err := f.entry(mapping, at)
	if err != nil {
		return err
	}
	key, old := mapping.Content[at], mapping.Content[at+1]
	comment := key.LineComment
	if old.Line == key.Line && comment == "" {
		comment = old.LineComment
	}
	text, err := f.render(indent, key.Value, comment, value)
	if err != nil {
		return err
	}
	if !f.endsLine(f.start(until)) {
		text = strings.TrimSuffix(text, f.newline)
	}
	f.edits = append(f.edits, edit{f.start(key.Line), f.start(until), text})
	mapping.Content[at+1] = value
	return nil
}

// add appends a key after the last one.
func (f *File) add(mapping *yaml.Node, key string, value *yaml.Node, end int) error {
	if len(mapping.Content) == 0 {
		return f.wrong(mapping, "there is no key yet beside which %s could stand: write one", key)
	}
	last := len(mapping.Content) - 2
	for i := last; i >= 0; i -= 2 { // what this has added itself stands nowhere yet
		if mapping.Content[i].Line > 0 {
			last = i
			break
		}
	}
	indent, err := f.indented(mapping, last)
	if err != nil {
		return err
	}
	until := f.start(f.entryEnd(&yaml.Node{Content: mapping.Content[:last+2]}, last, end))
	text, err := f.render(indent, key, "", value)
	if err != nil {
		return err
	}
	if !f.endsLine(until) {
		text = f.newline + strings.TrimSuffix(text, f.newline) // the file ends without a line's end, and so it stays
	}
	f.edits = append(f.edits, edit{until, until, text})
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: Text, Value: key}, value)
	return nil
}

// endsLine says whether a line ends before an offset. The last one of a file may not, and then keeps to that.
func (f *File) endsLine(offset int) bool {
	return offset == 0 || strings.ContainsRune("\r\n", rune(f.text[offset-1]))
}

// indented is the indent of a key, beside which another is to stand.
func (f *File) indented(mapping *yaml.Node, at int) (string, error) {
	key := mapping.Content[at]
	start, err := f.offset(key)
	if err != nil {
		return "", f.wrong(key, "%v", err)
	}
	indent, alone := f.indentOf(start)
	if mapping.Style&yaml.FlowStyle != 0 || !alone {
		return "", f.wrong(key, "nothing can be added safely beside %s: write a key a line here", key.Value)
	}
	return indent, nil
}

// remove takes an entry away.
func (f *File) remove(mapping *yaml.Node, key string, end int) error {
	at := index(mapping, key)
	if at < 0 {
		return nil
	}
	if _, err := f.entry(mapping, at); err != nil {
		return err
	}
	line := mapping.Content[at].Line
	f.edits = append(f.edits, edit{f.start(line), f.start(f.entryEnd(mapping, at, end)), ""})
	mapping.Content = append(mapping.Content[:at:at], mapping.Content[at+2:]...)
	return nil
}

// render is an entry as text, with the file's line ends.
func (f *File) render(indent, key, comment string, value *yaml.Node) (string, error) {
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: Text, Value: key}
	if !plain(key) {
		name.Style = yaml.DoubleQuotedStyle
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{name, value}}), encoder.Close()); err != nil {
		return "", err
	}
	var text strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
		text.WriteString(indent + line)
		if i == 0 && comment != "" {
			text.WriteString(" " + comment)
		}
		text.WriteString(f.newline)
	}
	return text.String(), nil
}
