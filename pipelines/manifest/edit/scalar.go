package edit

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Tags of scalars that are written.
const (
	Text = "!!str"
	Bool = "!!bool"
)

// Scalar gives a scalar another value of the tag. It is written as the old one was, plain or in the same quotes, where that
// says the same. An anchor, an alias, a block of text and a plain text of several lines are refused.
func (f *File) Scalar(node *yaml.Node, tag, value string) error {
	if node == nil || node.Kind != yaml.ScalarNode {
		return f.wrong(orRoot(node), "this is no single value: want one")
	}
	if node.Value == value && node.ShortTag() == tag {
		return nil
	}
	start, end, err := f.scalarSpan(node)
	if err != nil {
		return err
	}
	f.edits = append(f.edits, edit{start, end, written(node.Style, tag, value)})
	node.Value, node.Tag = value, tag
	return nil
}

// orRoot is a node that an error can be about where there is none.
func orRoot(node *yaml.Node) *yaml.Node {
	if node == nil {
		return &yaml.Node{}
	}
	return node
}

// scalarSpan is where the text of a scalar stands, quotes included.
func (f *File) scalarSpan(node *yaml.Node) (start, end int, err error) {
	switch {
	case node.Anchor != "":
		return 0, 0, f.wrong(node, "the value has the anchor &%s, and others may mean it: write it out", node.Anchor)
	case node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 0, 0, f.wrong(node, "the value is a block of text: write it in one line")
	case node.Style&yaml.TaggedStyle != 0:
		return 0, 0, f.wrong(node, "the value has the tag %s: write it without", node.Tag)
	}
	start, err = f.offset(node)
	if err != nil {
		return 0, 0, f.wrong(node, "%v", err)
	}
	rest := f.text[start:]
	width := 0
	switch {
	case node.Style&yaml.DoubleQuotedStyle != 0:
		width = quotedWidth(rest, '"')
	case node.Style&yaml.SingleQuotedStyle != 0:
		width = quotedWidth(rest, '\'')
	case node.Value != "" && bytes.HasPrefix(rest, []byte(node.Value)):
		width = len(node.Value)
	}
	if width == 0 {
		return 0, 0, f.wrong(node, "there is no value in one line here: write one")
	}
	return start, start + width, nil
}

// quotedWidth is the width of a text in quotes that something begins with; 0 if it begins with none.
func quotedWidth(text []byte, quote byte) int {
	if len(text) == 0 || text[0] != quote {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] != quote:
		case quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// written is a value in the style that is asked for, or in double quotes, in which everything can be said.
func written(style yaml.Style, tag, value string) string {
	single := style&yaml.SingleQuotedStyle != 0
	switch {
	case tag != Text:
		return value
	case single && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == '\u0085' || r == '\u2028' || r == '\u2029' }):
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	case style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 && plain(value):
		return value
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out) // a text in JSON is one in YAML
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return `""`
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// plainText are texts that can stand without quotes wherever a value can.
var plainText = regexp.MustCompile(`^[A-Za-z_/]([A-Za-z0-9_./:=@+%-]*[A-Za-z0-9_/=@+%-])?$`)

// plain says whether a text is one to each reader, without quotes too: what is no number, truth or nothing for one may be
// such for another.
func plain(value string) bool {
	switch strings.ToLower(value) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return plainText.MatchString(value)
}
