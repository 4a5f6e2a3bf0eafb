package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/acceptance"
)

// A scan that cannot decide says why, and what it found all the same.
func TestScanUndecided(t *testing.T) {
	t.Parallel()
	const plan = `{"roots": [{"path": "weak", "plan": "weak.json", "unknown": [], "files": []}`
	for _, test := range []struct{ name, index, tool, want string }{
		{"tools that print nothing", plan + `]}`, "true", " printed nothing"},
		{"tools that fail", plan + `]}`, "false", "false: exit status 1"},
		{"no tools", plan + `]}`, "/nowhere/tool", "no such file"},
		{"a root without a plan", plan + `, {"path": "prod", "failed": "it has a circle", "unknown": [], "files": []}]}`, "true", "prod has no plan: it has a circle"},
	} {
		weak, err := os.ReadFile("../../tfplan/scan/testdata/weak.json")
		if err != nil {
			t.Fatal(err)
		}
		planned, out := folder(t, map[string]string{"weak.json": string(weak), "index.json": test.index}), t.TempDir()
		err = scanTerraform([]string{
			"--source=../../tfplan/scan/testdata", "--planned=" + planned, "--checkov=" + test.tool, "--conftest=" + test.tool, "--out=" + out,
		}, io.Discard)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		said, err := readFile(filepath.Join(out, "said.json"), acceptance.ReadSaid)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(said.Undecided, test.want) || said.Judged != 3 {
			t.Errorf("%s: undecided is %q of %d, want %q", test.name, said.Undecided, said.Judged, test.want)
		}
		if len(said.Remarks) != 2 {
			t.Errorf("%s: %d remarks, want those on a suppression and on a variable", test.name, len(said.Remarks))
		}
	}
}

func TestScanRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ index, plan, want string }{
		{`{"roots": [`, "", "index.json"},
		{`{"roots": [{"path": "weak", "plan": "weak.json"}]}`, `{"format_version": "1.2", "resource_chan`, "cut off"},
		{`{"roots": [{"path": "weak", "plan": "weak.json"}]}`, `{"format_version": "2.0"}`, "format 2.0"},
	} {
		planned := folder(t, map[string]string{"index.json": test.index, "weak.json": test.plan})
		err := scanTerraform([]string{"--source=.", "--planned=" + planned, "--out=" + t.TempDir()}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: error %v, want %q in it", test.index, test.plan, err, test.want)
		}
	}
	if err := scanTerraform([]string{"--source=."}, io.Discard); err == nil || !strings.Contains(err.Error(), "--planned") {
		t.Errorf("error %v", err)
	}
}
