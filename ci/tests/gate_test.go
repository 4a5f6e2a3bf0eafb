package tests

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/gate"
	"github.com/esteira/esteira/pipelines/predictions"
)

// How near the gate's figures have to be to those of the reference: as exact as doubles allow, but for limits of draws.
const (
	exact = 1e-9
	drawn = 0.01
)

// gateCases are what both the gate and the reference compute.
type gateCases struct {
	Shares []struct {
		Right float64 `json:"right"`
		N     float64 `json:"n"`
	} `json:"shares"`
	Pairs []struct {
		Won  int `json:"won"`
		Lost int `json:"lost"`
	} `json:"pairs"`
	Holm   [][]float64 `json:"holm"`
	Tables []string    `json:"tables"`
}

// reference is what testdata/gate/reference.py prints.
type reference struct {
	Shares []map[string][2]float64 `json:"shares"`
	Pairs  []struct {
		Worse    float64 `json:"worse"`
		MidP     float64 `json:"midP"`
		TwoSided float64 `json:"twoSided"`
	} `json:"pairs"`
	Holm   [][]float64 `json:"holm"`
	Tables []struct {
		Accuracy         float64               `json:"accuracy"`
		Precision        []float64             `json:"precision"`
		Recall           []float64             `json:"recall"`
		MacroF1          float64               `json:"macroF1"`
		BalancedAccuracy float64               `json:"balancedAccuracy"`
		LogLoss          float64               `json:"logLoss"`
		Brier            float64               `json:"brier"`
		CalibrationError float64               `json:"calibrationError"`
		LogLossInterval  [2]float64            `json:"logLossInterval"`
		BrierInterval    [2]float64            `json:"brierInterval"`
		Posterior        map[string][2]float64 `json:"posterior"`
	} `json:"tables"`
}

// The gate's figures are those of SciPy, scikit-learn and statsmodels, on random cases, wherever those have the method.
// They have no interval of Tango's: published tables stand for it in pipelines/gate.
func TestGateAgainstReference(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 4))
	folder := workspace(t)
	cases := randomCases(t, random, folder)
	want := referenceOf(t, folder)
	checkShares(t, cases, want)
	checkPairs(t, cases, want)
	for i, p := range cases.Holm {
		for j, adjusted := range gate.Holm(p) {
			near(t, fmt.Sprintf("Holm of %v", p), adjusted, want.Holm[i][j], exact)
		}
	}
	for i, name := range cases.Tables {
		checkTable(t, filepath.Join(folder, name), want, i)
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: the gate says %.12g, the reference %.12g", what, got, want)
	}
}

func interval(t *testing.T, what string, got gate.Interval, want [2]float64, tolerance float64) {
	t.Helper()
	near(t, what+", lower", got.Lower, want[0], tolerance)
	near(t, what+", upper", got.Upper, want[1], tolerance)
}

func checkShares(t *testing.T, cases gateCases, want reference) {
	for i, c := range cases.Shares {
		for name, limits := range want.Shares[i] {
			method := gate.Wilson
			if strings.HasPrefix(name, "clopperPearson") {
				method = gate.ClopperPearson
			}
			interval(t, fmt.Sprintf("%s of %v of %v", name, c.Right, c.N), method(c.Right, c.N), limits, exact)
		}
	}
}

func checkPairs(t *testing.T, cases gateCases, want reference) {
	for i, c := range cases.Pairs {
		what := fmt.Sprintf("McNemar of %d won, %d lost", c.Won, c.Lost)
		worse, midP := gate.McNemar(c.Won, c.Lost)
		better, _ := gate.McNemar(c.Lost, c.Won)
		near(t, what, worse, want.Pairs[i].Worse, exact)
		near(t, what+", mid-p", midP, want.Pairs[i].MidP, exact)
		near(t, what+", two-sided", min(1, 2*min(worse, better)), want.Pairs[i].TwoSided, exact)
	}
}

// checkTable judges an evaluation and compares all its metrics.
func checkTable(t *testing.T, dir string, reference reference, table int) {
	evaluation, err := predictions.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := gate.Judge(gate.Policy{Accuracy: 0.5, Margin: 0.05}, evaluation, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := reference.Tables[table]
	values := map[gate.Name]float64{
		gate.Accuracy: want.Accuracy, gate.F1: want.MacroF1, gate.Balanced: want.BalancedAccuracy, gate.LogLoss: want.LogLoss,
		gate.Brier: want.Brier, gate.Calibration: want.CalibrationError,
	}
	limits := map[gate.Name][2]float64{gate.LogLoss: want.LogLossInterval, gate.Brier: want.BrierInterval}
	draws := map[gate.Name][2]float64{gate.F1: want.Posterior["macroF1"], gate.Balanced: want.Posterior["balancedAccuracy"]}
	for i, class := range evaluation.Classes {
		values[gate.Precision+" of "+gate.Name(class)] = want.Precision[i]
		values[gate.Recall+" of "+gate.Name(class)] = want.Recall[i]
	}
	for _, m := range verdict.Metrics {
		name := m.Name
		if m.Class != "" {
			name += " of " + gate.Name(m.Class)
		}
		what := fmt.Sprintf("table %d, %s", table, name)
		if value, ok := values[name]; ok {
			near(t, what, m.Value, value, exact)
			delete(values, name)
		}
		if pair, ok := limits[name]; ok {
			// The reference's interval does not know that a loss is never negative.
			interval(t, what, *m.Interval, [2]float64{max(0, pair[0]), pair[1]}, exact)
		}
		if pair, ok := draws[name]; ok {
			interval(t, what, *m.Interval, pair, drawn)
		}
	}
	if len(values) > 0 {
		t.Errorf("table %d: the gate has none of %v", table, values)
	}
}

// referenceOf runs the reference on a folder of cases, in a container.
func referenceOf(t *testing.T, folder string) reference {
	t.Helper()
	const install = `set -eu
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 python3-venv >/tmp/apt.log || { cat /tmp/apt.log >&2; exit 1; }
python3 -m venv /venv
/venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r /reference/requirements.txt`
	output := dagger(t, workspace(t), "-s", "core", "container", "from", "--address=debian:trixie-slim",
		"with-file", "--path=/reference/requirements.txt", "--source="+mustAbs("testdata/gate/requirements.txt"),
		"with-exec", "--args=sh,-c,"+csvField(install),
		"with-file", "--path=/reference/reference.py", "--source="+mustAbs("testdata/gate/reference.py"),
		"with-directory", "--path=/cases", "--source="+folder,
		"with-exec", "--args=/venv/bin/python,/reference/reference.py,/cases",
		"stdout").passes(t)
	var found reference
	decoder := json.NewDecoder(strings.NewReader(output))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&found); err != nil {
		t.Fatalf("%v in\n%s", err, output)
	}
	return found
}

// csvField quotes a text for an argument that is a list: dagger reads such as a line of CSV.
func csvField(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// randomCases writes cases into a folder.
func randomCases(t *testing.T, random *rand.Rand, folder string) gateCases {
	t.Helper()
	var cases gateCases
	text := func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	add := func(right, n float64) {
		cases.Shares = append(cases.Shares, struct {
			Right float64 `json:"right"`
			N     float64 `json:"n"`
		}{right, n})
	}
	for range 150 {
		n := 1 + random.IntN(3000)
		right := random.IntN(n + 1)
		add(float64(right), float64(n))
		add(float64(right)/1.5, float64(n)/1.5)
		add(float64(n), float64(n))
		add(0, float64(n))
	}
	for range 200 {
		cases.Pairs = append(cases.Pairs, struct {
			Won  int `json:"won"`
			Lost int `json:"lost"`
		}{random.IntN(60), random.IntN(60)})
	}
	for range 50 {
		p := make([]float64, 1+random.IntN(20))
		for i := range p {
			p[i] = random.Float64() * random.Float64()
		}
		cases.Holm = append(cases.Holm, p)
	}
	for i, rows := range []int{40, 150, 150, 1000, 5000} {
		name := fmt.Sprint("table", i)
		writeEvaluation(t, filepath.Join(folder, name), randomPredictions(random, rows), rows)
		cases.Tables = append(cases.Tables, name)
	}
	write(t, filepath.Join(folder, "cases.json"), text(cases))
	return cases
}

// randomPredictions is a file of predictions of three classes; in some rows the label's probability is 0.
func randomPredictions(random *rand.Rand, rows int) string {
	var b bytes.Buffer
	b.WriteString("id,label,prediction,probability_a,probability_b,probability_c\n")
	for i := range rows {
		label := i % 3
		if i >= 3 {
			label = random.IntN(3)
		}
		p := [3]float64{random.Float64(), random.Float64(), random.Float64()}
		p[label] += 1.5 * random.Float64()
		if random.IntN(200) == 0 {
			p[label] = 0
		}
		sum := p[0] + p[1] + p[2]
		best := 0
		for class := range p {
			p[class] /= sum
			if p[class] > p[best] {
				best = class
			}
		}
		fmt.Fprintf(&b, "%06d,%c,%c,%v,%v,%v\n", i, 'a'+label, 'a'+best, p[0], p[1], p[2])
	}
	return b.String()
}

func writeEvaluation(t *testing.T, dir, csv string, rows int) {
	t.Helper()
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	declaration, err := json.Marshal(predictions.Declaration{
		Version: 1, Protocol: predictions.HoldOut, Classes: []string{"a", "b", "c"}, Model: predictions.Model{SHA256: hash("model")},
		Data: predictions.Data{Name: "random", SHA256: hash("data"), Rows: rows}, TrainedOn: []string{hash("training data")},
		Predictions: predictions.File{File: "predictions.csv", SHA256: hash(csv), Rows: rows},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "evaluation.json"), string(declaration))
	write(t, filepath.Join(dir, "predictions.csv"), csv)
}
