package policy

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/esteira/esteira/pipelines/config/section"
)

func usual() Policy { return Policy{Accuracy: 0.9, Margin: 0.05} }

// What no model could meet, or every one does, is refused by name. What a file can hold is tested with package config.
func TestCheck(t *testing.T) {
	if err := usual().Check(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		field  string
		change func(*Policy)
	}{
		{"accuracy", func(p *Policy) { p.Accuracy = math.NaN() }},
		{"accuracy", func(p *Policy) { p.Accuracy = 1.5 }},
		{"margin", func(p *Policy) { p.Margin = math.NaN() }},
		{"margin", func(p *Policy) { p.Margin = 1 }},
		{"designEffect", func(p *Policy) { p.DesignEffect = math.NaN() }},
		{"designEffect", func(p *Policy) { p.DesignEffect = math.Inf(1) }},
		{"judgements", func(p *Policy) { p.Judgements = -1 }},
		{"anchor.sha256", func(p *Policy) { p.Anchor = &Anchor{SHA256: "abc", Margin: 0.05} }},
		{"metrics.precision.cat", func(p *Policy) { p.Metrics.Precision = map[string]float64{"dog": 0.5, "cat": 0} }},
		{"metrics.recall.dog", func(p *Policy) { p.Metrics.Recall = map[string]float64{"dog": math.NaN(), "cat": 0.5} }},
		{"metrics.macroF1", func(p *Policy) { p.Metrics.MacroF1 = 1 }},
		{"metrics.balancedAccuracy", func(p *Policy) { p.Metrics.BalancedAccuracy = -0.1 }},
		{"metrics.logLoss", func(p *Policy) { p.Metrics.LogLoss = math.Inf(1) }},
		{"metrics.brier", func(p *Policy) { p.Metrics.Brier = 2 }},
		{"slices.minimumRows", func(p *Policy) { p.Slices.MinimumRows = -1 }},
		{"slices.proof[0].accuracy", func(p *Policy) { p.Slices.Proof = []Proof{{Column: "size", Accuracy: 1}} }},
		{"slices.proof[0].minimumRows", func(p *Policy) { p.Slices.Proof = []Proof{{Column: "size", MinimumRows: -1}} }},
		{"slices.noHarm[1]", func(p *Policy) { p.Slices.NoHarm = []NoHarm{{Column: "size"}, {Column: "size"}} }},
	} {
		p := usual()
		test.change(&p)
		var wrong *section.FieldError
		if err := p.Check(); !errors.As(err, &wrong) || wrong.Field != test.field || wrong.Reason == "" {
			t.Errorf("%+v: %v, want an error about %s", p, err, test.field)
		}
	}
}

func TestWithDefaults(t *testing.T) {
	p := usual()
	p.Slices.Proof = []Proof{{Column: "size", Value: "s"}, {Column: "size", Value: "m", Accuracy: 0.7, MinimumRows: 5}}
	p.Slices.NoHarm = []NoHarm{{Column: "size", Value: "l"}}
	got := p.WithDefaults()
	want := Policy{
		Accuracy: 0.9, Margin: 0.05, Interval: Wilson, DesignEffect: 1.5, Judgements: 20,
		Slices: Slices{
			MinimumRows: 30,
			Proof:       []Proof{{Column: "size", Value: "s", Accuracy: 0.9, MinimumRows: 30}, {Column: "size", Value: "m", Accuracy: 0.7, MinimumRows: 5}},
			NoHarm:      []NoHarm{{Column: "size", Value: "l", MinimumRows: 30}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	if !reflect.DeepEqual(got.WithDefaults(), want) {
		t.Error("defaults of defaults are others")
	}
	if p.Slices.Proof[0].Accuracy != 0 || p.Slices.NoHarm[0].MinimumRows != 0 {
		t.Error("the policy itself was changed")
	}
}
