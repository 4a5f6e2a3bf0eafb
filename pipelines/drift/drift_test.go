package drift

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

// The files in testdata are the inference service's: the model and its card, and what /metrics answered after 40 and
// 2,000 rows drawn from iris, after 2,000 more with petals 0.9 cm longer (later), and after those alone (drifted).
func saved(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func irisCard(t testing.TB) Card {
	t.Helper()
	card, err := ParseCard(saved(t, "card.json"))
	if err != nil {
		t.Fatal(err)
	}
	return card
}

func scraped(t testing.TB, name string) Counts {
	t.Helper()
	counts, err := ReadCounts(bytes.NewReader(saved(t, name)), "champion")
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestJudge(t *testing.T) {
	since := func(t *testing.T, later, earlier string) Counts {
		counts, err := scraped(t, later).Since(scraped(t, earlier))
		if err != nil {
			t.Fatal(err)
		}
		return counts
	}
	for _, test := range []struct {
		name   string
		counts Counts
		status report.Status
		says   string
	}{
		{"stable", scraped(t, "stable.prom"), report.Passed, "looks like what it was trained on"},
		{"drifted", scraped(t, "drifted.prom"), report.Failed, "drifted: petal length (cm)"},
		{"too few", scraped(t, "few.prom"), report.Undecided, "too few observations to tell: sepal length (cm), sepal width (cm)"},
		{"nothing at all", Counts{}, report.Undecided, "class mix"},
		{"drifted since", since(t, "later.prom", "stable.prom"), report.Failed, "drifted: petal length (cm)"},
		{"nothing since", since(t, "stable.prom", "stable.prom"), report.Undecided, "too few"},
	} {
		t.Run(test.name, func(t *testing.T) {
			verdict, err := Judge(DefaultPolicy(), irisCard(t), test.counts)
			if err != nil {
				t.Fatal(err)
			}
			stage := verdict.Stage()
			if stage.Status != test.status || !strings.Contains(stage.Summary, test.says) {
				t.Errorf("%s: %q, want %s: %q", stage.Status, stage.Summary, test.status, test.says)
			}
			if (test.status == report.Failed) != (len(verdict.Reasons()) > 0) || stage.Status.Red() != (len(stage.Findings) > 0) {
				t.Errorf("reasons %q, findings %v", verdict.Reasons(), stage.Findings)
			}
			if run := (report.Run{Title: "drift", Stages: []report.Stage{stage}}); run.Status() != test.status {
				t.Errorf("the stage is not sound: %v", run.Err())
			}
		})
	}
}

// What Go finds in the counters is what the service itself reports.
func TestIndexIsTheServices(t *testing.T) {
	for _, name := range []string{"stable.prom", "drifted.prom"} {
		verdict, err := Judge(DefaultPolicy(), irisCard(t), scraped(t, name))
		if err != nil {
			t.Fatal(err)
		}
		families, err := parse(bytes.NewReader(saved(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{classMix: families["iris_class_mix_psi"].GetMetric()[0].GetGauge().GetValue()}
		for _, metric := range families["iris_feature_psi"].GetMetric() {
			want[labelsOf(metric)["feature"]] = metric.GetGauge().GetValue()
		}
		if len(verdict.Comparisons) != 5 || len(want) != 5 {
			t.Errorf("%s: %d comparisons, the service has %d", name, len(verdict.Comparisons), len(want))
		}
		for _, c := range verdict.Comparisons {
			if math.Abs(c.Index-want[c.Of]) > 1e-12 || c.N != 2000 {
				t.Errorf("%s: %s: index %v over %d, the service says %v", name, c.Of, c.Index, c.N, want[c.Of])
			}
		}
	}
}

// By hand: shares (10.5, 20.5)/31 against (20.5, 10.5)/31 are 10/31·ln(20.5/10.5) twice.
func TestIndex(t *testing.T) {
	want := 2 * 10. / 31 * math.Log(20.5/10.5)
	if got := index([]int{10, 20}, []int{20, 10}); math.Abs(got-want) > 1e-15 {
		t.Errorf("index %v, want %v", got, want)
	}
	if got := index([]int{50, 0, 30}, []int{500, 0, 300}); got < 0 || got > 0.05 {
		t.Errorf("index %v of the same shares", got)
	}
	if got := index([]int{50, 50, 0}, []int{0, 0, 100}); math.IsInf(got, 0) || got < 2 {
		t.Errorf("index %v of shares that have nothing in common", got)
	}
}

// Two samples of one distribution stay below what chance is said to reach, and go beyond about as often as said.
func TestReach(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	const runs, bins, p = 4000, 10, 0.02
	for _, size := range []struct{ m, n int }{{150, 1000}, {1000, 1000}, {1797, 300}} {
		limit := reach(bins, p) * (1/float64(size.m) + 1/float64(size.n))
		beyond := 0
		for range runs {
			if index(deciles(random, bins, size.m), deciles(random, bins, size.n)) > limit {
				beyond++
			}
		}
		if part := float64(beyond) / runs; part > 1.5*p || part < p/3 {
			t.Errorf("%v: %v of the indices are beyond what chance reaches with probability %v", size, part, p)
		}
	}
}

func deciles(random *rand.Rand, bins, n int) []int {
	counts := make([]int, bins)
	for range n {
		counts[random.IntN(bins)]++
	}
	return counts
}

// From the number on that is needed, chance stays below the limit; one less, and it does not.
func TestNeeded(t *testing.T) {
	for _, m := range []int{150, 569, 1797} {
		furthest := reach(10, 0.0002)
		n, ok := needed(0.25, furthest, m, 1)
		chance := func(n int) float64 { return furthest * (1/float64(m) + 1/float64(n)) }
		if !ok || chance(n) > 0.25 || chance(n-1) <= 0.25 {
			t.Errorf("m %d: %d are needed, %v; chance reaches %v", m, n, ok, chance(n))
		}
	}
	if n, ok := needed(0.25, reach(10, 0.0002), 569, 5000); n != 5000 || !ok {
		t.Errorf("%d, %v: the policy's minimum holds", n, ok)
	}
	if n, ok := needed(0.25, reach(1, 0.0002), 10, 200); n != 200 || !ok {
		t.Errorf("%d, %v: a single bin does not drift", n, ok)
	}
	if n, ok := needed(0.25, reach(10, 0.0002), 100, 1); ok {
		t.Errorf("%d are enough against 100 rows, where chance reaches %v in them alone", n, reach(10, 0.0002)/100)
	}
}

func TestLevels(t *testing.T) {
	many := []int{2000, 2000, 2000, 2000}
	for _, test := range []struct {
		name             string
		expected, actual []int
		level            Level
	}{
		{"equal", many, []int{1000, 1010, 990, 1000}, Stable},
		{"warning", many, []int{1500, 1300, 700, 600}, Moved},
		{"limit", many, []int{2500, 1000, 300, 200}, Drifted},
		{"too few", many, []int{25, 10, 3, 2}, TooFew},
		{"a card of 20 rows", []int{5, 5, 5, 5}, []int{2500, 1000, 300, 200}, TooFew},
	} {
		if c := DefaultPolicy().compare(test.name, test.expected, test.actual, 0.001); c.Level != test.level {
			t.Errorf("%+v, want %s", c, test.level)
		}
	}
}

func TestPolicyThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*Policy){
		"limit is 0":       func(p *Policy) { p.Limit = 0 },
		"limit is NaN":     func(p *Policy) { p.Limit = math.NaN() },
		"warning is 0.3":   func(p *Policy) { p.Warning = 0.3 },
		"minimum is 0":     func(p *Policy) { p.Minimum = 0 },
		"chance is 0.5":    func(p *Policy) { p.Chance = 0.5 },
		"chance is -0.001": func(p *Policy) { p.Chance = -0.001 },
	} {
		policy := DefaultPolicy()
		change(&policy)
		if _, err := Judge(policy, irisCard(t), Counts{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
