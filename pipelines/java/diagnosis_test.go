package java

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
		location finding.Location // of the first finding
		findings int
	}{
		{"maven-compile.log", true, "src/main/java/demo/App.java:7: ';' expected", finding.Location{File: "src/main/java/demo/App.java", Line: 7, Column: 21}, 1},
		{"maven-badpom.log", true, "pom.xml:18 cannot be read: end tag name", finding.Location{File: "pom.xml", Line: 18, Column: 16}, 1},
		{"maven-unknown.log", true, "org.junit.jupiter:junit-jupiterr:jar:5.11.4", finding.Location{File: "pom.xml"}, 1},
		{"maven-down.log", false, "a package registry refused or did not answer", finding.Location{}, 0},
		{"maven-fork.log", false, "the JVM of the tests died", finding.Location{}, 0},
		{"gradle-compile.log", true, "src/main/java/demo/App.java:7: ';' expected", finding.Location{File: "src/main/java/demo/App.java", Line: 7}, 1},
		{"gradle-script.log", true, "build.gradle:9 cannot be read", finding.Location{File: "build.gradle", Line: 9}, 1},
		{"gradle-unknown.log", true, "demo:no-such-thing:1.0", finding.Location{File: "build.gradle"}, 1},
	} {
		t.Run(test.log, func(t *testing.T) {
			output, err := os.ReadFile(filepath.Join("testdata", test.log))
			if err != nil {
				t.Fatal(err)
			}
			got := Diagnose(string(output), "/src")
			if got.Decided != test.decided || !strings.Contains(got.Summary, test.summary) || got.Remedy == "" {
				t.Errorf("got %+v, want decided %v and a summary that says %q", got, test.decided, test.summary)
			}
			if len(got.Findings) != test.findings {
				t.Fatalf("got %d findings, want %d: %+v", len(got.Findings), test.findings, got.Findings)
			}
			if test.findings > 0 && got.Findings[0].Location != test.location {
				t.Errorf("found at %+v, want %+v", got.Findings[0].Location, test.location)
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
		{"mvn: not found", false, "did not say why"},
		{"[ERROR] a.b:c:jar:1.0 was not found in https://repository.example during a previous attempt", true, "asks for a.b:c:jar:1.0, which"},
		{"[ERROR] Fatal error compiling: error: release version 99 not supported -> [Help 1]", true, "release version 99 not supported"},
		{"Error: Failed to validate Maven distribution SHA-256, your Maven distribution might be compromised.", true, "another SHA-256"},
		{"Verification of Gradle distribution failed!\n\nYour Gradle distribution may have been tampered with.", true, "another SHA-256"},
		{"Exception in thread \"main\" javax.net.ssl.SSLHandshakeException: no issuer\n\tat java.base/sun.security", false, "broke off: javax.net.ssl.SSLHandshakeException: no issuer"},
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
	})
}
