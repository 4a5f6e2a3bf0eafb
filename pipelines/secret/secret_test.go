package secret_test

import (
	"os"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/secret"
)

func TestRead(t *testing.T) {
	t.Parallel()
	report, err := os.ReadFile("testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	leaks, err := secret.Read(report, "/look/tree")
	if err != nil || len(leaks) != 2 {
		t.Fatalf("%+v, %v", leaks, err)
	}
	remarks := secret.Remarks(leaks)
	for i, want := range []struct{ rule, place, says string }{
		{"private-key", "deploy/key.pem:1", "take it out"},
		{"aws-access-token", "app.py:2", "It is in commit 8a1d"},
	} {
		f := remarks[i].Finding
		if f.Rule != want.rule || f.Location.String() != want.place || !strings.Contains(f.Message, want.says) || f.Check() != nil {
			t.Errorf("%+v, want %+v", f, want)
		}
	}
}

// Whatever is wrong with a report, it is no proof that there is no secret.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, report, says string }{
		{"nothing", "", "printed nothing"},
		{"blanks", "\n", "printed nothing"},
		{"an error", "unknown flag", "cannot be read"},
		{"no canary", "[]", "missed the canary"},
		{"another rule for the canary", `[{"RuleID":"generic-api-key","File":"esteira-canary.txt"}]`, "missed the canary"},
	} {
		if _, err := secret.Read([]byte(test.report), ""); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
}

func TestParseCommits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"main..HEAD": {"main", "HEAD"}, "origin/main...feature/x-1": {"origin/main", "feature/x-1"}, "v1.2~3..@": {},
		"--upload-pack=x..y": {}, "main": {}, "": {}, "a..-b": {}, "a b..c": {}, "a..b;c": {},
	} {
		base, head, err := secret.ParseCommits(text)
		if (err == nil) != (want[0] != "") || base != want[0] || head != want[1] {
			t.Errorf("%q: %q, %q, %v", text, base, head, err)
		}
	}
}

func TestCanariesDiffer(t *testing.T) {
	t.Parallel()
	if a, b := secret.Canary(), secret.Canary(); a == b || len(a) != len(b) || !strings.Contains(a, "ghp"+"_") {
		t.Errorf("%q, %q", a, b)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`[{"RuleID":"github-pat","File":"esteira-canary.txt"},{"StartLine":-1}]`))
	f.Fuzz(func(_ *testing.T, report []byte) {
		if leaks, err := secret.Read(report, "/x"); err == nil {
			secret.Remarks(leaks)
		}
	})
}
