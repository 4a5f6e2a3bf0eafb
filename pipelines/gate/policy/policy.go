// Package policy holds what a gate asks of a model, and refuses what no model could ever give.
//
// It needs next to nothing but the standard library, so that whoever only reads a policy does not have to compile the
// statistics of the gate.
package policy

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"

	"github.com/esteira/esteira/pipelines/config/section"
)

// Method is a way to compute the interval of a proportion.
type Method string

// The methods. Wilson's interval covers 95 % on average over all rates, Clopper and Pearson's at every rate.
const (
	Wilson         Method = "wilson"
	ClopperPearson Method = "clopper-pearson"
)

// What is asked where a policy does not say.
const (
	DefaultDesignEffect     = 1.5
	DefaultJudgements       = 20
	DefaultMinimumSliceRows = 30
)

// Policy says what a gate asks of a model. Shares are from 0 to 1.
type Policy struct {
	// Accuracy is the share of rows that the model has to be right on, shown by the lower limit of its interval.
	Accuracy float64 `json:"accuracy"`
	// Margin is how much smaller than the champion's the share of right rows may be.
	Margin float64 `json:"margin"`
	// Interval is the method for the accuracy; empty means wilson.
	Interval Method `json:"interval,omitempty"`
	// DesignEffect is what counts of out-of-fold predictions are divided by, because such rows are not independent;
	// 0 means 1.5.
	DesignEffect float64 `json:"designEffect,omitempty"`
	// Judgements is how often models may be judged on the same data before fresh rows are asked for; 0 means 20.
	Judgements int `json:"judgements,omitempty"`
	// RubberStamp lets a person approve a model where production has none to compare it with.
	RubberStamp bool `json:"rubberStamp,omitempty"`
	// Anchor is a fixed model that is compared too, so that many small losses do not add up.
	Anchor *Anchor `json:"anchor,omitempty"`
	// Metrics are further thresholds.
	Metrics Metrics `json:"metrics,omitzero"`
	// Slices are parts of the rows that are looked at by themselves.
	Slices Slices `json:"slices,omitzero"`
}

// Anchor names the fixed model.
type Anchor struct {
	// SHA256 is the digest of its model.onnx, 64 hexadecimal digits.
	SHA256 string  `json:"sha256"`
	Margin float64 `json:"margin"`
}

// Metrics are thresholds; what is not named, or 0, is reported and does not decide.
type Metrics struct {
	// Precision and Recall are the least by class.
	Precision map[string]float64 `json:"precision,omitempty"`
	Recall    map[string]float64 `json:"recall,omitempty"`
	// MacroF1 and BalancedAccuracy are the least.
	MacroF1          float64 `json:"macroF1,omitempty"`
	BalancedAccuracy float64 `json:"balancedAccuracy,omitempty"`
	// LogLoss (natural logarithm) and Brier (from 0 to 2) are the most.
	LogLoss float64 `json:"logLoss,omitempty"`
	Brier   float64 `json:"brier,omitempty"`
}

// Slices are the parts of the rows that are looked at by themselves. One with fewer rows than MinimumRows proves nothing,
// and holds the model up.
type Slices struct {
	// MinimumRows is for the slices that do not say; 0 means 30.
	MinimumRows int `json:"minimumRows,omitempty"`
	// Proof slices must each be shown to be good.
	Proof []Proof `json:"proof,omitempty"`
	// NoHarm slices must not be shown to have become worse than the champion.
	NoHarm []NoHarm `json:"noHarm,omitempty"`
}

// Proof is a slice in which the model has to be shown to be good.
type Proof struct {
	Column string `json:"column"`
	Value  string `json:"value"`
	// Accuracy is the least in this slice; 0 means the policy's.
	Accuracy float64 `json:"accuracy,omitempty"`
	// Margin is how much worse than the champion it may be in this slice; 0 means that it is not compared.
	Margin      float64 `json:"margin,omitempty"`
	MinimumRows int     `json:"minimumRows,omitempty"`
}

// NoHarm is a slice in which the model must not be worse than the champion.
type NoHarm struct {
	Column      string `json:"column"`
	Value       string `json:"value"`
	MinimumRows int    `json:"minimumRows,omitempty"`
}

// WithDefaults is the policy with everything said that it left out.
func (p Policy) WithDefaults() Policy {
	p.Interval = orElse(p.Interval, Wilson)
	p.DesignEffect = orElse(p.DesignEffect, DefaultDesignEffect)
	p.Judgements = orElse(p.Judgements, DefaultJudgements)
	p.Slices.MinimumRows = orElse(p.Slices.MinimumRows, DefaultMinimumSliceRows)
	p.Slices.Proof = slices.Clone(p.Slices.Proof)
	for i := range p.Slices.Proof {
		slice := &p.Slices.Proof[i]
		slice.Accuracy = orElse(slice.Accuracy, p.Accuracy)
		slice.MinimumRows = orElse(slice.MinimumRows, p.Slices.MinimumRows)
	}
	p.Slices.NoHarm = slices.Clone(p.Slices.NoHarm)
	for i := range p.Slices.NoHarm {
		slice := &p.Slices.NoHarm[i]
		slice.MinimumRows = orElse(slice.MinimumRows, p.Slices.MinimumRows)
	}
	return p
}

func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Digest identifies what is asked: SHA-256 of the policy with its defaults as JSON, in hexadecimal digits.
func (p Policy) Digest() (string, error) {
	return section.Digest(p.WithDefaults())
}

// Check is nil for a policy that some model could pass on some number of rows; else it is a *section.FieldError for the first
// field that asks for the impossible or for nothing.
func (p Policy) Check() error {
	if err := p.checkNumbers(); err != nil {
		return err
	}
	if err := p.Metrics.check(); err != nil {
		return err
	}
	return p.Slices.check()
}

func (p Policy) checkNumbers() error {
	if err := share("accuracy", p.Accuracy); err != nil {
		return err
	}
	if err := margin("margin", p.Margin); err != nil {
		return err
	}
	switch {
	case p.Interval != "" && p.Interval != Wilson && p.Interval != ClopperPearson:
		return section.Wrong("interval", p.Interval, "is neither wilson nor clopper-pearson")
	case p.DesignEffect != 0 && (!(p.DesignEffect >= 1) || math.IsInf(p.DesignEffect, 1)):
		return section.Wrong("designEffect", p.DesignEffect, "is less than 1 or no number: dependent rows never tell more than independent ones")
	case p.Judgements < 0:
		return section.Wrong("judgements", p.Judgements, "is negative")
	}
	return p.Anchor.check()
}

func (a *Anchor) check() error {
	if a == nil {
		return nil
	}
	if !digest.MatchString(a.SHA256) {
		return section.Wrong("anchor.sha256", fmt.Sprintf("%q", a.SHA256), "is no digest of 64 hexadecimal digits in lower case")
	}
	return margin("anchor.margin", a.Margin)
}

var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (m Metrics) check() error {
	for _, byClass := range []struct {
		field string
		least map[string]float64
	}{{"precision", m.Precision}, {"recall", m.Recall}} {
		for _, class := range slices.Sorted(maps.Keys(byClass.least)) {
			if err := share("metrics."+byClass.field+"."+class, byClass.least[class]); err != nil {
				return err
			}
		}
	}
	for _, optional := range []struct {
		field       string
		value, most float64
	}{
		{"macroF1", m.MacroF1, 1}, {"balancedAccuracy", m.BalancedAccuracy, 1},
		{"logLoss", m.LogLoss, math.Inf(1)}, {"brier", m.Brier, 2},
	} {
		if optional.value != 0 && !(optional.value > 0 && optional.value < optional.most) {
			return section.Wrong("metrics."+optional.field, optional.value, fmt.Sprintf("is not between 0 and %v, so that no model could pass, or every one", optional.most))
		}
	}
	return nil
}

func (s Slices) check() error {
	if s.MinimumRows < 0 {
		return section.Wrong("slices.minimumRows", s.MinimumRows, "is negative")
	}
	named := map[[2]string]string{}
	for i, slice := range s.Proof {
		field := fmt.Sprintf("slices.proof[%d]", i)
		if err := checkSlice(named, field, slice.Column, slice.Value, slice.MinimumRows); err != nil {
			return err
		}
		if slice.Accuracy != 0 {
			if err := share(field+".accuracy", slice.Accuracy); err != nil {
				return err
			}
		}
		if slice.Margin != 0 {
			if err := margin(field+".margin", slice.Margin); err != nil {
				return err
			}
		}
	}
	for i, slice := range s.NoHarm {
		field := fmt.Sprintf("slices.noHarm[%d]", i)
		if err := checkSlice(named, field, slice.Column, slice.Value, slice.MinimumRows); err != nil {
			return err
		}
	}
	return nil
}

// checkSlice makes sure that a slice has a name that none of those named before has.
func checkSlice(named map[[2]string]string, field, column, value string, minimumRows int) error {
	key := [2]string{column, value}
	switch {
	case column == "":
		return section.Wrong(field+".column", `""`, "is empty: name the column without its prefix slice_")
	case minimumRows < 0:
		return section.Wrong(field+".minimumRows", minimumRows, "is negative")
	case named[key] != "":
		return section.Wrong(field, fmt.Sprintf("%s=%s", column, value), "is named twice: "+named[key]+" has it already")
	}
	named[key] = field
	return nil
}

func share(field string, value float64) error {
	if value > 0 && value < 1 {
		return nil
	}
	return section.Wrong(field, value, "is not between 0 and 1: no number of rows shows a share of 1, and every model has one of 0")
}

func margin(field string, value float64) error {
	if value > 0 && value < 1 {
		return nil
	}
	return section.Wrong(field, value, "is not between 0 and 1: no number of rows shows that two equal models differ by less than nothing")
}
