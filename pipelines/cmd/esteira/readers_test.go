package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
)

var update = flag.Bool("update", false, "write the records that other projects test with anew; look at the difference before you commit it")

// recordReaders are where the projects that read a gate's record by themselves keep what they test with. A stage sees the
// folder of its own project alone, so each has a copy.
var recordReaders = []string{"../../../ml/training/tests/golden/gate", "../../../apps/inference-service/tests/golden/gate"}

// recordCases are the judgements that they have to tell apart: two that bless, and one like each that does not.
func recordCases(t *testing.T) map[string][]string {
	good, champion := evaluation(t, newModel, 6, nil), evaluation(t, oldModel, 7, nil)
	return map[string][]string{
		"bless":        {"--candidate", good, "--champion", champion},
		"reject":       {"--candidate", evaluation(t, newModel, 60, nil), "--champion", champion},
		"approved":     {"--candidate", good, "--approved-by", "Ada"},
		"rubber-stamp": {"--candidate", good},
	}
}

// What the readers' tests take for a gate's record is what the gate writes today, byte by byte.
func TestReadersTestWithTheRecordsThatTheGateWrites(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skipf("on %s the last digits of the figures may be others", runtime.GOARCH)
	}
	policy, cases := policyFile(t, goodPolicy), recordCases(t)
	for name, args := range cases {
		out := t.TempDir()
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"gate", "--policy", policy, "--output", out}, args...), &stdout, &stderr); code != 0 {
			t.Fatalf("%s: exit code %d, %s", name, code, &stderr)
		}
		for _, reader := range recordReaders {
			for _, file := range []string{"record.json", "statement.json"} {
				compareRecord(t, filepath.Join(reader, name, file), recordText(t, filepath.Join(out, file)))
			}
		}
	}
	for _, reader := range recordReaders {
		if kept := names(t, reader); len(kept) != len(cases) {
			t.Errorf("%s holds %v, and the gate has written only %d of them", reader, kept, len(cases))
		}
	}
}

var recordVersions = regexp.MustCompile(`"versions": \{[^}]*\}`)

// recordText is a file of the gate without the versions of what judged, which say nothing of the form.
func recordText(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return recordVersions.ReplaceAll(text, []byte(`"versions": {}`))
}

func compareRecord(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the gate writes (go test ./pipelines/cmd/esteira -update writes it anew)", file)
	}
}
