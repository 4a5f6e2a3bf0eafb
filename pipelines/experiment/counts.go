package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// The names of the variants, as the inference service's metrics have them.
const (
	Champion   = "champion"
	Challenger = "challenger"
)

// Variant is what was counted of one variant since the experiment began. A unit is what is assigned at random, an
// experiment key, and counts once, however many requests it sent: requests of one key are not independent.
type Variant struct {
	// Assigned is how many units got this variant.
	Assigned int `json:"assigned"`
	// Trials is how many of them have a true label from the feedback.
	Trials int `json:"trials"`
	// Successes is how many of those were predicted rightly.
	Successes int `json:"successes"`
}

// Counts is all that a judgement needs of a running experiment.
type Counts struct {
	Experiment string `json:"experiment"`
	// Share is the part of the units that was to get the challenger: the service's EXPERIMENT_SHARE.
	Share    float64            `json:"share"`
	Variants map[string]Variant `json:"variants"`
}

// ReadCounts reads counts as JSON, strictly: an unknown field, anything after the counts, or counts that cannot be are
// errors.
func ReadCounts(reader io.Reader) (Counts, error) {
	decoder := json.NewDecoder(reader)
	decoder.DisallowUnknownFields()
	var counts Counts
	if err := decoder.Decode(&counts); err != nil {
		return Counts{}, fmt.Errorf("no JSON of counts at byte %d: %w", decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Counts{}, fmt.Errorf("something follows the counts at byte %d", decoder.InputOffset())
	}
	return counts, counts.check()
}

func (c Counts) check() error {
	switch {
	case c.Experiment == "":
		return errors.New("experiment is empty: name the experiment")
	case !(c.Share > 0 && c.Share < 1):
		return fmt.Errorf("share is %v: a variant without traffic can't be judged, the challenger's share lies between 0 and 1", c.Share)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Variants)) {
		if name != Champion && name != Challenger {
			return fmt.Errorf("variants.%s is unknown: there are %s and %s", name, Champion, Challenger)
		}
	}
	for _, name := range []string{Champion, Challenger} {
		v, given := c.Variants[name]
		if !given {
			return fmt.Errorf("variants.%s is missing", name)
		}
		if err := v.check(); err != nil {
			return fmt.Errorf("variants.%s.%w", name, err)
		}
	}
	return nil
}

func (v Variant) check() error {
	for _, field := range []struct {
		name  string
		value int
	}{{"assigned", v.Assigned}, {"trials", v.Trials}, {"successes", v.Successes}} {
		switch {
		case field.value < 0:
			return fmt.Errorf("%s is %d: no count is negative", field.name, field.value)
		case field.value > math.MaxInt32:
			return fmt.Errorf("%s is %d: no experiment is that long, at most %d are counted", field.name, field.value, math.MaxInt32)
		}
	}
	switch {
	case v.Successes > v.Trials:
		return fmt.Errorf("successes is %d, of %d trials: no more can be right than were tried", v.Successes, v.Trials)
	case v.Trials > v.Assigned:
		return fmt.Errorf("trials is %d, of %d assigned: count each unit once, by its experiment key", v.Trials, v.Assigned)
	}
	return nil
}

func (c Counts) assigned() split { return c.split(func(v Variant) int { return v.Assigned }) }

func (c Counts) trials() split { return c.split(func(v Variant) int { return v.Trials }) }

// errors are the trials that were predicted wrongly.
func (c Counts) errors() split { return c.split(func(v Variant) int { return v.Trials - v.Successes }) }

func (c Counts) split(count func(Variant) int) split {
	return split{count(c.Variants[Champion]), count(c.Variants[Challenger])}
}
