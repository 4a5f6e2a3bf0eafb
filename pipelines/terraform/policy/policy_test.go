package policy

import (
	"strings"
	"testing"
)

const whole = `version: 1
accepted:
  - rule: destroys-data
    object: environments/dev:module.vault.azapi_resource.vault
    reason: it moves
    owner: platform-team
    expires: 2027-05-31
`

func TestParse(t *testing.T) {
	t.Parallel()
	policy, err := Parse([]byte(whole))
	if err != nil || len(policy.Accepted) != 1 || policy.Accepted[0].Line != 3 || policy.Accepted[0].Object != "environments/dev:module.vault.azapi_resource.vault" {
		t.Errorf("%+v, %v", policy, err)
	}
	if policy, err := Parse(nil); err != nil || len(policy.Accepted) > 0 {
		t.Errorf("of nothing: %+v, %v", policy, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, new, want string }{
		{"another version", "version: 1", "version: 2", "version is 2"},
		{"no version", "version: 1\n", "", "version is 0"},
		{"unknown key", "accepted:", "accept:", "accept"},
		{"unknown key of an exception", "    owner:", "    team: a\n    owner:", `line 6: "team" is unknown`},
		{"no reason", "    reason: it moves\n", "", "policy.yaml:3: reason is missing"},
		{"no end", "    expires: 2027-05-31\n", "", "expires is missing"},
		{"no day", "2027-05-31", "next year", `expires is "next year"`},
		{"no YAML", "version: 1", "version: [", "policy.yaml: "},
	} {
		_, err := Parse([]byte(strings.Replace(whole, test.old, test.new, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Fuzz(func(t *testing.T, text []byte) {
		if policy, err := Parse(text); err == nil && len(text) > 0 && policy.Version != 1 {
			t.Errorf("%q passes", text)
		}
	})
}
