package monitoring

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// catalogue knows which metrics there are, who exposes them, and with which labels.
type catalogue struct {
	metrics map[string][]source
	jobs    map[string]*Job
	// scraped says that there is a configuration to be asked; without one nothing is known of targets.
	scraped bool
	records map[string][]Rule
	alerts  []Rule
	// seen remembers the labels of recorded metrics; those that are being worked out are nil.
	seen map[string]*labelSet
}

// source is one job that exposes a metric. Its series are known where the program was asked, and else nil.
type source struct {
	job    string
	labels labelSet
	series []Series
}

// ofPrometheus are metrics that Prometheus itself makes of every scrape.
var ofPrometheus = []string{"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"}

func newCatalogue(tree Tree, exposed []Exposition) *catalogue {
	c := &catalogue{
		metrics: map[string][]source{}, jobs: map[string]*Job{}, scraped: len(tree.Configs) > 0,
		records: map[string][]Rule{}, seen: map[string]*labelSet{},
	}
	for _, config := range tree.Configs {
		for i := range config.Jobs {
			c.jobs[config.Jobs[i].Name] = &config.Jobs[i]
		}
	}
	for _, file := range tree.Rules {
		for _, rule := range file.Rules {
			if rule.Record != "" {
				c.records[rule.Record] = append(c.records[rule.Record], rule)
			} else {
				c.alerts = append(c.alerts, rule)
			}
		}
	}
	for job, series := range merged(exposed) {
		c.asked(job, series)
	}
	for _, file := range tree.Exporters {
		for _, exporter := range file.Exporters {
			for name, labels := range exporter.Metrics {
				c.metrics[name] = append(c.metrics[name], source{job: exporter.Job, labels: setOf(labels...)})
			}
		}
	}
	for _, name := range ofPrometheus {
		for _, job := range keys(c.jobs) {
			c.metrics[name] = append(c.metrics[name], source{job: job, labels: setOf()})
		}
	}
	return c
}

// asked adds what a job's target answered.
func (c *catalogue) asked(job string, series []Series) {
	byName := map[string]source{}
	for _, s := range series {
		metric, known := byName[s.Name]
		if !known {
			metric = source{job: job, labels: setOf()}
		}
		metric.labels.add(setOf(keys(s.Labels)...))
		metric.series = append(metric.series, s)
		byName[s.Name] = metric
	}
	for _, name := range keys(byName) {
		c.metrics[name] = append(c.metrics[name], byName[name])
	}
}

// target are the labels that a job gives to the series that it scrapes.
func (c *catalogue) target(s source) labelSet {
	if job := c.jobs[s.job]; job != nil {
		return job.series(s.labels)
	}
	return labelSet{s.labels.union(setOf("job", "instance")).names, true}
}

// recorded are the labels of what rules record under a name. A rule that needs itself may have any.
func (c *catalogue) recorded(name string) labelSet {
	if set, begun := c.seen[name]; begun {
		if set == nil {
			return labelSet{map[string]bool{}, true}
		}
		return *set
	}
	c.seen[name] = nil
	all := setOf()
	for _, rule := range c.records[name] {
		all.add(c.resultOf(rule))
	}
	c.seen[name] = &all
	return all
}

// resultOf are the labels of what a rule makes.
func (c *catalogue) resultOf(rule Rule) labelSet {
	expression, err := parse(rule.Text)
	if err != nil {
		return labelSet{map[string]bool{}, true}
	}
	quiet := reading{catalogue: c, say: func(string, string, int) {}}
	return quiet.infer(expression).union(setOf(keys(rule.Labels)...))
}

// find are the sources of a metric that the matchers of a selector allow, and why there are none.
func (c *catalogue) find(name string, matchers []*labels.Matcher) (allowed []source, rule, reason string) {
	all := c.metrics[name]
	if len(all) == 0 {
		return nil, "unknown-metric", fmt.Sprintf("nobody exposes %s, and no rule records it", name)
	}
	var others []string
	for _, s := range all {
		if matchesJob(matchers, s.job) {
			allowed = append(allowed, s)
		} else {
			others = append(others, s.job)
		}
	}
	if len(allowed) == 0 {
		slices.Sort(others)
		return nil, "wrong-job", fmt.Sprintf("%s is exposed by %s, and by no job that the query asks for", name, list(slices.Compact(others)))
	}
	if !c.scraped {
		return allowed, "", ""
	}
	stored := slices.DeleteFunc(slices.Clone(allowed), func(s source) bool { return c.jobs[s.job] == nil || !c.jobs[s.job].stores(name) })
	if len(stored) > 0 {
		return stored, "", ""
	}
	if job := allowed[0].job; c.jobs[job] == nil {
		return nil, "unscraped-metric", fmt.Sprintf("%s is exposed by %s, and no job of Prometheus has that name: nobody scrapes it", name, job)
	}
	return nil, "dropped-metric", fmt.Sprintf("%s is dropped by metric_relabel_configs of the job %s", name, allowed[0].job)
}

func matchesJob(matchers []*labels.Matcher, job string) bool {
	return !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return m.Name == "job" && !m.Matches(job) })
}
