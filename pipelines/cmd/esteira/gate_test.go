package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/gate"
	"github.com/esteira/esteira/pipelines/predictions"
	"github.com/esteira/esteira/pipelines/report"
)

// The digests of two models.
var (
	newModel = strings.Repeat("a", 64)
	oldModel = strings.Repeat("b", 64)
)

// goodPolicy is met by evaluations of 300 rows with few mistakes.
const goodPolicy = "version: 1\ngate:\n  accuracy: 0.9\n  margin: 0.05\n  rubberStamp: true\n"

// evaluation writes an evaluation of 300 rows with so many mistakes; change may damage its declaration, or its text.
func evaluation(t *testing.T, model string, mistakes int, change func(d *predictions.Declaration, text *string)) string {
	t.Helper()
	const rows = 300
	lines := []string{"id,label,prediction,probability_cat,probability_dog,slice_size"}
	for i := range rows {
		label, other, size := "cat", "dog", "small"
		if i%2 == 1 {
			label, other, size = other, label, "large"
		}
		if i < mistakes {
			label, other = other, label
		}
		probabilities := "0.9,0.1"
		if label == "dog" {
			probabilities = "0.1,0.9"
		}
		truth := label
		if i < mistakes {
			truth = other
		}
		lines = append(lines, fmt.Sprintf("%03d,%s,%s,%s,%s", i, truth, label, probabilities, size))
	}
	text := strings.Join(lines, "\n") + "\n"
	d := predictions.Declaration{
		Version: 1, Protocol: predictions.HoldOut, Classes: []string{"cat", "dog"}, Seed: 7,
		Model:     predictions.Model{SHA256: model},
		Data:      predictions.Data{Name: "animals", SHA256: strings.Repeat("d", 64), Rows: rows},
		TrainedOn: []string{strings.Repeat("e", 64)}, Predictions: predictions.File{File: "predictions.csv", Rows: rows},
	}
	if change != nil {
		change(&d, &text)
	}
	if d.Predictions.SHA256 == "" {
		sum := sha256.Sum256([]byte(text))
		d.Predictions.SHA256 = hex.EncodeToString(sum[:])
	}
	declaration, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return folder(t, map[string]string{"evaluation.json": string(declaration), "predictions.csv": text})
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func policyFile(t *testing.T, text string) string {
	t.Helper()
	return filepath.Join(folder(t, map[string]string{"esteira.yaml": text}), "esteira.yaml")
}

// replaced replaces a part of the text of predictions.
func replaced(old, new string) func(*predictions.Declaration, *string) {
	return func(_ *predictions.Declaration, text *string) { *text = strings.Replace(*text, old, new, 1) }
}

// stageOf reads the stage that a call wrote.
func stageOf(t *testing.T, dir string) report.Stage {
	t.Helper()
	var stage report.Stage
	readJSON(t, filepath.Join(dir, "stage.json"), &stage)
	return stage
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestGateExitsWithZeroWhateverTheVerdict(t *testing.T) {
	good, bad, unsure := evaluation(t, newModel, 6, nil), evaluation(t, newModel, 90, nil), evaluation(t, newModel, 27, nil)
	champion := evaluation(t, oldModel, 6, nil)
	for _, test := range []struct {
		name     string
		args     []string
		decision gate.Decision
		status   report.Status
	}{
		{"bless", []string{"--candidate", good, "--champion", champion}, gate.Bless, report.Passed},
		{"reject", []string{"--candidate", bad, "--champion", champion}, gate.Reject, report.Failed},
		{"inconclusive", []string{"--candidate", unsure, "--champion", equallyUnsure(t)}, gate.Inconclusive, report.Undecided},
		{"unchanged", []string{"--candidate", good, "--production", newModel}, gate.Unchanged, report.Passed},
		{"no champion", []string{"--candidate", good}, gate.RubberStamp, report.Undecided},
		{"no champion, approved", []string{"--candidate", good, "--approved-by", "Ada"}, gate.RubberStamp, report.Passed},
		{"worn out", []string{"--candidate", good, "--champion", champion, "--judged", "20"}, gate.Inconclusive, report.Undecided},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			var stdout, stderr bytes.Buffer
			code := run(append([]string{"gate", "--policy", policyFile(t, goodPolicy), "--output", out}, test.args...), &stdout, &stderr)
			if code != 0 || !strings.HasPrefix(stdout.String(), string(test.decision)+": ") || stderr.Len() != 0 {
				t.Fatalf("exit code %d, %q, %q", code, &stdout, &stderr)
			}
			stage := stageOf(t, out)
			if stage.Status != test.status || len(stage.Figures) != 3 {
				t.Errorf("stage %s with %d figures: %s", stage.Status, len(stage.Figures), stage.Summary)
			}
			if err := (report.Run{Stages: []report.Stage{stage}}).Err(); (err != nil) != test.status.Red() {
				t.Errorf("as a run: %v", err)
			}
		})
	}
}

// equallyUnsure is a champion that is as good as a candidate with 27 mistakes.
func equallyUnsure(t *testing.T) string { return evaluation(t, oldModel, 27, nil) }

func TestGateWritesEverything(t *testing.T) {
	out := t.TempDir()
	call := []string{"gate", "--policy", policyFile(t, goodPolicy), "--candidate", evaluation(t, newModel, 6, nil), "--champion", evaluation(t, oldModel, 7, nil), "--output", out}
	var stdout, stderr bytes.Buffer
	if code := run(call, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d, %s", code, &stderr)
	}
	if want := []string{"confusion.svg", "intervals.svg", "record.json", "reliability.svg", "stage.json", "statement.json", "verdict.md"}; !slices.Equal(names(t, out), want) {
		t.Errorf("%v, want %v", names(t, out), want)
	}
	var statement gate.Statement
	readJSON(t, filepath.Join(out, "statement.json"), &statement)
	if statement.PredicateType != gate.PredicateType || len(statement.Subject) != 1 || statement.Subject[0].Name != "model.onnx" || statement.Subject[0].Digest["sha256"] != newModel {
		t.Errorf("%+v", statement)
	}
	var record map[string]any
	readJSON(t, filepath.Join(out, "record.json"), &record)
	var statementAsMap struct{ Predicate map[string]any }
	readJSON(t, filepath.Join(out, "statement.json"), &statementAsMap)
	if !reflect.DeepEqual(record, statementAsMap.Predicate) || len(record) == 0 {
		t.Error("the statement's predicate is not the record")
	}
	markdown, err := os.ReadFile(filepath.Join(out, "verdict.md"))
	if err != nil || !strings.HasPrefix(string(markdown), "# Verdict: bless") {
		t.Errorf("%v, %.60s", err, markdown)
	}
	for _, figure := range stageOf(t, out).Figures {
		if !strings.Contains(figure.SVG, "<desc>") || figure.Alt == "" {
			t.Errorf("%q has no words", figure.Title)
		}
	}
	before := contents(t, out)
	if code := run(call, &stdout, &stderr); code != 0 || !reflect.DeepEqual(contents(t, out), before) {
		t.Errorf("exit code %d: the same call again writes something else", code)
	}
}

// A drawing of an earlier verdict does not stay beside a later one.
func TestGateLeavesNoFigureOfAnEarlierVerdict(t *testing.T) {
	out, policy := t.TempDir(), policyFile(t, goodPolicy)
	bare := evaluation(t, newModel, 6, func(_ *predictions.Declaration, text *string) {
		lines := strings.Split(*text, "\n")
		for i, line := range lines {
			if fields := strings.Split(line, ","); len(fields) > 3 {
				lines[i] = strings.Join(fields[:3], ",")
			}
		}
		*text = strings.Join(lines, "\n")
	})
	for _, candidate := range []string{evaluation(t, newModel, 6, nil), bare} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"gate", "--policy", policy, "--candidate", candidate, "--output", out}, &stdout, &stderr); code != 0 {
			t.Fatalf("exit code %d, %s", code, &stderr)
		}
	}
	if files := names(t, out); slices.Contains(files, "reliability.svg") || len(stageOf(t, out).Figures) != 2 {
		t.Errorf("without probabilities: %v", files)
	}
}

func TestGateRefuses(t *testing.T) {
	good, champion, policy := evaluation(t, newModel, 6, nil), evaluation(t, oldModel, 6, nil), policyFile(t, goodPolicy)
	damaged := func(change func(*predictions.Declaration, *string)) []string {
		return []string{"--policy", policy, "--candidate", evaluation(t, newModel, 6, change)}
	}
	under := func(text string) []string {
		return []string{"--policy", policyFile(t, text), "--candidate", good, "--champion", champion}
	}
	against := func(change func(*predictions.Declaration, *string)) []string {
		return []string{"--policy", policy, "--candidate", good, "--champion", evaluation(t, oldModel, 6, change)}
	}
	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"no policy", []string{"--candidate", good}, 2, "gate: --policy is missing"},
		{"no candidate", []string{"--policy", policy}, 2, "gate: --candidate is missing"},
		{"negative count", []string{"--policy", policy, "--candidate", good, "--judged", "-1"}, 2, "--judged is -1"},
		{"no digest", []string{"--policy", policy, "--candidate", good, "--production", "7"}, 2, `--production is "7"`},
		{"policy that is missing", []string{"--policy", "missing.yaml", "--candidate", good}, 1, "missing.yaml"},
		{"policy without a gate", under("version: 1\n"), 1, "esteira.yaml: it has no gate"},
		{"unknown key", under(goodPolicy + "  acuracy: 0.9\n"), 1, "gate.acuracy"},
		{"impossible margin", under("version: 1\ngate: {accuracy: 0.9, margin: 0}\n"), 1, "gate.margin"},
		{"negative margin", under("version: 1\ngate: {accuracy: 0.9, margin: -0.1}\n"), 1, "gate.margin"},
		{"empty slice", under(goodPolicy + "  slices: {noHarm: [{column: size, value: huge}]}\n"), 1, "the slice size=huge is empty"},
		{"no such slice column", under(goodPolicy + "  slices: {noHarm: [{column: colour, value: red}]}\n"), 1, "it has no column slice_colour"},
		{"no evaluation", []string{"--policy", policy, "--candidate", t.TempDir()}, 1, "evaluation.json: no such file"},
		{"NaN", damaged(replaced("0.9,0.1", "NaN,0.1")), 1, `predictions.csv:3: column probability_cat: "NaN" is not a number`},
		{"infinite", damaged(replaced("0.9,0.1", "0.9,Inf")), 1, `column probability_dog: "Inf" is infinite`},
		{"negative", damaged(replaced("0.9,0.1", "0.9,-0.1")), 1, `column probability_dog: "-0.1" is negative`},
		{"sum", damaged(replaced("0.9,0.1", "0.9,0.2")), 1, "sum is 1.1, not one"},
		{"unknown label", damaged(replaced("010,cat", "010,cow")), 1, `predictions.csv:12: column label: "cow"`},
		{"duplicate id", damaged(replaced("\n011,", "\n010,")), 1, `predictions.csv:13: column id: "010" is the id of the row before`},
		{"unsorted", damaged(replaced("\n011,", "\n001,")), 1, `predictions.csv:13: column id: "001" follows "010"`},
		{"wrong header", damaged(replaced("id,label", "id,truth")), 1, `header: column 2 is "truth", want "label"`},
		{"digest", damaged(func(d *predictions.Declaration, _ *string) { d.Predictions.SHA256 = newModel }), 1, "it was changed after it was declared"},
		{"in-sample", damaged(func(d *predictions.Declaration, _ *string) { d.TrainedOn = []string{d.Data.SHA256} }), 1, "these rows were trained on"},
		{"other rows", against(replaced("\n011,", "\n0109,")), 1, `predictions.csv:13: column id: "0109", but`},
		{"other labels", against(replaced("010,cat,cat", "010,dog,cat")), 1, `predictions.csv:12: column label: "dog", but`},
		{"other slices", against(replaced("small", "large")), 1, `predictions.csv:2: column slice_size: "large", but`},
		{"other data", against(func(d *predictions.Declaration, _ *string) { d.Data.SHA256 = newModel }), 1, "data.sha256"},
		{"no champion's predictions", []string{"--policy", policy, "--candidate", good, "--production", oldModel}, 1, "there are no predictions of it"},
		{"another champion", []string{"--policy", policy, "--candidate", good, "--champion", champion, "--production", strings.Repeat("c", 64)}, 1, "production has"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			var stdout, stderr bytes.Buffer
			code := run(append([]string{"gate", "--output", out}, test.args...), &stdout, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit code %d, want %d; %q, want %q in it", code, test.code, &stderr, test.stderr)
			}
			if !strings.HasPrefix(stderr.String(), "esteira: ") || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() != 0 {
				t.Errorf("it is not one plain error: %q, %q", &stderr, &stdout)
			}
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range names(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		found[name] = string(text)
	}
	return found
}
