package acceptance_test

import (
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/acceptance"
)

const accepts = `version: 1
accepted:
  - rule: CVE-2024-22195
    object: pkg:pypi/jinja2@3.1.2
    reason: no template takes keys from outside
    owner: ml-team
    expires: 2027-05-31
`

func TestRead(t *testing.T) {
	t.Parallel()
	exceptions, err := acceptance.Read(accepts)
	if err != nil || len(exceptions) != 1 || exceptions[0].Line != 3 || exceptions[0].Owner != "ml-team" {
		t.Errorf("%+v, %v", exceptions, err)
	}
	if exceptions, err := acceptance.Read(""); err != nil || len(exceptions) != 0 {
		t.Errorf("no file: %+v, %v", exceptions, err)
	}
	for _, test := range []struct{ name, old, new, says string }{
		{"another version", "version: 1", "version: 2", "policy.yaml: version is 2"},
		{"an unknown key", "version: 1", "version: 1\nignored: []", "field ignored not found"},
		{"an unknown key of an exception", "owner:", "team:", `line 6: "team" is unknown`},
		{"nobody", "owner: ml-team", "owner: ''", "policy.yaml:3: owner is missing"},
		{"no day", "2027-05-31", "never", `line 7: expires is "never"`},
		{"no end", "    expires: 2027-05-31\n", "", "policy.yaml:3: expires is missing"},
	} {
		if _, err := acceptance.Read(strings.Replace(accepts, test.old, test.new, 1)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
}
