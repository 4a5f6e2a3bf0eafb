package python

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/finding"
)

func TestDiagnose(t *testing.T) {
	for _, test := range []struct {
		log      string
		decided  bool
		summary  string
		remedy   string
		location finding.Location // of the only finding
	}{
		{"stale.log", true, "requirements.txt does not match pyproject.toml", "--python-version 3.13 pyproject.toml -o requirements.txt`", finding.Location{File: "requirements.txt"}},
		{"stale-uv-lock.log", true, "uv.lock does not match", "`uv lock`", finding.Location{File: "uv.lock"}},
		{"unknown.log", true, "asks for idnaa-no-such, which no index has", "check name", finding.Location{File: "pyproject.toml"}},
		{"unknown-version.log", true, "asks for idna==99, which no index has", "check name", finding.Location{File: "pyproject.toml"}},
		{"wrong-hash.log", true, "idna==3.20 is not what the lock names", "who changed it", finding.Location{}},
		{"no-hash.log", true, "the lock has no hash of idna==3.20", "--generate-hashes", finding.Location{}},
		{"down.log", false, "http://127.0.0.1:9/simple/idna/: Connection refused", "--pypi-index", finding.Location{}},
		{"refused.log", false, "401 Unauthorized", "--netrc", finding.Location{}},
		{"unavailable.log", false, "503 Service Unavailable", "--pypi-index", finding.Location{}},
		{"wheel.log", true, "the project's wheel cannot be built: Unable to determine which files to ship", "[build-system]", finding.Location{File: "pyproject.toml"}},
		{"editable.log", true, "the project's wheel cannot be built: Unable to determine which files to ship", "[build-system]", finding.Location{File: "pyproject.toml"}},
		{"version.log", true, "expected version to start with a number", "mend the file", finding.Location{File: "pyproject.toml", Line: 3, Column: 11}},
		{"ruff-configuration.log", true, "unknown field `selekt`", "mend the file", finding.Location{File: "pyproject.toml", Line: 17, Column: 1}},
		{"mypy-nowhere.log", true, "Cannot read file", "end of its output", finding.Location{}},
	} {
		t.Run(test.log, func(t *testing.T) {
			output, err := os.ReadFile(filepath.Join("testdata", test.log))
			if err != nil {
				t.Fatal(err)
			}
			got := Diagnose(string(output), "/src")
			if got.Decided != test.decided || !strings.Contains(got.Summary, test.summary) || !strings.Contains(got.Remedy, test.remedy) {
				t.Errorf("got %+v, want decided %v, a summary that says %q and a remedy that says %q", got, test.decided, test.summary, test.remedy)
			}
			for _, f := range got.Findings {
				if err := f.Check(); err != nil || f.Location != test.location {
					t.Errorf("found %+v (%v), want it at %+v", f, err, test.location)
				}
			}
			if len(got.Findings) == 0 && test.location != (finding.Location{}) {
				t.Errorf("found nothing, want something at %+v", test.location)
			}
		})
	}
}

func TestDiagnoseOfWhatSaysLittle(t *testing.T) {
	for _, test := range []struct {
		output  string
		decided bool
		summary string
	}{
		{"", false, "did not say why"},
		{"sh: 1: uv: not found", false, "did not say why"},
		{"esteira: ruff is not in the lock", false, "ruff is not in the lock, and the stage needs it"},
		{"esteira: the image gets Python 3.13, and --base has 3.11", true, "--base has 3.11"},
		{"error: unexpected argument '--output-format' found", true, "it failed: unexpected argument"},
		{"Could not fetch URL http://127.0.0.1:9/simple/uv/: 401 Client Error: Unauthorized for url: http://127.0.0.1:9/simple/uv/", false, "401 Client Error"},
		{"ERROR: No matching distribution found for uv==0.13.9", false, "the package index has no uv==0.13.9"},
	} {
		got := Diagnose(test.output, "/src")
		if got.Decided != test.decided || !strings.Contains(got.Summary, test.summary) {
			t.Errorf("%q: got %+v", test.output, got)
		}
	}
}

func FuzzDiagnose(f *testing.F) {
	logs, err := filepath.Glob("testdata/*.log")
	if err != nil || len(logs) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, output string) {
		got := Diagnose(output, "/src")
		if got.Summary == "" || got.Remedy == "" {
			t.Errorf("%+v says not what failed or what to do", got)
		}
		for _, found := range got.Findings {
			if err := found.Check(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestRelative(t *testing.T) {
	got := Relative([]finding.Finding{
		{Location: finding.Location{File: "/src/tests/test_a.py", Line: 3}},
		{Location: finding.Location{File: "/srcs/a.py"}},
		{Location: finding.Location{File: "a.py"}},
	}, "/src")
	for i, want := range []string{"tests/test_a.py", "/srcs/a.py", "a.py"} {
		if got[i].Location.File != want {
			t.Errorf("%s, want %s", got[i].Location.File, want)
		}
	}
}

func TestLintSaysOnceWhatBothSay(t *testing.T) {
	syntax := finding.Finding{Rule: "invalid-syntax", Message: "Expected an expression"}
	unformatted := finding.Finding{Rule: "unformatted", Message: "File would be reformatted"}
	got := Lint([]finding.Finding{syntax}, []finding.Finding{syntax, unformatted})
	if len(got) != 2 || got[0] != syntax || got[1] != unformatted {
		t.Errorf("%+v", got)
	}
}
