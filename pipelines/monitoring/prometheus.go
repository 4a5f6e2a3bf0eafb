package monitoring

import (
	"fmt"
	"maps"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// Config is a configuration of Prometheus.
type Config struct {
	File string
	Jobs []Job
}

// Job is a job of scraping: whom it asks, and which labels it gives to their series.
type Job struct {
	Name string
	Line int
	// labels are what every series gets; open where that can't be told beforehand.
	labels labelSet
	honour bool
	keeps  []func(metric string) bool
}

// relabelling is a step of relabelling, as far as it matters here.
type relabelling struct {
	SourceLabels []string `yaml:"source_labels"`
	TargetLabel  string   `yaml:"target_label"`
	Regex        string
	Action       string
}

func readConfig(name string, content []byte) (Config, error) {
	var file struct {
		ScrapeConfigs []struct {
			JobName       yaml.Node `yaml:"job_name"`
			HonorLabels   bool      `yaml:"honor_labels"`
			StaticConfigs []struct {
				Labels map[string]string
			} `yaml:"static_configs"`
			RelabelConfigs       []relabelling `yaml:"relabel_configs"`
			MetricRelabelConfigs []relabelling `yaml:"metric_relabel_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return Config{}, err
	}
	config := Config{File: name}
	for _, c := range file.ScrapeConfigs {
		job := Job{Name: c.JobName.Value, Line: c.JobName.Line, labels: setOf("job", "instance"), honour: c.HonorLabels}
		for _, static := range c.StaticConfigs {
			job.labels.add(setOf(keys(static.Labels)...))
		}
		for _, step := range append(c.RelabelConfigs, c.MetricRelabelConfigs...) {
			job.relabel(step)
		}
		for _, step := range c.MetricRelabelConfigs {
			if err := job.filter(step); err != nil {
				return Config{}, &unreadable{name, job.Line, err}
			}
		}
		config.Jobs = append(config.Jobs, job)
	}
	return config, nil
}

// relabel adds what a step writes.
func (j *Job) relabel(step relabelling) {
	switch step.Action {
	case "", "replace", "lowercase", "uppercase", "hashmod":
		j.labels.names[step.TargetLabel] = true
	case "labelmap":
		j.labels.open = true
	}
}

// filter remembers a step that drops metrics by their name.
func (j *Job) filter(step relabelling) error {
	if (step.Action != "keep" && step.Action != "drop") || len(step.SourceLabels) != 1 || step.SourceLabels[0] != "__name__" {
		return nil
	}
	pattern, err := regexp.Compile("^(?s:" + step.Regex + ")$")
	if err != nil {
		return fmt.Errorf("metric_relabel_configs: %w", err)
	}
	j.keeps = append(j.keeps, func(metric string) bool { return pattern.MatchString(metric) == (step.Action == "keep") })
	return nil
}

// stores says whether a metric that was scraped is kept.
func (j *Job) stores(metric string) bool {
	for _, keep := range j.keeps {
		if !keep(metric) {
			return false
		}
	}
	return true
}

// series are the labels that a series has once it was scraped: where both the target and the series have one, the series'
// own is renamed, unless it is honoured.
func (j *Job) series(own labelSet) labelSet {
	all := labelSet{maps.Clone(own.names), own.open}
	for name := range j.labels.names {
		if own.names[name] && !j.honour {
			all.names["exported_"+name] = true
		}
	}
	all.add(j.labels)
	return all
}
