package edit_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/manifest/edit"
)

// writer writes the same file for the same seed, whatever the values in it are.
type writer struct {
	random *rand.Rand
	out    strings.Builder
}

func (w *writer) pick(choices ...string) string { return choices[w.random.IntN(len(choices))] }

func (w *writer) line(format string, args ...any) {
	w.out.WriteString(w.pick("", "", "\n", "# a remark: {not, a: value}\n", "  # \"indented\"\n"))
	fmt.Fprintf(&w.out, format, args...)
	w.out.WriteString(w.pick("\n", "\n", "  # at the end of the line\n", " \n"))
}

func (w *writer) quoted(value string) string {
	quote := w.pick("", "'", `"`)
	return quote + value + quote
}

// kustomization is a file as people write them, with two images of which one has the digest.
func kustomization(seed uint64, digest, literal string) string {
	w := &writer{random: rand.New(rand.NewPCG(seed, 1))}
	w.out.WriteString(w.pick("", "---\n", "# first\n---\n", "%YAML 1.1\n---\n"))
	w.line("apiVersion: %s", w.quoted("kustomize.config.k8s.io/v1beta1"))
	w.line("kind: Kustomization")
	w.line("x-nobody-knows: {a: [1, 'two', {b: &anchor three}], c: *anchor}")
	w.line("images:")
	indent := w.pick("", "  ", "    ")
	w.line("%s- {name: other, digest: 'sha256:untouched'}", indent)
	if w.random.IntN(2) == 0 {
		w.line("%s- {newName: é.example.com/app, %s: %s , name: app}", indent, w.quoted("digest"), w.quoted(digest))
	} else {
		w.line("%s- name: app", indent)
		w.line("%s  digest:  %s", indent, w.quoted(digest))
		w.line("%s  newName: 'it''s'", indent)
	}
	w.line("text: |")
	w.out.WriteString("  digest: sha256:untouched\n\n   # no comment\n")
	w.line("generator:")
	w.line("  literals:")
	w.line("  - %s", w.quoted("OTHER=\u00fc"))
	w.line("  - %s", w.quoted("KEY="+literal))
	w.out.WriteString(w.pick("", "...\n", "---\nkind: Second\nimages: [{name: app, digest: sha256:untouched}]\n"))
	text := strings.TrimRight(w.out.String(), "\n") + w.pick("", "\n", "\n\n")
	if w.random.IntN(3) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// Everything but the values that are meant is the same, byte by byte, in files of all kinds.
func TestOnlyTheValueChanges(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		before := kustomization(seed, "sha256:0000", "old")
		want := kustomization(seed, "sha256:abcdef", "https://host/new")
		file, err := edit.Parse("kustomization.yaml", []byte(before))
		if err != nil {
			t.Fatalf("%v\n%s", err, before)
		}
		root := file.Documents()[0]
		app := named(manifest.Child(root, "images"), "app")
		literals := manifest.Child(manifest.Child(root, "generator"), "literals")
		for node, value := range map[*yaml.Node]string{manifest.Child(app, "digest"): "sha256:abcdef", literals.Content[1]: "KEY=https://host/new"} {
			if err := file.Scalar(node, edit.Text, value); err != nil {
				t.Fatalf("%v\n%s", err, before)
			}
		}
		got, err := file.Bytes()
		if err != nil {
			t.Fatalf("%v\n%s", err, before)
		}
		if string(got) != want {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, got, want)
		}
	}
}

func named(list *yaml.Node, name string) *yaml.Node {
	for _, item := range list.Content {
		if manifest.Child(item, "name").Value == name {
			return item
		}
	}
	return nil
}

func TestScalar(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, before, tag, value, after string }{
		{"plain stays plain", "k: a # c\n", edit.Text, "b", "k: b # c\n"},
		{"what would be a number gets quotes", "k: a\n", edit.Text, "12", "k: \"12\"\n"},
		{"what would be no text gets quotes", "k: a\n", edit.Text, "yes", "k: \"yes\"\n"},
		{"a comment's sign gets quotes", "k: a\n", edit.Text, "b #c", "k: \"b #c\"\n"},
		{"single quotes", "k: 'it''s' \n", edit.Text, "o'clock", "k: 'o''clock' \n"},
		{"double quotes", `k: "a\"b"` + "\n", edit.Text, `c"d\`, `k: "c\"d\\"` + "\n"},
		{"a truth", "k: {op: add, value: false}\n", edit.Bool, "true", "k: {op: add, value: true}\n"},
		{"quotes over two lines", "k: \"a\n  b\"\nl: 1\n", edit.Text, "c", "k: \"c\"\nl: 1\n"},
		{"the same", "k: a\n", edit.Text, "a", "k: a\n"},
		{"a number becomes a text", "k: 1\n", edit.Text, "b", "k: b\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := edit.Parse("f.yaml", []byte(test.before))
			if err != nil {
				t.Fatal(err)
			}
			node := file.Documents()[0].Content[1]
			if node.Kind == yaml.MappingNode {
				node = manifest.Child(node, "value")
			}
			if err := file.Scalar(node, test.tag, test.value); err != nil {
				t.Fatal(err)
			}
			got, err := file.Bytes()
			if err != nil || string(got) != test.after {
				t.Errorf("got %q, %v; want %q", got, err, test.after)
			}
		})
	}
}

// What cannot be edited safely is an error with file and line.
func TestScalarRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, says string }{
		{"an anchor", "a: 1\nk: &x y\nl: *x\n", "f.yaml:2: the value has the anchor &x"},
		{"an alias", "a: &x y\nk: *x\n", "f.yaml:2: this is no single value"},
		{"a block of text", "a: 1\nk: |\n  y\n", "f.yaml:2: the value is a block of text"},
		{"a tag", "a: 1\nk: !!str y\n", "f.yaml:2: the value has the tag"},
		{"several lines", "a: 1\nk: y\n  z\n", "f.yaml:2: there is no value in one line"},
		{"nothing", "a: 1\nk:\n", "f.yaml:2: there is no value in one line"},
		{"a list", "a: 1\nk: [y]\n", "f.yaml:2: this is no single value"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := edit.Parse("f.yaml", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			err = file.Scalar(manifest.Child(file.Documents()[0], "k"), edit.Text, "new")
			if err == nil || !strings.HasPrefix(err.Error(), test.says) {
				t.Errorf("error %v, want %s", err, test.says)
			}
		})
	}
}

type set struct {
	Kind     string           `json:"kind"`
	Sequence int              `json:"sequence"`
	From     *from            `json:"from,omitempty"`
	Images   map[string]image `json:"images,omitempty"`
	People   []string         `json:"people,omitempty"`
}

type from struct {
	Set int `json:"set"`
}

type image struct {
	Digest  string `json:"digest"`
	Version string `json:"version,omitempty"`
}

func TestMerge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, before string
		from, to     set
		after        string
	}{
		{
			"values in their places",
			"# head\nkind: A # kind\nunknown: [1, 2]\n\nsequence: 1\nimages:\n  # of the team\n  app:\n    digest: 'x' # by hand\n    more: kept\n# foot\n",
			set{Kind: "A", Sequence: 1, Images: map[string]image{"app": {Digest: "x"}}},
			set{Kind: "A", Sequence: 2, Images: map[string]image{"app": {Digest: "y"}}},
			"# head\nkind: A # kind\nunknown: [1, 2]\n\nsequence: 2\nimages:\n  # of the team\n  app:\n    digest: 'y' # by hand\n    more: kept\n# foot\n",
		},
		{
			"new keys after the last",
			"kind: A\nsequence: 1\n# about nothing\nimages: {} # none yet\n",
			set{Kind: "A", Sequence: 1},
			set{Kind: "A", Sequence: 2, From: &from{3}, Images: map[string]image{"app": {"y", "1"}}, People: []string{"a"}},
			"kind: A\nsequence: 2\n# about nothing\nimages: # none yet\n  app:\n    digest: \"y\"\n    version: \"1\"\nfrom:\n  set: 3\npeople:\n  - a\n",
		},
		{
			"without a line's end",
			"kind: A\nsequence: 1",
			set{Kind: "A", Sequence: 1}, set{Kind: "A", Sequence: 1, From: &from{3}},
			"kind: A\nsequence: 1\nfrom:\n  set: 3",
		},
		{
			"taken away, and what follows keeps its comment",
			"kind: A\r\nfrom: # here\r\n  set: 3\r\n\r\n# of the sequence\r\nsequence: 1\r\n",
			set{Kind: "A", Sequence: 1, From: &from{3}}, set{Kind: "A", Sequence: 1},
			"kind: A\r\n\r\n# of the sequence\r\nsequence: 1\r\n",
		},
		{
			"in braces",
			"kind: A\nsequence: 1\nimages:\n  app: {digest: x, version: a} # two\n  b: {digest: z}\n",
			set{Kind: "A", Sequence: 1, Images: map[string]image{"app": {"x", "a"}, "b": {"z", ""}}},
			set{Kind: "A", Sequence: 1, Images: map[string]image{"app": {"w", "b"}, "c": {"v", ""}}},
			"kind: A\nsequence: 1\nimages:\n  app: {digest: w, version: b} # two\n  c:\n    digest: v\n",
		},
		{
			"a list", "kind: A\npeople: [a] # who\nsequence: 1\n",
			set{Kind: "A", Sequence: 1, People: []string{"a"}}, set{Kind: "A", Sequence: 1, People: []string{"a", "b"}},
			"kind: A\npeople: # who\n  - a\n  - b\nsequence: 1\n",
		},
		{
			"the second document stays", "kind: A\nsequence: 1\n---\nsequence: 1\n",
			set{Kind: "A", Sequence: 1}, set{Kind: "A", Sequence: 2, People: []string{"a"}},
			"kind: A\nsequence: 2\npeople:\n  - a\n---\nsequence: 1\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := edit.Parse("f.yaml", []byte(test.before))
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Merge(file.Documents()[0], test.from, test.to); err != nil {
				t.Fatal(err)
			}
			got, err := file.Bytes()
			if err != nil || string(got) != test.after {
				t.Errorf("%v, got\n%s\nwant\n%s", err, got, test.after)
			}
		})
	}
}

// A mapping inside of others grows at its own end.
func TestMergeInside(t *testing.T) {
	t.Parallel()
	const before = "spec:\n  settings:\n    # how\n    a: b\n\n  # more\n  other:\n    - x: y\n"
	file, err := edit.Parse("f.yaml", []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	settings := manifest.Child(manifest.Child(file.Documents()[0], "spec"), "settings")
	if err := file.Merge(settings, set{}, set{People: []string{"*"}}); err != nil {
		t.Fatal(err)
	}
	got, err := file.Bytes()
	const want = "spec:\n  settings:\n    # how\n    a: b\n    people:\n      - \"*\"\n\n  # more\n  other:\n    - x: y\n"
	if err != nil || string(got) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	to := set{Kind: "A", Sequence: 2, From: &from{1}}
	for _, test := range []struct{ name, text, says string }{
		{"all in braces", "{kind: A, sequence: 1}\n", "f.yaml:1: nothing can be added safely beside sequence"},
		{"an anchored mapping", "a: 1\nfrom: &x {set: 3, b: 1}\nkind: A\nsequence: 1\n", "f.yaml:2: an anchor or an alias stands"},
		{"no mapping", "- a\n", "f.yaml:1: want a mapping"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file, err := edit.Parse("f.yaml", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			err = file.Merge(file.Documents()[0], set{Kind: "A", Sequence: 1}, to)
			if err == nil || !strings.HasPrefix(err.Error(), test.says) {
				t.Errorf("error %v, want %s", err, test.says)
			}
		})
	}
}

// Whatever the file, an edit of a value either is refused or leaves what is before and behind it.
func FuzzScalar(f *testing.F) {
	f.Add("a: b\n", uint(1), "c")
	f.Add("? [a, 'b']\n: {c: \"d\", e: *f}\n", uint(2), "#")
	f.Add("a: |\n b\n...\n---\n- c # d", uint(3), "- -")
	f.Fuzz(func(t *testing.T, text string, which uint, value string) {
		file, err := edit.Parse("f.yaml", []byte(text))
		if err != nil {
			return
		}
		var scalars []*yaml.Node
		var visit func(*yaml.Node)
		visit = func(node *yaml.Node) {
			if node.Kind == yaml.ScalarNode {
				scalars = append(scalars, node)
			}
			for _, child := range node.Content {
				visit(child)
			}
		}
		for _, root := range file.Documents() {
			visit(root)
		}
		if len(scalars) == 0 || file.Scalar(scalars[which%uint(len(scalars))], edit.Text, value) != nil {
			return
		}
		got, err := file.Bytes()
		if err != nil {
			return
		}
		again, err := edit.Parse("f.yaml", got)
		if err != nil || len(again.Documents()) != len(file.Documents()) {
			t.Errorf("%q became %q: %v", text, got, err)
		}
	})
}
