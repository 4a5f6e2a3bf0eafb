package gate

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/esteira/esteira/pipelines/gate/policy"
	"github.com/esteira/esteira/pipelines/predictions"
)

// everything is a case whose record has every field that there is.
func everything(t *testing.T) Case {
	t.Helper()
	p := usual
	p.Anchor = &policy.Anchor{SHA256: digestOf("anchor"), Margin: 0.05}
	p.Metrics.Recall = map[string]float64{"a": 0.5}
	p.Slices.Proof = []policy.Proof{{Column: "size", Value: "small", Accuracy: 0.9, Margin: 0.05}}
	p.Slices.NoHarm = []policy.NoHarm{{Column: "size", Value: "large"}}
	candidate, champion := duel{bothRight: 140, won: 2, lost: 4, bothWrong: 4, small: 50, protocol: predictions.OutOfFold}.samples()
	anchor := champion
	anchor.model = "anchor"
	return Case{
		Policy: p, Candidate: candidate.open(t), Champion: champion.open(t), Anchor: anchor.open(t),
		Production: digestOf("champion"), Judged: 3,
	}
}

func recordOf(t *testing.T, c Case) (Record, string) {
	t.Helper()
	v, err := c.Judge()
	must(t, err)
	record, err := c.Record(v)
	must(t, err)
	text, err := json.MarshalIndent(record, "", "  ")
	must(t, err)
	return record, string(text)
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile("../../docs/schema/gate-record.schema.json")
	must(t, err)
	return compiled
}

func invalid(t *testing.T, text string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	must(t, err)
	return schema(t).Validate(value)
}

// The records of all decisions follow the published schema, which allows no field that it does not know.
func TestRecordsFollowTheSchema(t *testing.T) {
	full := everything(t)
	_, text := recordOf(t, full)
	if err := invalid(t, text); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	for _, field := range []string{"needed", "power", "anchor", "champion", "slice", "class", "flips", "folds", "method", "note"} {
		if !strings.Contains(text, `"`+field+`"`) {
			t.Errorf("the full record has no %s, so that nothing is proven of it", field)
		}
	}
	stamped := Case{Policy: Policy{Accuracy: 0.8, Margin: 0.05, RubberStamp: true}, Candidate: full.Candidate, ApprovedBy: "somebody"}
	unchanged := Case{Policy: usual, Candidate: full.Candidate, Production: digestOf("candidate")}
	bad, champion := duel{bothRight: 50, bothWrong: 50}.samples()
	rejected := Case{Policy: usual, Candidate: bad.open(t), Champion: champion.open(t)}
	for want, c := range map[Decision]Case{RubberStamp: stamped, Unchanged: unchanged, Reject: rejected} {
		record, text := recordOf(t, c)
		if record.Decision != want || record.Approved != (want == RubberStamp) {
			t.Errorf("%s, approved %v, want %s", record.Decision, record.Approved, want)
		}
		if err := invalid(t, text); err != nil {
			t.Errorf("%s: %v\n%s", want, err, text)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	_, text := recordOf(t, everything(t))
	for old, new := range map[string]string{
		`"verdict": "`:                     `"verdict": "very `,
		`"version": 1`:                     `"version": 2`,
		`"judged": 3`:                      `"judged": -1`,
		`"sentence"`:                       `"sentences"`,
		digestOf("data"):                   "data",
		`"outcome": "pass"`:                `"outcome": "fine"`,
		`"name": "accuracy"`:               `"name": "precise"`,
		`"approved": false`:                `"approved": "no"`,
		`"rows": 150`:                      `"rows": 0`,
		`"protocol": "out-of-fold"`:        `"protocol": "in-sample"`,
		`"lower"`:                          `"lowest"`,
		`"predictions": "`:                 `"predictions": "x`,
		`"classes": [` + "\n" + `    "a",`: `"classes": [` + "\n" + `    7,`,
	} {
		if !strings.Contains(text, old) {
			t.Errorf("%s is not in the record", old)
		}
		if err := invalid(t, strings.ReplaceAll(text, old, new)); err == nil {
			t.Errorf("%s is taken for %s", new, old)
		}
	}
}

// The same judgement is the same record, byte for byte: nothing in it is a time or a place.
func TestRecordIsReproducible(t *testing.T) {
	c := everything(t)
	_, first := recordOf(t, c)
	_, second := recordOf(t, everything(t))
	if first != second {
		t.Errorf("%s\n%s", first, second)
	}
	c.Policy.Margin = 0.06
	_, other := recordOf(t, c)
	digest := func(text string) string {
		var record Record
		must(t, json.Unmarshal([]byte(text), &record))
		return record.Policy.SHA256
	}
	if digest(first) == digest(other) {
		t.Error("another policy has the same digest")
	}
}

// A default that is written down is the same policy.
func TestDigestOfDefaults(t *testing.T) {
	said := usual.WithDefaults()
	a, err := usual.Digest()
	must(t, err)
	b, err := said.Digest()
	must(t, err)
	if a != b {
		t.Errorf("%s, with its defaults %s", a, b)
	}
}

func TestStatement(t *testing.T) {
	record, _ := recordOf(t, everything(t))
	text, err := json.Marshal(record.Statement())
	must(t, err)
	var got map[string]any
	must(t, json.Unmarshal(text, &got))
	if got["_type"] != "https://in-toto.io/Statement/v1" || got["predicateType"] != PredicateType || len(got) != 4 {
		t.Errorf("%s", text)
	}
	want := `"subject":[{"name":"model.onnx","digest":{"sha256":"` + digestOf("candidate") + `"}}]`
	if !bytes.Contains(text, []byte(want)) {
		t.Errorf("%s\nhas no %s", text, want)
	}
	predicate, ok := got["predicate"].(map[string]any)
	if !ok || predicate["verdict"] != string(record.Decision) {
		t.Errorf("the predicate is %v", got["predicate"])
	}
}
