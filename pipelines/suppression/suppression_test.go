package suppression_test

import (
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/suppression"
)

func TestFind(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"src/app.py":            {Data: []byte("a = 1\nkey = 'x'  # gitleaks:" + "allow\n")},
		"src/other.py":          {Data: []byte("gitleaks finds, and allows nothing\n")},
		".gitleaks.toml":        {Data: []byte("[allowlist]\n")},
		"deep/.gitleaksignore":  {Data: []byte("x:y:1\n")},
		"deep/osv-scanner.toml": {Data: []byte("[[IgnoredVulns]]\n")},
		".git/.gitleaks.toml":   {Data: []byte("")},
	}
	for _, test := range []struct {
		kind suppression.Kind
		want []string
	}{
		{suppression.Secrets, []string{".gitleaks.toml", "deep/.gitleaksignore", "src/app.py:2"}},
		{suppression.Scanners, []string{"deep/osv-scanner.toml"}},
	} {
		places, err := suppression.Find(tree, test.kind)
		if err != nil || len(places) != len(test.want) {
			t.Fatalf("%v, %v, want %v", places, err, test.want)
		}
		for i, remark := range suppression.Remarks(places) {
			if got := remark.Finding.Location.String(); got != test.want[i] || remark.Finding.Rule != "suppression" || remark.Finding.Check() != nil {
				t.Errorf("%+v, want %s", remark, test.want[i])
			}
		}
	}
}
