package scan

import (
	"strings"
	"testing"
)

const empty = `{"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0, "checkov_version": "3.3.30"}`

// What a tool did not say, or did not say whole, is an error: nothing of it counts as "nothing found".
func TestRefusals(t *testing.T) {
	t.Parallel()
	plans := weakPlans(t)
	arm := string(readFile(t, "checkov.json"))
	secrets := string(readFile(t, "secrets.json"))
	rules := string(readFile(t, "conftest.json"))
	byCheckov := func(text string) error { _, err := Checkov([]byte(text), plans); return err }
	bySecrets := func(text string) error { _, err := Secrets([]byte(text), "/src", "/scanned/canary.tf"); return err }
	byRules := func(text string) error { _, err := Conftest([]byte(text), plans); return err }
	for _, test := range []struct {
		name string
		read func(string) error
		text string
		want string
	}{
		{"nothing", byCheckov, " \n", "checkov printed nothing"},
		{"cut off", byCheckov, arm[:len(arm)/2], "no report of one framework"},
		{"an error page", byCheckov, "<html>", "no report of one framework"},
		{"several frameworks", byCheckov, "[" + arm + "]", "no report of one framework"},
		{"no report", byCheckov, "{}", "printed no report"},
		{"another framework", byCheckov, secrets, "reports of secrets, not of arm"},
		{"nothing looked at", byCheckov, empty, "looked at 0 resources of 3"},
		{"a resource less", byCheckov, replace(t, arm, `"resource_count": 3`, `"resource_count": 2`), "looked at 2 resources of 3"},
		{"a file that it could not read", byCheckov, replace(t, arm, `"parsing_errors": []`, `"parsing_errors": ["/scanned/0.json"]`), "could not read /scanned/0.json"},
		{"another file", byCheckov, strings.ReplaceAll(arm, "/0.json", "/7.json"), "which it was not given"},
		{"a line without a resource", byCheckov, strings.Replace(arm, "\"file_line_range\": [\n                    2", "\"file_line_range\": [\n                    99", 1), "0.json:99, where no resource is"},
		{"skipped", byCheckov, replace(t, arm, `"skipped_checks": []`, `"skipped_checks": [{"check_id": "CKV_1"}]`), "skipped CKV_1"},
		{"nothing of secrets", bySecrets, "", "checkov printed nothing"},
		{"no canary", bySecrets, empty, "did not find the secret that was put before it"},
		{"another file of secrets", bySecrets, strings.ReplaceAll(secrets, "/src/", "/elsewhere/"), "/elsewhere/weak/main.tf"},
		{"nothing of rules", byRules, "", "conftest printed nothing"},
		{"rules cut off", byRules, rules[:len(rules)/2], "conftest printed no report"},
		{"no file", byRules, "[]", "did not judge weak"},
		{"another file of rules", byRules, strings.ReplaceAll(rules, "0.json", "1.json"), "did not judge weak"},
		{"no rules", byRules, `[{"filename": "/scanned/0.json", "namespace": "main", "successes": 0}]`, "by 0 rules"},
		{"warnings", byRules, `[{"filename": "/scanned/0.json", "successes": 1, "warnings": [{"msg": "w"}]}]`, "with 1 warnings"},
		{"without a rule", byRules, `[{"filename": "/scanned/0.json", "failures": [{"msg": "m"}]}]`, `"m", without rule, address or severity`},
	} {
		if err := test.read(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
	}
	if complaints, err := Checkov([]byte(empty), nil); err != nil || len(complaints) != 0 {
		t.Errorf("of nothing checkov says %v, %v", complaints, err)
	}
}

func replace(t *testing.T, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not in the text", old)
	}
	return strings.Replace(text, old, new, 1)
}

func FuzzReaders(f *testing.F) {
	for _, name := range []string{"checkov.json", "secrets.json", "conftest.json"} {
		f.Add(readFile(f, name))
	}
	plans := weakPlans(f)
	f.Fuzz(func(t *testing.T, output []byte) {
		_, _ = Checkov(output, plans)
		_, _ = Secrets(output, "/src", "/scanned/canary.tf")
		_, _ = Conftest(output, plans)
	})
}
