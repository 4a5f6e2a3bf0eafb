package drift

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// The counters of the inference service that are compared with a card.
const (
	featureBins = "iris_feature_bin_total"
	predictions = "iris_predictions_total"
)

// Counts is what one variant of the inference service has seen and said.
type Counts struct {
	// Model is the labels model and version, as far as there are any.
	Model string
	Cells map[Cell]int
}

// Cell is what is counted: values of a feature in a bin of its histogram, or predictions of a class.
type Cell struct {
	Feature string
	Bin     int
	Class   string
}

// String names the cell in an error.
func (c Cell) String() string {
	if c.Class != "" {
		return fmt.Sprintf("class %q", c.Class)
	}
	return fmt.Sprintf("feature %q, bin %d", c.Feature, c.Bin)
}

// sorted are the cells that were counted, so that of several errors the same one is told each time.
func (c Counts) sorted() []Cell {
	return slices.SortedFunc(maps.Keys(c.Cells), func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.Bin, b.Bin), cmp.Compare(a.Class, b.Class))
	})
}

// ReadCounts reads the counters of one variant from what /metrics answers: Prometheus' text format. Series that differ
// in other labels, such as those of several pods, are added up, but not those of different models: their bins differ.
func ReadCounts(reader io.Reader, variant string) (Counts, error) {
	families, err := parse(reader)
	if err != nil {
		return Counts{}, fmt.Errorf("no metrics in Prometheus' text format: %w", err)
	}
	counts := Counts{Cells: map[Cell]int{}}
	models := map[string]bool{}
	for _, name := range []string{featureBins, predictions} {
		found := false
		for _, metric := range families[name].GetMetric() {
			labels := labelsOf(metric)
			if labels["variant"] != variant {
				continue
			}
			found = true
			models[strings.TrimSpace(labels["model"]+" "+labels["version"])] = true
			cell, err := cellOf(name, labels)
			n, wrong := count(families[name], metric)
			if err = errors.Join(err, wrong); err != nil {
				return Counts{}, fmt.Errorf("%s%v: %w", name, labels, err)
			}
			counts.Cells[cell] += n
		}
		if !found {
			return Counts{}, fmt.Errorf("the metrics have no %s of variant %q: is it an inference service, and does that variant run?", name, variant)
		}
	}
	names := slices.Sorted(maps.Keys(models))
	if len(names) > 1 {
		return Counts{}, fmt.Errorf("variant %q was several models: %s: compare the metrics of one", variant, strings.Join(names, ", "))
	}
	counts.Model = names[0]
	return counts, nil
}

// parse reads Prometheus' text format. The parser panics on a metric without a name, "{}"; it does so no more from v0.72.1
// on, which needs a newer Go than this module.
func parse(reader io.Reader) (families map[string]*dto.MetricFamily, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("it has a metric without a name (%v)", cause)
		}
	}()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(reader)
}

func labelsOf(metric *dto.Metric) map[string]string {
	labels := map[string]string{}
	for _, pair := range metric.GetLabel() {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

func cellOf(name string, labels map[string]string) (Cell, error) {
	if name == predictions {
		if labels["class"] == "" {
			return Cell{}, errors.New("it has no class")
		}
		return Cell{Class: labels["class"]}, nil
	}
	bin, err := strconv.Atoi(labels["bin"])
	switch {
	case labels["feature"] == "":
		return Cell{}, errors.New("it has no feature")
	case err != nil || bin < 0:
		return Cell{}, fmt.Errorf("bin %q is no number of a bin", labels["bin"])
	}
	return Cell{Feature: labels["feature"], Bin: bin}, nil
}

// count is a counter's value, which has to be a count: whole, not negative, and exact as a float64.
func count(family *dto.MetricFamily, metric *dto.Metric) (int, error) {
	var value float64
	switch family.GetType() {
	case dto.MetricType_COUNTER:
		value = metric.GetCounter().GetValue()
	case dto.MetricType_UNTYPED:
		value = metric.GetUntyped().GetValue()
	default:
		return 0, fmt.Errorf("it is a %s, and not a counter", strings.ToLower(family.GetType().String()))
	}
	if !(value >= 0 && value <= 1<<53) || value != math.Trunc(value) {
		return 0, fmt.Errorf("%v is no count", value)
	}
	return int(value), nil
}

// Since is what was counted after an earlier look at the same service. A count that sank means that the service began
// anew in between, so that nobody knows what it saw.
func (c Counts) Since(earlier Counts) (Counts, error) {
	if c.Model != earlier.Model {
		return Counts{}, fmt.Errorf("the earlier metrics are of model %q, these of %q", earlier.Model, c.Model)
	}
	since := Counts{Model: c.Model, Cells: maps.Clone(c.Cells)}
	for _, cell := range earlier.sorted() {
		if since.Cells[cell] -= earlier.Cells[cell]; since.Cells[cell] < 0 {
			return Counts{}, fmt.Errorf("%v sank from %d to %d: the service began anew in between, take metrics from after that",
				cell, earlier.Cells[cell], c.Cells[cell])
		}
	}
	return since, nil
}
