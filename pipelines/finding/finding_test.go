package finding

import (
	"testing"
)

func TestSeverityIsOrdered(t *testing.T) {
	for i, worse := range Severities {
		for j, better := range Severities {
			if got, want := worse.AtLeast(better), i <= j; got != want {
				t.Errorf("%s.AtLeast(%s) = %v", worse, better, got)
			}
		}
	}
	if !Severity("catastrophic").AtLeast(Critical) {
		t.Error("a severity that nobody knows passes below critical")
	}
}

func TestFingerprintOutlivesMovedLines(t *testing.T) {
	base := Finding{Tool: "lint", Rule: "R1", Message: "unused x, see line 12 and a.go:14:2", Location: Location{File: "a.go", Line: 12}}
	tests := []struct {
		name   string
		change func(*Finding)
		same   bool
	}{
		{"the line moved", func(f *Finding) { f.Location.Line = 99 }, true},
		{"its number in the message moved", func(f *Finding) { f.Message = "unused x, see line 97 and a.go:99:2" }, true},
		{"the severity changed", func(f *Finding) { f.Severity = High }, true},
		{"another file", func(f *Finding) { f.Location.File = "b.go" }, false},
		{"another rule", func(f *Finding) { f.Rule = "R2" }, false},
		{"another tool", func(f *Finding) { f.Tool = "vet" }, false},
		{"another message", func(f *Finding) { f.Message = "unused y" }, false},
		{"a border between parts moved", func(f *Finding) { f.Tool, f.Rule = "lintR", "1" }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changed := base
			test.change(&changed)
			if same := changed.Identified().Fingerprint == base.Identified().Fingerprint; same != test.same {
				t.Errorf("same fingerprint: %v, want %v", same, test.same)
			}
		})
	}
}

func TestLinkIsOfTheWebOrNone(t *testing.T) {
	for help, want := range map[string]string{
		"https://example.com/rule?a=1#b":    "https://example.com/rule?a=1#b",
		"http://example.com":                "http://example.com",
		"javascript:alert(1)":               "",
		"data:text/html,<script>":           "",
		"//example.com/x":                   "",
		"https:example.com":                 "",
		"see the manual":                    "",
		"https://exa mple.com/\x1b]8;;evil": "",
		"":                                  "",
	} {
		if got := (Finding{Help: help}).Link(); got != want {
			t.Errorf("Link of %q = %q, want %q", help, got, want)
		}
	}
}

func TestLocationReadsAsEditorsDo(t *testing.T) {
	for want, location := range map[string]Location{
		"":         {},
		"a.go":     {File: "a.go", Column: 3},
		"a.go:7":   {File: "a.go", Line: 7},
		"a.go:7:3": {File: "a.go", Line: 7, Column: 3},
	} {
		if got := location.String(); got != want {
			t.Errorf("%#v reads %q, want %q", location, got, want)
		}
	}
}
