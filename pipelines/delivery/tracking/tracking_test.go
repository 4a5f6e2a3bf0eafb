package tracking

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/esteira/esteira/pipelines/gate"
	"github.com/esteira/esteira/pipelines/release"
)

// testdata is what a real MLflow 3.17.2 answered, and what the gate said: version 1 was the first and a person approved it, 2 was
// rejected, 3 is blessed.
const (
	first  = "6ab2007cde83db6de8c223a163fe41ca1ebb73cfcc5c081d9eedc3588d91006d"
	second = "3ac278d939f718fd481ab7fe93082a23fb17954054a127aaf58896ca41d53b58"
	third  = "bf65b4967b7129468c142f3b8a57ab374ecb50ab8b9a4d3b49512d99dcda480b"
)

// known is what is known where nothing is missing: version 1 runs in staging and production.
func known(t *testing.T) Input {
	t.Helper()
	var in Input
	var err error
	if in.Versions, err = ReadVersions(open(t, "versions.json")); err != nil {
		t.Fatal(err)
	}
	if in.Runs, err = ReadRuns(open(t, "runs.json")); err != nil {
		t.Fatal(err)
	}
	if in.Records, err = ReadRecords(os.DirFS("testdata/records")); err != nil {
		t.Fatal(err)
	}
	run := in.Runs[in.version(first).Run]
	model := release.Model{
		Version: "1", SHA256: first, Source: run.Commit, Data: run.Data,
		Gate: release.Gate{Verdict: "rubber-stamp", ApprovedBy: "A. Person", Record: in.Records[first][0].SHA256},
	}
	in.Histories, in.Running = map[string][]release.Entry{}, map[string][]string{}
	for _, environment := range []string{"staging", "prod"} {
		empty := release.Set{Environment: environment, Models: map[string]release.Model{}}
		set := release.Set{Environment: environment, Sequence: 1, Models: map[string]release.Model{"iris": model}}
		in.Histories[environment] = []release.Entry{{Commit: "a", Set: empty}, {Commit: "b", Time: time.Unix(1, 0), Set: set}}
		in.Running[environment] = []string{first}
	}
	return in
}

func (in Input) version(sha256 string) *Version {
	return &in.Versions[slices.IndexFunc(in.Versions, func(v Version) bool { return v.SHA256 == sha256 })]
}

func open(t *testing.T, name string) *bytes.Reader {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

func TestAllTracked(t *testing.T) {
	t.Parallel()
	r := Track(known(t))
	if r.Red() || r.Tracked() != 3 || len(r.Models) != 3 || r.Stage().Status != "passed" {
		t.Fatalf("%d of %d\n%+v", r.Tracked(), len(r.Models), r.Models)
	}
	var text bytes.Buffer
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{
		"iris 1 (sha256:6ab2007cde83): data → run → gate → set → environment; it runs in prod, staging",
		"iris 2 (sha256:3ac278d939f7): data → run → gate; the gate said reject: it goes no further",
		"iris 3 (sha256:bf65b4967b71): data → run → gate; blessed, and not promoted yet",
		"gate         rubber-stamp in m1/statement.json", "set          set 1 of prod, set 1 of staging",
		"3 of 3 versions are tracked, 100.0 %",
	} {
		if !strings.Contains(text.String(), says) {
			t.Errorf("%q is not in\n%s", says, &text)
		}
	}
}

// Each fault is one missing link, by its step, with what is missing and what to do; all others stay.
func TestMissingLinks(t *testing.T) {
	t.Parallel()
	edit := func(in *Input, change func(*release.Model)) {
		set := &in.Histories["prod"][1].Set
		model := set.Models["iris"]
		change(&model)
		set.Models = map[string]release.Model{"iris": model}
	}
	rerun := func(in *Input, change func(*Run)) {
		id := in.version(first).Run
		run := in.Runs[id]
		change(&run)
		in.Runs[id] = run
	}
	for _, test := range []struct {
		name  string
		fault func(*Input)
		steps string
		says  string
	}{
		{"no digest", func(in *Input) { in.version(third).SHA256 = "" }, "run", "the version has no tag sha256"},
		{"no run", func(in *Input) { in.version(first).Run = "" }, "data run", "the registry has no version with this digest that came from a run"},
		{"a run that is gone", func(in *Input) { delete(in.Runs, in.version(first).Run) }, "data run", "is not in the registry: it was deleted"},
		{"a run without data", func(in *Input) { rerun(in, func(r *Run) { r.Data = "" }) }, "data", "has no training data with a sha256"},
		{"a run without a commit", func(in *Input) { rerun(in, func(r *Run) { r.Commit = "" }) }, "run", "does not say its commit"},
		{"a run that did not end", func(in *Input) { rerun(in, func(r *Run) { r.Status = "RUNNING" }) }, "run", "is RUNNING"},
		{"a run of another model", func(in *Input) { rerun(in, func(r *Run) { r.Model = second }) }, "run", "trained another model, sha256:3ac278d939f7"},
		{"other data", func(in *Input) { rerun(in, func(r *Run) { r.Data = second }) }, "gate set", "out of fold, and it was trained on sha256:3ac278d939f7"},
		{"no record", func(in *Input) { delete(in.Records, third) }, "gate", "no record of the gate is about it"},
		{"no record of what runs", func(in *Input) { delete(in.Records, first) }, "gate", "no record of the gate is about it"},
		{"another number", func(in *Input) { edit(in, func(m *release.Model) { m.Version = "9" }) }, "set", "set 1 of prod calls it version 9, and the registry 1"},
		{"another source", func(in *Input) { edit(in, func(m *release.Model) { m.Source = second[:40] }) }, "set", "set 1 of prod says that its source is"},
		{"a set without data", func(in *Input) { edit(in, func(m *release.Model) { m.Data = "" }) }, "set", `set 1 of prod says that its data are ""`},
		{"another record", func(in *Input) { edit(in, func(m *release.Model) { m.Gate.Record = second }) }, "set", "set 1 of prod names the record"},
		{"other files", func(in *Input) { in.Running["prod"] = []string{second} }, "environment", "no MODEL_SHA256 of k8s/overlays/prod/release names it"},
		{"no files", func(in *Input) { in.Running = nil }, "environment", "no MODEL_SHA256 of k8s/overlays/prod/release names it; set 1 of staging has it"},
		{"a model that was not approved", func(in *Input) { in.Records[first][0].Approved = false }, "gate", "m1/statement.json says rubber-stamp, and set 1 of prod has it"},
		{"a model that the gate rejected", func(in *Input) {
			in.Records[first][0].Decision = gate.Reject
		}, "gate", "m1/statement.json says reject, and set 1 of prod has it"},
		{"a model that nobody registered", func(in *Input) {
			in.Versions = slices.DeleteFunc(in.Versions, func(v Version) bool { return v.SHA256 == first })
		}, "data run", "the registry has no version with this digest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := known(t)
			test.fault(&in)
			r := Track(in)
			var steps, says []string
			for _, m := range r.Models {
				for _, l := range m.Links {
					if l.Missing != "" {
						steps, says = append(steps, string(l.Step)), append(says, l.Missing)
					}
					if (l.Missing == "") != (l.Remedy == "") || (l.Missing == "") != (l.Found != "") {
						t.Errorf("%+v", l)
					}
				}
			}
			if !r.Red() || r.Tracked() != 2 || strings.Join(steps, " ") != test.steps || !strings.Contains(strings.Join(says, "\n"), test.says) {
				t.Errorf("%d of %d; %q, want %q; %q, want %q", r.Tracked(), len(r.Models), steps, test.steps, says, test.says)
			}
			if stage := r.Stage(); stage.Status != "failed" || len(stage.Findings) != len(steps) || stage.Findings[0].Check() != nil {
				t.Errorf("%s %+v", stage.Status, stage.Findings)
			}
		})
	}
}

// What ran once is as much tracked as what runs.
func TestEarlier(t *testing.T) {
	t.Parallel()
	in := known(t)
	for environment := range in.Histories {
		next := release.Set{Environment: environment, Sequence: 2, Models: map[string]release.Model{}}
		in.Histories[environment] = append(in.Histories[environment], release.Entry{Commit: "c", Set: next})
	}
	r := Track(in)
	i := slices.IndexFunc(r.Models, func(m Model) bool { return m.SHA256 == first })
	if r.Red() || r.Models[i].End != "it ran, and runs nowhere any more" {
		t.Errorf("%+v", r.Models[i])
	}
}

func TestNothingIsNoShare(t *testing.T) {
	t.Parallel()
	if r := Track(Input{}); !r.Red() || r.Stage().Status != "undecided" {
		t.Errorf("%+v", r.Stage())
	}
}

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	versions := func(text string) error { _, err := ReadVersions(strings.NewReader(text)); return err }
	runs := func(text string) error { _, err := ReadRuns(strings.NewReader(text)); return err }
	for _, test := range []struct {
		name, text, says string
		read             func(string) error
	}{
		{"nothing", "", "the registry's answer is empty", versions},
		{"a page", "<html>", "answer 1 of the registry", versions},
		{"a list", "[]", "answer 1 of the registry", runs},
		{"cut off", `{"runs": [`, "answer 1 of the registry", runs},
		{"a page that is missing", `{"model_versions": [], "next_page_token": "abc"}`, `there is a page after answer 1: ask with page_token "abc"`, versions},
		{"all pages", `{"next_page_token": "abc"}{"model_versions": []}`, "", versions},
		{"no version", `{}`, "", versions},
	} {
		err := test.read(test.text)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	statement, err := os.ReadFile("testdata/records/m1/statement.json")
	if err != nil {
		t.Fatal(err)
	}
	signed := fmt.Sprintf(`{"payloadType": "application/vnd.in-toto+json", "payload": %q, "signatures": []}`, base64.StdEncoding.EncodeToString(statement))
	for _, test := range []struct {
		name, text, says string
	}{
		{"plain", string(statement), ""},
		{"signed", signed, ""},
		{"no JSON", "{", "a.json: unexpected end"},
		{"something else", "{}", `a.json: predicateType is "": want a statement.json of the gate`},
		{"about another model", strings.Replace(string(statement), first, second, 1), "its subject is not the model of its record"},
	} {
		records, err := ReadRecords(fstest.MapFS{"a.json": {Data: []byte(test.text)}, "readme.md": {Data: []byte("x")}})
		switch {
		case test.says == "" && (err != nil || len(records[first]) != 1 || len(records[first][0].SHA256) != 64):
			t.Errorf("%s: %v %v", test.name, slices.Collect(maps.Keys(records)), err)
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: %v does not say %q", test.name, err, test.says)
		}
	}
}

func TestRunning(t *testing.T) {
	t.Parallel()
	ours, err := Running(os.DirFS("../../../k8s/overlays/prod"))
	if err != nil || len(ours) != 1 || len(ours[0]) != 64 {
		t.Errorf("%v %v", ours, err)
	}
	if none, err := Running(fstest.MapFS{}); err != nil || none != nil {
		t.Errorf("%v %v", none, err)
	}
	if _, err := Running(fstest.MapFS{"release/kustomization.yaml": {Data: []byte("a: [")}}); err == nil {
		t.Error("what is no YAML was read")
	}
}

func FuzzReadRuns(f *testing.F) {
	f.Add([]byte(`{"runs": [{"info": {"run_id": "a"}, "inputs": {"dataset_inputs": [{"tags": [{"key": "mlflow.data.context", "value": "training"}], "dataset": {"source": "{}"}}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		runs, err := ReadRuns(bytes.NewReader(text))
		for id, run := range runs {
			if err == nil && id != run.ID {
				t.Errorf("%q is %+v", id, run)
			}
		}
	})
}

func FuzzReadRecord(f *testing.F) {
	statement, err := os.ReadFile("testdata/records/m1/statement.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(statement)
	f.Add([]byte(`{"payload": "e30="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if record, err := readRecord(text); err == nil && record.Model.SHA256 == "" {
			t.Errorf("a record of no model: %+v", record)
		}
	})
}
