package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/gate/policy"
)

const (
	ours       = "../../esteira.yaml"
	schemaFile = "../../docs/schema/esteira.schema.json"
)

func TestOurs(t *testing.T) {
	config, err := ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	if config.Gate == nil || config.Gate.Accuracy != 0.9 || config.Gate.Margin != 0.05 || config.Gate.DesignEffect != 1.5 {
		t.Errorf("the gate's policy is %+v", config.Gate)
	}
	if config.Training == nil || config.Training.Dataset != "iris" || len(config.Components) < 3 {
		t.Errorf("%+v", config)
	}
}

// complete has every field that there is.
const complete = `version: 1
components:
  - name: orders
    path: apps/orders
    kind: java
    owner: java-team
gate:
  accuracy: 0.9
  margin: 0.05
  interval: clopper-pearson
  designEffect: 2
  judgements: 10
  rubberStamp: true
  anchor:
    sha256: "0123456789012345678901234567890123456789012345678901234567890123"
    margin: 0.1
  metrics:
    precision: {a.b: 0.5}
    recall: {a.b: 0.6}
    macroF1: 0.8
    balancedAccuracy: 0.7
    logLoss: 0.5
    brier: 0.3
  slices:
    minimumRows: 40
    proof:
      - {column: size, value: small, accuracy: 0.8, margin: 0.1, minimumRows: 50}
    noHarm:
      - {column: size, value: large, minimumRows: 60}
training:
  dataset: iris
  estimator: mlp
  parameters:
    alpha: 0.1
    hidden_layer_sizes: [100]
  folds: 5
  seed: 3
`

func TestComplete(t *testing.T) {
	got, err := Parse("esteira.yaml", []byte(complete))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Version:    1,
		Components: []Component{{Name: "orders", Path: "apps/orders", Kind: Java, Owner: "java-team"}},
		Gate: &policy.Policy{
			Accuracy: 0.9, Margin: 0.05, Interval: policy.ClopperPearson, DesignEffect: 2, Judgements: 10, RubberStamp: true,
			Anchor: &policy.Anchor{SHA256: strings.Repeat("0123456789", 6) + "0123", Margin: 0.1},
			Metrics: policy.Metrics{
				Precision: map[string]float64{"a.b": 0.5}, Recall: map[string]float64{"a.b": 0.6},
				MacroF1: 0.8, BalancedAccuracy: 0.7, LogLoss: 0.5, Brier: 0.3,
			},
			Slices: policy.Slices{
				MinimumRows: 40,
				Proof:       []policy.Proof{{Column: "size", Value: "small", Accuracy: 0.8, Margin: 0.1, MinimumRows: 50}},
				NoHarm:      []policy.NoHarm{{Column: "size", Value: "large", MinimumRows: 60}},
			},
		},
		Training: &Training{
			Dataset: "iris", Estimator: "mlp", Folds: 5, Seed: 3,
			Parameters: map[string]any{"alpha": 0.1, "hidden_layer_sizes": []any{int64(100)}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	if err := validate(t, complete); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

// Each is the complete file with one edit, and is refused with its line, its field and what to do; bySchema says whether
// an editor that only knows the schema sees it too.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		says           string
		bySchema       bool
	}{
		{"an unknown key", "gate:\n", "gates:\n", `esteira.yaml:7: gates: it is unknown`, true},
		{"an unknown key of a policy", "margin: 0.05", "margins: 0.05", `esteira.yaml:9: gate.margins: "0.05" is unknown`, true},
		{"an unknown key of a metric", "macroF1", "macrof1", `esteira.yaml:20: gate.metrics.macrof1: "0.8" is unknown`, true},
		{"an unknown key of a slice", "accuracy: 0.8, margin", "accuracies: 0.8, margin", `esteira.yaml:27: gate.slices.proof[0].accuracies: "0.8" is unknown`, true},
		{"an unknown key of a component", "owner: java-team", "team: java-team", `esteira.yaml:6: components[0].team: "java-team" is unknown`, true},
		{"a key in capitals", "accuracy: 0.9", "Accuracy: 0.9", `esteira.yaml:8: gate.Accuracy: "0.9" is unknown`, true},
		{"a key that is there twice", "margin: 0.05", "accuracy: 0.1\n  margin: 0.05", `key "accuracy" already set`, false},
		{"a second document", "training:", "---\ntraining:", `esteira.yaml:30: there is a second document`, false},
		{"no YAML", "components:", "components: [", "esteira.yaml: yaml: line", false},
		{"another version", "version: 1", "version: 2", `esteira.yaml:1: version: 2 is no version that is known`, true},
		{"no version", "version: 1\n", "", `version: 0 is no version that is known`, true},
		{"a text for a number", "accuracy: 0.9", "accuracy: high", `esteira.yaml:8: gate.accuracy: "high" is a string: want a value of type float64`, true},
		{"not a number", "accuracy: 0.9", "accuracy: .nan", "NaN", false},
		{"a fraction of a fold", "folds: 5", "folds: 5.5", `esteira.yaml:36: training.folds: "5.5" is a number 5.5: want a value of type int`, true},
		{"an accuracy of 1", "accuracy: 0.9", "accuracy: 1", `esteira.yaml:8: gate.accuracy: 1 is not between 0 and 1`, true},
		{"no accuracy", "  accuracy: 0.9\n", "", `esteira.yaml:7: gate.accuracy: 0 is not between 0 and 1`, true},
		{"a margin of nothing", "margin: 0.05", "margin: 0", `esteira.yaml:9: gate.margin: 0 is not between 0 and 1`, true},
		{"a negative margin", "margin: 0.05", "margin: -0.05", `esteira.yaml:9: gate.margin: -0.05 is not between 0 and 1`, true},
		{"a slice's impossible margin", "margin: 0.1, min", "margin: 1.5, min", `esteira.yaml:27: gate.slices.proof[0].margin: 1.5 is not`, true},
		{"a slice that is named twice", "value: large", "value: small", `esteira.yaml:29: gate.slices.noHarm[0]: size=small is named twice: slices.proof[0] has it`, false},
		{"a slice without a column", "column: size, value: large", "column: '', value: large", `esteira.yaml:29: gate.slices.noHarm[0].column: "" is empty`, true},
		{"an impossible recall", "recall: {a.b: 0.6}", "recall: {a.b: 1}", `esteira.yaml:19: gate.metrics.recall.a.b: 1 is not`, true},
		{"an impossible Brier score", "brier: 0.3", "brier: 2.5", `esteira.yaml:23: gate.metrics.brier: 2.5 is not between 0 and 2`, true},
		{"a design effect below 1", "designEffect: 2", "designEffect: 0.5", `esteira.yaml:11: gate.designEffect: 0.5 is less than 1`, true},
		{"an unknown interval", "clopper-pearson", "wald", `esteira.yaml:10: gate.interval: wald is neither`, true},
		{"no digest", "\"0123", "\"X123", `esteira.yaml:15: gate.anchor.sha256: "X123`, true},
		{"a path that leaves", "path: apps/orders", "path: ../orders", `esteira.yaml:4: components[0].path: "../orders" is no folder`, false},
		{"an unknown kind", "kind: java", "kind: cobol", `esteira.yaml:5: components[0].kind: "cobol" is none of`, true},
		{"nobody", "owner: java-team", "owner: ''", `esteira.yaml:6: components[0].owner: "" is nobody`, true},
		{"no name", "name: orders", "name: Orders 1", `esteira.yaml:3: components[0].name: "Orders 1" is no name`, true},
		{"one fold", "folds: 5", "folds: 1", `esteira.yaml:36: training.folds: 1 is less than 2`, true},
		{"no data set", "dataset: iris", "dataset: ''", `esteira.yaml:31: training.dataset: "" is no data set`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.Count(complete, test.old) == 0 {
				t.Fatalf("%q is not in the file", test.old)
			}
			text := strings.Replace(complete, test.old, test.new, 1)
			config, err := Parse("esteira.yaml", []byte(text))
			if err == nil {
				t.Fatalf("was read: %+v", config)
			}
			var wrong *Error
			if !strings.Contains(err.Error(), test.says) || !errors.As(err, &wrong) {
				t.Errorf("%v\ndoes not say\n%s", err, test.says)
			}
			if test.bySchema && validate(t, text) == nil {
				t.Error("the schema takes it")
			}
		})
	}
}

func TestSameComponentTwice(t *testing.T) {
	second := "  - {name: %s, path: %s, kind: java, owner: us}\ngate:\n"
	for says, values := range map[string][2]string{
		`components[1].name: "orders" is the name of components[0] already`:        {"orders", "apps/other"},
		`components[1].path: "apps/orders" is the folder of components[0] already`: {"other", "apps/orders"},
	} {
		line := strings.Replace(strings.Replace(second, "%s", values[0], 1), "%s", values[1], 1)
		_, err := Parse("esteira.yaml", []byte(strings.Replace(complete, "gate:\n", line, 1)))
		if err == nil || !strings.Contains(err.Error(), "esteira.yaml:7: "+says) {
			t.Errorf("%v does not say %s", err, says)
		}
	}
}

func TestEmptyAndMissing(t *testing.T) {
	if _, err := Parse("esteira.yaml", nil); err == nil || !strings.Contains(err.Error(), "it is empty") {
		t.Errorf("%v", err)
	}
	if _, err := ReadFile("nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("%v", err)
	}
}

func TestSchemaTakesOurs(t *testing.T) {
	config, err := ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, string(text)); err != nil {
		t.Error(err)
	}
}

// validate checks a YAML text by the published schema.
func validate(t *testing.T, text string) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	return schema.Validate(value)
}

// Whatever a file holds, it is read or refused, and what was read is sound.
func FuzzParse(f *testing.F) {
	f.Add([]byte(complete))
	f.Add([]byte("version: 1\ngate: {accuracy: &a 0.9, margin: *a}\n"))
	f.Add([]byte("version: 1\n<<: {gate: [}\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		config, err := Parse("esteira.yaml", text)
		if err != nil {
			return
		}
		if config.Version != Version || config.Gate != nil && config.Gate.Check() != nil {
			t.Errorf("%+v", config)
		}
	})
}
