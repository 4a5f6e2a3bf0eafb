package drift

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// The model's own metadata has the same card.
func TestCardOf(t *testing.T) {
	card, err := CardOf(saved(t, "iris.onnx"))
	if err != nil || !reflect.DeepEqual(card, irisCard(t)) {
		t.Errorf("%+v, %v", card, err)
	}
	whole := saved(t, "iris.onnx")
	for name, test := range map[string]struct {
		model []byte
		want  string
	}{
		"empty":    {nil, "no esteira.card"},
		"text":     {[]byte("<html>not found</html>"), "it is no ONNX model"},
		"cut off":  {whole[:len(whole)-10], "it is no ONNX model"},
		"no card":  {bytes.Replace(whole, []byte("esteira.card"), []byte("esteira.cart"), 1), "no esteira.card"},
		"bad card": {onnx("esteira.card", "{}"), "dataset is missing"},
		"bad JSON": {onnx("esteira.card", "{"), "no JSON of a model card"},
	} {
		if _, err := CardOf(test.model); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, test.want)
		}
	}
}

// onnx is an ONNX model of one metadata entry and nothing else.
func onnx(key, value string) []byte {
	entry := protowire.AppendTag(nil, entryKey, protowire.BytesType)
	entry = protowire.AppendString(entry, key)
	entry = protowire.AppendTag(entry, entryValue, protowire.BytesType)
	entry = protowire.AppendString(entry, value)
	return protowire.AppendBytes(protowire.AppendTag(nil, metadataProps, protowire.BytesType), entry)
}

func TestCardThatCannotBe(t *testing.T) {
	const good = `{"dataset":"d","rows":10,"class_mix":{"a":4,"b":6},"features":[{"name":"x","edges":[1,2],"counts":[3,3,4]},{"name":"y","edges":[],"counts":[10]}],"limits":"none"}`
	if _, err := ParseCard([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ old, new, want string }{
		{`"d"`, `""`, "dataset is missing"},
		{`"rows":10`, `"rows":0`, "rows is 0"},
		{`"rows":10`, `"rows":11`, "class_mix: 10 rows in all, and the card has 11"},
		{`"a":4,`, ``, "class_mix has 1 classes"},
		{`"a":4`, `"a":-4`, "class_mix: -4 rows of 10"},
		{`[1,2]`, `[2,1]`, `features[0] "x": edges[1] is 1 after 2`},
		{`[1,2]`, `[1]`, `features[0] "x": 3 counts for 1 edges`},
		{`[3,3,4]`, `[3,3,3]`, `features[0] "x": counts: 9 rows in all, and the card has 10`},
		{`"name":"y"`, `"name":"x"`, `features[1] "x": it has no name of its own`},
		{`"features":[`, `"features":[],"other":[`, "features is empty"},
		{`"rows":10`, `"rows":"ten"`, "no JSON of a model card"},
	} {
		text := strings.Replace(good, test.old, test.new, 1)
		if _, err := ParseCard([]byte(text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", text, err, test.want)
		}
	}
}

const goodMetrics = `# TYPE iris_feature_bin_total counter
iris_feature_bin_total{bin="0",feature="x",variant="champion",pod="a",version="7"} 3.0
iris_feature_bin_total{bin="0",feature="x",variant="champion",pod="b",version="7"} 4.0
iris_feature_bin_total{bin="0",feature="x",variant="challenger",version="8"} 100.0
# TYPE iris_predictions_total counter
iris_predictions_total{class="a",variant="champion",version="7"} 7.0
iris_predictions_total{class="a",variant="challenger",version="8"} 100.0
`

func TestReadCounts(t *testing.T) {
	counts, err := ReadCounts(strings.NewReader(goodMetrics), "champion")
	want := Counts{Model: "7", Cells: map[Cell]int{{Feature: "x"}: 7, {Class: "a"}: 7}}
	if err != nil || !reflect.DeepEqual(counts, want) {
		t.Errorf("%+v, %v: the variant's series are added up, and no other's", counts, err)
	}
	for _, test := range []struct{ old, new, want string }{
		{`3.0`, `NaN`, "NaN is no count"},
		{`3.0`, `-1`, "-1 is no count"},
		{`3.0`, `2.5`, "2.5 is no count"},
		{`3.0`, `+Inf`, "+Inf is no count"},
		{`3.0`, `1e300`, "1e+300 is no count"},
		{`3.0`, `three`, "no metrics in Prometheus' text format"},
		{`bin="0"`, `bin="-1"`, `bin "-1" is no number of a bin`},
		{`bin="0"`, `bin="first"`, `bin "first"`},
		{`feature="x",`, ``, "it has no feature"},
		{`class="a",`, ``, "it has no class"},
		{`_bin_total counter`, `_bin_total gauge`, "it is a gauge, and not a counter"},
		{`pod="a",version="7"`, `pod="a",version="6"`, `variant "champion" was several models: 6, 7`},
		{`iris_predictions_total{class="a",variant="champion"`, `iris_other_total{class="a",variant="champion"`, "no iris_predictions_total"},
		{goodMetrics, "", `the metrics have no iris_feature_bin_total of variant "champion"`},
		{goodMetrics, "# TYPE x counter\n{}", "it has a metric without a name"},
		{goodMetrics, "<html>", "no metrics in Prometheus' text format"},
	} {
		text := strings.Replace(goodMetrics, test.old, test.new, 1)
		if _, err := ReadCounts(strings.NewReader(text), "champion"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.new, err, test.want)
		}
	}
}

func TestSinceRefuses(t *testing.T) {
	later, earlier := scraped(t, "later.prom"), scraped(t, "stable.prom")
	if _, err := earlier.Since(later); err == nil || !strings.Contains(err.Error(), "the service began anew in between") {
		t.Errorf("error %v", err)
	}
	earlier.Model = "iris 6"
	if _, err := later.Since(earlier); err == nil || !strings.Contains(err.Error(), `are of model "iris 6"`) {
		t.Errorf("error %v", err)
	}
}

// Counts of another model than the card's are no drift, but a mistake.
func TestJudgeRefusesOtherModels(t *testing.T) {
	for _, test := range []struct {
		cell Cell
		want string
	}{
		{Cell{Feature: "alcohol"}, `the card has no feature "alcohol"`},
		{Cell{Feature: "petal width (cm)", Bin: 10}, `feature "petal width (cm)", bin 10: the card's histogram has`},
		{Cell{Class: "merlot"}, `the card has no class "merlot"`},
	} {
		counts := Counts{Cells: map[Cell]int{test.cell: 1}}
		if _, err := Judge(DefaultPolicy(), irisCard(t), counts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q in it", err, test.want)
		}
	}
}

func FuzzCardOf(f *testing.F) {
	f.Add(saved(f, "iris.onnx"))
	f.Add(onnx("esteira.card", `{"dataset":"d","rows":1,"class_mix":{"a":1,"b":0},"features":[{"name":"x","counts":[1]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		card, err := CardOf(text)
		if err != nil {
			return
		}
		if _, err := Judge(DefaultPolicy(), card, Counts{}); err != nil {
			t.Fatalf("a card that was read can't be compared with: %v", err)
		}
	})
}

func FuzzReadCounts(f *testing.F) {
	f.Add(goodMetrics)
	f.Add(string(saved(f, "few.prom")))
	f.Fuzz(func(t *testing.T, text string) {
		counts, err := ReadCounts(strings.NewReader(text), "champion")
		if err != nil {
			return
		}
		for cell, n := range counts.Cells {
			if n < 0 || (cell.Class == "") == (cell.Feature == "") {
				t.Fatal(errors.New(cell.String()), n)
			}
		}
	})
}
