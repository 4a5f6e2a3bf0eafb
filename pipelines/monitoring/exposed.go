package monitoring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Exposition is what a target of a job answered when it was asked for its metrics.
type Exposition struct {
	Job    string
	Series []Series
}

// Series is one time series, by its name and labels.
type Series struct {
	Name   string
	Labels map[string]string
}

// ReadExposition reads Prometheus' text format. An answer without a metric is an error: it was no exposition.
func ReadExposition(job string, reader io.Reader) (exposition Exposition, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s: it has a metric without a name (%v)", job, cause)
		}
	}()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(reader)
	if err != nil {
		return Exposition{}, fmt.Errorf("%s: no metrics in Prometheus' text format: %w", job, err)
	}
	exposition.Job = job
	for _, name := range keys(families) {
		for _, metric := range families[name].GetMetric() {
			exposition.Series = append(exposition.Series, seriesOf(name, families[name].GetType(), metric)...)
		}
	}
	if len(exposition.Series) == 0 {
		return Exposition{}, fmt.Errorf("%s: it exposes no metric", job)
	}
	return exposition, nil
}

// seriesOf are the series that a metric becomes: a histogram is many.
func seriesOf(name string, kind dto.MetricType, metric *dto.Metric) []Series {
	with := func(name string, more ...string) Series {
		labels := map[string]string{}
		for _, pair := range metric.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		if len(more) == 2 {
			labels[more[0]] = more[1]
		}
		return Series{Name: name, Labels: labels}
	}
	switch kind {
	case dto.MetricType_HISTOGRAM:
		all := []Series{with(name + "_sum"), with(name + "_count")}
		for _, bucket := range metric.GetHistogram().GetBucket() {
			all = append(all, with(name+"_bucket", "le", edge(bucket.GetUpperBound())))
		}
		return all
	case dto.MetricType_SUMMARY:
		all := []Series{with(name + "_sum"), with(name + "_count")}
		for _, quantile := range metric.GetSummary().GetQuantile() {
			all = append(all, with(name, "quantile", edge(quantile.GetQuantile())))
		}
		return all
	}
	return []Series{with(name)}
}

// edge is a number as Prometheus 3 writes it into the labels le and quantile: 1 becomes 1.0.
func edge(number float64) string {
	text := strconv.FormatFloat(number, 'g', -1, 64)
	if math.IsInf(number, 0) || math.IsNaN(number) || strings.ContainsAny(text, "e.") {
		return text
	}
	return text + ".0"
}

// ExporterFile says what programs of others expose, each with a source that says so.
type ExporterFile struct {
	File      string
	Exporters []Exporter
}

// Exporter is a program that a job scrapes, and the labels of its metrics.
type Exporter struct {
	Job     string
	Source  string
	Metrics map[string][]string
}

// readExporters reads the list strictly: what it has to say in vain is an error.
func readExporters(name string, content []byte) (ExporterFile, error) {
	var file struct {
		Version   int
		Exporters []Exporter
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return ExporterFile{}, err
	}
	if file.Version != 1 {
		return ExporterFile{}, fmt.Errorf("version is %d: 1 is the only one", file.Version)
	}
	for i, exporter := range file.Exporters {
		if exporter.Job == "" || exporter.Source == "" || len(exporter.Metrics) == 0 {
			return ExporterFile{}, fmt.Errorf("exporters[%d]: job, source and metrics have to be said", i)
		}
	}
	if len(file.Exporters) == 0 {
		return ExporterFile{}, errors.New("it lists no exporter")
	}
	return ExporterFile{File: name, Exporters: file.Exporters}, nil
}

// merged are several answers of the same job as one: a series of any of them is exposed.
func merged(expositions []Exposition) map[string][]Series {
	jobs := map[string][]Series{}
	for _, e := range expositions {
		jobs[e.Job] = slices.Concat(jobs[e.Job], e.Series)
	}
	return jobs
}
