package finding

import (
	"os"
	"strings"
	"testing"
)

func TestMypy(t *testing.T) {
	file, err := os.Open("testdata/mypy.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := FromMypy(file)
	if err != nil || len(got) != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	fingerprints := map[string]bool{}
	for i, want := range []Finding{
		{Rule: "import-untyped", Severity: High, Location: Location{File: "src/demo/bad.py", Line: 1}, Message: `Library stubs not installed for "yaml" (Hint: "python3 -m pip install types-PyYAML")`},
		{Rule: "return-value", Severity: High, Location: Location{File: "src/demo/bad.py", Line: 4}, Message: `Incompatible return value type (got "int", expected "str")`},
		{Rule: "return-value", Severity: High, Location: Location{File: "src/demo/bad.py", Line: 8}, Message: `Incompatible return value type (got "int", expected "str")`},
		{Rule: "misc", Severity: Info, Location: Location{File: "src/demo/bad.py", Line: 11}, Message: `Revealed type is "int"`},
	} {
		f := got[i]
		if f.Tool != "mypy" || f.Rule != want.Rule || f.Severity != want.Severity || f.Location != want.Location || !strings.Contains(f.Message, want.Message) {
			t.Errorf("%+v, want %+v", f, want)
		}
		fingerprints[f.Fingerprint] = true
	}
	if len(fingerprints) != len(got) {
		t.Errorf("%d fingerprints of %d findings", len(fingerprints), len(got))
	}
}

func TestMypyThatFindsNothing(t *testing.T) {
	if got, err := FromMypy(strings.NewReader("")); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMypyThatCannotBeBelieved(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"text", "a.py:1: error: no", "line 1"},
		{"cut off", "\n{\"file\": \"a.py\", \"li", "line 2"},
		{"a severity that nobody knows", `{"file": "a.py", "line": 1, "message": "m", "code": "c", "severity": "loud"}`, `"loud"`},
		{"no message", `{"file": "a.py", "line": 1, "code": "c", "severity": "error"}`, "no message"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := FromMypy(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v, %v does not say %q", got, err, test.want)
			}
		})
	}
}

func FuzzMypy(f *testing.F) {
	whole, err := os.ReadFile("testdata/mypy.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(whole))
	f.Fuzz(func(t *testing.T, text string) {
		findings, err := FromMypy(strings.NewReader(text))
		for _, found := range findings {
			if err != nil || found.Check() != nil || found.Fingerprint == "" {
				t.Errorf("%+v, %v", found, err)
			}
		}
	})
}
