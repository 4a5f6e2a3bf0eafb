package manifest_test

import (
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/manifest"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	got, err := manifest.Documents("a.yaml", []byte("# one\nkind: A\nmetadata: {name: a}\n---\n---\n# two\nkind: B\n"))
	if err != nil || len(got) != 2 || got[0].String() != "A/a" || got[0].Line != 2 || got[1].Line != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"twice", "a: 1\nb: {c: 1, c: 2}\n", `a.yaml:2: the key "c" stands in line 2 already`},
		{"twice in the second", "a: 1\n---\nb: 1\nb: 2\n", `a.yaml:4: the key "b" stands in line 3 already`},
		{"tab", "a:\n\tb: 1\n", "a.yaml:2: it is no YAML: a tab indents this line"},
		{"cut off", "a: [1,\n", "a.yaml:"},
		{"unknown anchor", "a: *b\n", "a.yaml"},
	} {
		if _, err := manifest.Documents("a.yaml", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want …%s…", test.name, err, test.want)
		}
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add("a: &x {b: *x}\n---\n- 1\n")
	f.Add("? {a: 1}\n: 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		documents, err := manifest.Documents("a.yaml", []byte(text))
		if err == nil {
			manifest.Changes(nil, []manifest.Stream{{Root: "r", Documents: documents}})
		}
	})
}
