package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/report"
)

// savedRun is a file that holds a run with one stage of that status.
func savedRun(t *testing.T, status report.Status) string {
	t.Helper()
	run := report.Run{Title: "pull request 7", Stages: []report.Stage{
		{Name: "java test", Status: status, Summary: "3 of 41 tests fail", Duration: time.Second},
	}}
	var text bytes.Buffer
	if err := run.JSON(&text); err != nil {
		t.Fatal(err)
	}
	return saved(t, text.String())
}

func saved(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestReportWritesEachFormat(t *testing.T) {
	file := savedRun(t, report.Failed)
	for format, want := range map[string]string{
		"html":     "<!doctype html>",
		"json":     `"title": "pull request 7"`,
		"junit":    "<testsuites",
		"markdown": "java test",
		"sarif":    `"version": "2.1.0"`,
		"text":     "java test",
	} {
		var stdout, stderr bytes.Buffer
		code := run([]string{"report", "--format", format, file}, &stdout, &stderr)
		if code != 0 || !strings.Contains(strings.ToLower(stdout.String()), want) || stderr.Len() != 0 {
			t.Errorf("%s: exit code %d, %q, %q", format, code, &stdout, &stderr)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name, file     string
		code           int
		stdout, stderr string
	}{
		{"green", savedRun(t, report.Passed), 0, "pull request 7: passed, 1 stages\n", ""},
		{"red", savedRun(t, report.Failed), 1, "", "esteira: java test failed: 3 of 41 tests fail"},
		{"undecided", savedRun(t, report.Undecided), 1, "", "esteira: java test undecided"},
		{"no stages", saved(t, `{"title":"empty","durationNanoseconds":0,"stages":[]}`), 1, "", "nothing ran"},
		{"not a run", saved(t, `[]`), 1, "", "run.json: "},
		{"missing file", "missing.json", 1, "", "open missing.json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run([]string{"check", test.file}, &stdout, &stderr)
			if code != test.code || stdout.String() != test.stdout || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit code %d, want %d; %q, %q", code, test.code, &stdout, &stderr)
			}
		})
	}
}

func TestReportRefuses(t *testing.T) {
	file := savedRun(t, report.Passed)
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"unknown format", []string{"report", "--format", "pdf", file}, 2, `unknown format "pdf"`},
		{"no run", []string{"report"}, 2, "report: which file?"},
		{"flag after the run", []string{"report", file, "--format", "html"}, 2, `report: unexpected argument "--format"`},
		{"broken run", []string{"report", saved(t, `{"stages": 3}`)}, 1, "run.json: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(test.args, &stdout, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.stderr) || stdout.Len() != 0 {
				t.Errorf("exit code %d, want %d; %q, %q", code, test.code, &stdout, &stderr)
			}
		})
	}
}
