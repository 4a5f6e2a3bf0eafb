package finding

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v2/sarif"
)

func readSARIF(t *testing.T, name string) []Finding {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	findings, err := FromSARIF(file)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestSARIFOfTools(t *testing.T) {
	checkov := Finding{Tool: "Checkov", Rule: "CKV_AZURE_44", Severity: High, Help: "https://docs.example.com/policies/bc-azr-storage-2",
		Message: "Ensure Storage Account is using the latest version of TLS encryption", Location: Location{File: "plan/main store.json", Line: 12}}
	hidden := checkov // suppressed in the source, and without a level of its own
	hidden.Location.Line = 40
	tests := map[string][]Finding{
		"gitleaks.sarif": {{Tool: "gitleaks", Rule: "generic-api-key", Severity: Medium,
			Message:  "generic-api-key has detected secret for file apps/orders/src/main/resources/application.yaml at commit 3f1c.",
			Location: Location{File: "apps/orders/src/main/resources/application.yaml", Line: 7, Column: 12}}},
		"osv-scanner.sarif": {
			{Tool: "osv-scanner", Rule: "CVE-2021-44228", Severity: Critical, Help: "https://osv.dev/GHSA-jfh8-c2jp-5v3q",
				Message:  "Package 'org.apache.logging.log4j:log4j-core@2.14.0' is vulnerable to 'CVE-2021-44228' (also known as 'GHSA-jfh8-c2jp-5v3q').",
				Location: Location{File: "/src/apps/orders/pom.xml"}},
			{Tool: "osv-scanner", Rule: "GHSA-none", Severity: Medium, Message: "Package 'a' is vulnerable.", Location: Location{File: "/src/apps/orders/pom.xml"}},
		},
		"checkov.sarif": {checkov, hidden},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got := readSARIF(t, name)
			seen := map[string]bool{}
			for i := range got {
				if seen[got[i].Fingerprint] || got[i].Fingerprint == "" {
					t.Errorf("fingerprint %q of %v is none of its own", got[i].Fingerprint, got[i])
				}
				seen[got[i].Fingerprint] = true
				got[i].Fingerprint = ""
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// oneResult is a log with one result and one rule.
func oneResult(result, rule string) string {
	return fmt.Sprintf(`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t","rules":[%s]}},"results":[%s]}]}`, rule, result)
}

func TestSeverityOfAResult(t *testing.T) {
	score := func(score string) string { return `{"id":"r","properties":{"security-severity":` + score + `}}` }
	tests := []struct {
		name, result, rule string
		want               Severity
	}{
		{"no level", ``, `{"id":"r"}`, Medium},
		{"error", `"level":"error",`, `{"id":"r"}`, High},
		{"note", `"level":"note",`, `{"id":"r"}`, Low},
		{"none", `"level":"none",`, `{"id":"r"}`, Info},
		{"the rule's level", ``, `{"id":"r","defaultConfiguration":{"level":"error"}}`, High},
		{"its own before the rule's", `"level":"note",`, `{"id":"r","defaultConfiguration":{"level":"error"}}`, Low},
		{"informational", `"kind":"informational",`, `{"id":"r"}`, Info},
		{"review", `"kind":"review",`, `{"id":"r"}`, Medium},
		{"score 9.0", `"level":"note",`, score(`"9.0"`), Critical},
		{"score 8.9", ``, score(`"8.9"`), High},
		{"score 7.0", ``, score(`"7.0"`), High},
		{"score 6.9", ``, score(`"6.9"`), Medium},
		{"score 4.0", ``, score(`"4.0"`), Medium},
		{"score 3.9", ``, score(`"3.9"`), Low},
		{"score 0.0", `"level":"error",`, score(`"0.0"`), Info},
		{"score as a number", ``, score(`9.8`), Critical},
		{"score unknown", `"level":"error",`, score(`""`), High},
		{"its own score before the rule's", `"properties":{"security-severity":"9.1"},`, score(`"1.0"`), Critical},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromSARIF(strings.NewReader(oneResult(`{"ruleId":"r",`+test.result+`"message":{"text":"m"}}`, test.rule)))
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Severity != test.want {
				t.Errorf("%s, want %s", got[0].Severity, test.want)
			}
		})
	}
}

func TestRuleAndMessageOfAResult(t *testing.T) {
	const rule = `{"id":"CA1000","helpUri":"https://example.com/CA1000","messageStrings":{"default":{"text":"'{0}' hides '{1}'"}}}`
	const extension = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"},"extensions":[{"name":"e","rules":[` + rule + `]}]},
		"results":[{"rule":{"index":0,"toolComponent":{"index":0}},"message":{"id":"default","arguments":["a","b"]}}]}]}`
	tests := []struct{ name, log, rule, message string }{
		{"by id", oneResult(`{"ruleId":"CA1000","message":{"text":"m"}}`, rule), "CA1000", "m"},
		{"by index", oneResult(`{"ruleIndex":0,"message":{"text":"m"}}`, rule), "CA1000", "m"},
		{"below the rule's id", oneResult(`{"ruleId":"CA1000/1","message":{"text":"m"}}`, rule), "CA1000/1", "m"},
		{"a message of the rule", oneResult(`{"ruleId":"CA1000","message":{"id":"default","arguments":["a","b"]}}`, rule), "CA1000", "'a' hides 'b'"},
		{"of an extension", extension, "CA1000", "'a' hides 'b'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromSARIF(strings.NewReader(test.log))
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Rule != test.rule || got[0].Message != test.message || got[0].Help != "https://example.com/CA1000" {
				t.Errorf("%+v", got[0])
			}
		})
	}
}

func TestSARIFThatFoundNothing(t *testing.T) {
	for name, result := range map[string]string{
		"no results":     ``,
		"passed":         `{"kind":"pass","message":{"text":"fine"}}`,
		"not applicable": `{"kind":"notApplicable","message":{"text":"-"}}`,
		"gone":           `{"baselineState":"absent","message":{"text":"was here"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FromSARIF(strings.NewReader(oneResult(result, "")))
			if err != nil || len(got) != 0 || got == nil {
				t.Errorf("%v, error %v", got, err)
			}
		})
	}
}

func TestSARIFThatCannotBeBelieved(t *testing.T) {
	whole, err := os.ReadFile("testdata/checkov.sarif")
	if err != nil {
		t.Fatal(err)
	}
	const failed = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[],"invocations":[{"executionSuccessful":false,
		"toolExecutionNotifications":[{"level":"error","message":{"text":"no such file"}}]}]}]}`
	tests := []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"cut off", string(whole[:len(whole)/2]), "cut off"},
		{"an HTML error page", "<!DOCTYPE html><html>502</html>", "<!DOCTYPE html>"},
		{"two logs", `{"version":"2.1.0","runs":[]}{"version":"2.1.0","runs":[]}`, "after top-level value"},
		{"null", "null", `version=""`},
		{"a list", "[]", "array"},
		{"other JSON", `{"results":[]}`, `version=""`},
		{"another version", `{"version":"2.0.0","runs":[{}]}`, `version="2.0.0"`},
		{"no runs", `{"version":"2.1.0"}`, "no runs"},
		{"an empty list of runs", `{"version":"2.1.0","runs":[]}`, "no runs"},
		{"a run of nobody", `{"version":"2.1.0","runs":[{"results":[]}]}`, "tool.driver.name"},
		{"no list of results", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}}}]}`, "no list of results"},
		{"null for results", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":null}]}`, "no list of results"},
		{"a run that failed", failed, "no such file"},
		{"a result without a message", oneResult(`{"ruleId":"r"}`, ""), "no message"},
		{"an id of no message", oneResult(`{"ruleId":"r","message":{"id":"gone"}}`, `{"id":"r"}`), "no message"},
		{"a level that is none", oneResult(`{"level":"fatal","message":{"text":"m"}}`, ""), `level="fatal"`},
		{"a kind that is none", oneResult(`{"kind":"maybe","message":{"text":"m"}}`, ""), `kind="maybe"`},
		{"a score that is none", oneResult(`{"ruleId":"r","message":{"text":"m"}}`, `{"id":"r","properties":{"security-severity":"bad"}}`), `security-severity="bad"`},
		{"a score beyond 10", oneResult(`{"ruleId":"r","message":{"text":"m"}}`, `{"id":"r","properties":{"security-severity":"11"}}`), `security-severity="11"`},
		{"a score that is no number", oneResult(`{"ruleId":"r","message":{"text":"m"}}`, `{"id":"r","properties":{"security-severity":"NaN"}}`), `security-severity="NaN"`},
		{"an index beyond the rules", oneResult(`{"ruleIndex":1,"message":{"text":"m"}}`, `{"id":"r"}`), "ruleIndex=1"},
		{"an index beyond the artifacts", oneResult(`{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"index":3}}}]}`, ""), "index=3"},
		{"an index beyond the extensions", oneResult(`{"rule":{"index":0,"toolComponent":{"index":2}},"message":{"text":"m"}}`, ""), "toolComponent.index=2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromSARIF(strings.NewReader(test.text))
			if err == nil {
				t.Fatalf("was believed: %+v", got)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\ndoes not say %q", err, test.want)
			}
		})
	}
}

func TestToolsOwnFingerprintsCount(t *testing.T) {
	read := func(fingerprints, message string) string {
		t.Helper()
		log := oneResult(`{"ruleId":"r","message":{"text":"`+message+`"},"partialFingerprints":`+fingerprints+`}`, "")
		got, err := FromSARIF(strings.NewReader(log))
		if err != nil {
			t.Fatal(err)
		}
		return got[0].Fingerprint
	}
	if read(`{"hash/v1":"a","line/v1":"b"}`, "one") != read(`{"line/v1":"b","hash/v1":"a"}`, "two") {
		t.Error("equal fingerprints of the tool make different ones")
	}
	if read(`{"hash/v1":"a"}`, "one") == read(`{"hash/v1":"b"}`, "one") {
		t.Error("different fingerprints of the tool make equal ones")
	}
}

// hostile are findings whose texts mean something in some format.
var hostile = []Finding{
	{Tool: "a", Rule: "r", Severity: Critical, Message: "x", Location: Location{File: "a:b/c d%20e#f?g.java", Line: 1, Column: 2}},
	{Tool: "a", Rule: "r", Severity: Info, Message: "<script>alert(1)</script>", Help: "https://example.com/?a=<b>"},
	{Tool: "b", Rule: "", Severity: Low, Message: "\u202e \x1b[31m", Help: "javascript:alert(1)", Location: Location{File: "/abs/ü.go"}},
	{Tool: "b", Rule: "s/t", Severity: High, Message: "{0} %s", Location: Location{File: "x", Line: 3}},
}

func TestWrittenSARIFReadsBack(t *testing.T) {
	for i := range hostile {
		hostile[i] = hostile[i].Identified()
	}
	var out bytes.Buffer
	if err := WriteSARIF(&out, hostile); err != nil {
		t.Fatal(err)
	}
	readByOthers(t, out.Bytes(), len(hostile))
	got, err := FromSARIF(&out)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range hostile {
		want.Help = want.Link() // only addresses of the web are written
		if i == 0 {
			want.Help = got[1].Help // of the same rule, which is described once
		}
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("read back %+v\nwritten   %+v", got[i], want)
		}
	}
}

func TestNothingFoundIsWrittenAsARunThatLooked(t *testing.T) {
	var out bytes.Buffer
	if err := WriteSARIF(&out, nil); err != nil {
		t.Fatal(err)
	}
	readByOthers(t, out.Bytes(), 0)
	if got, err := FromSARIF(&out); err != nil || len(got) != 0 {
		t.Errorf("%v, error %v", got, err)
	}
}

func TestWriteSARIFRefusesAnUnknownSeverity(t *testing.T) {
	err := WriteSARIF(&bytes.Buffer{}, []Finding{{Tool: "t", Rule: "r", Severity: "grim", Message: "m"}})
	if err == nil || !strings.Contains(err.Error(), `"grim"`) {
		t.Errorf("error: %v", err)
	}
}

// readByOthers makes sure that another implementation reads as many results.
func readByOthers(t *testing.T, data []byte, want int) {
	t.Helper()
	log, err := sarif.FromBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for _, run := range log.Runs {
		got += len(run.Results)
	}
	if log.Version != string(sarif.Version210) || got != want {
		t.Errorf("go-sarif reads %d results of version %s, want %d", got, log.Version, want)
	}
}

func FuzzFromSARIF(f *testing.F) {
	for _, name := range []string{"gitleaks.sarif", "osv-scanner.sarif", "checkov.sarif"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		findings, err := FromSARIF(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteSARIF(&out, findings); err != nil {
			t.Fatal(err)
		}
		again, err := FromSARIF(&out)
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if len(again) != len(findings) {
			t.Fatalf("read back %d of %d findings", len(again), len(findings))
		}
	})
}
