package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/esteira/esteira/pipelines/finding"
)

//go:embed report.html.tmpl
var htmlSource string

var htmlPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"mark":    func(s Status) string { return ticks[s] },
	"took":    Stage.took,
	"percent": func(share float64) string { return fmt.Sprintf("%.2f", 100*share) },
	"count":   count,
	"add":     func(a, b int) int { return a + b },
}).Parse(htmlSource))

// HTML writes the run as one file that is complete in itself: no script, nothing
// loaded, and a policy in it that forbids both. It follows the reader's preference for
// light or dark, fits a phone, and prints.
func (r Run) HTML(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := htmlPage.Execute(w, r.page()); err != nil {
		return fmt.Errorf("HTML report: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Run            Run
	Status         Status
	Heading, About string
	Tiles          []tile
	Stages         []pageStage
	Facts, Drawn   bool
	Tested, Logs   bool
	Changed        bool
	Obstacles      []obstacles
	Findings       []group
}

type tile struct {
	Name, Value string
	Red         bool
}

type pageStage struct {
	Stage
	Span    span
	Failing []finding.Case
}

// group is the findings of one severity; those that matter are unfolded.
type group struct {
	Severity finding.Severity
	Open     bool
	Said     []said
}

type said struct {
	finding.Finding
	Stage string
}

func (r Run) page() page {
	r = r.clean()
	p := page{Run: r, Status: r.Status(), Heading: r.heading(), About: r.about(), Tiles: r.tiles(), Findings: r.groups()}
	p.Obstacles = r.shown().obstacles()
	r = r.shown()
	line := r.timeline()
	for i, s := range r.Stages {
		p.Stages = append(p.Stages, pageStage{Stage: s, Span: line[i], Failing: s.failing()})
		p.Facts = p.Facts || len(s.Facts) > 0
		p.Drawn = p.Drawn || len(s.Figures) > 0
		p.Tested = p.Tested || s.Tests != nil || s.Coverage != nil
		p.Changed = p.Changed || len(s.Changes) > 0
		p.Logs = p.Logs || s.Status.Red() && s.Log != ""
	}
	return p
}

func (r Run) groups() []group {
	var groups []group
	for _, severity := range finding.Severities {
		g := group{Severity: severity, Open: severity.AtLeast(finding.High)}
		for _, s := range r.Stages {
			for _, f := range s.shows() {
				if f.Severity == severity {
					g.Said = append(g.Said, said{Finding: f, Stage: s.Name})
				}
			}
		}
		if len(g.Said) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// tiles are the figures at the top: only of what there is.
func (r Run) tiles() []tile {
	var tests finding.Tests
	var coverage finding.Coverage
	findings, blocking, known := 0, 0, 0
	for _, s := range r.Stages {
		findings += len(s.Findings)
		known += s.Known()
		if s.Blocks() {
			blocking++
		}
		if s.Tests != nil {
			tests.Passed += s.Tests.Passed
			tests.Failed += s.Tests.Failed + s.Tests.Errored
		}
		if s.Coverage != nil {
			coverage.LinesCovered += s.Coverage.LinesCovered
			coverage.LinesMissed += s.Coverage.LinesMissed
		}
	}
	tiles := []tile{{Name: "stages", Value: fmt.Sprint(len(r.Stages))}}
	if blocking > 0 {
		tiles = append(tiles, tile{Name: "stages block", Value: fmt.Sprint(blocking), Red: true})
	}
	tiles = append(tiles, tile{Name: "time", Value: Took(r.Duration)})
	if tests.Total() > 0 {
		tiles = append(tiles, tile{Name: "tests passed", Value: fmt.Sprint(tests.Passed)})
	}
	if tests.Failed > 0 {
		tiles = append(tiles, tile{Name: "tests failed", Value: fmt.Sprint(tests.Failed), Red: true})
	}
	if coverage.LinesCovered+coverage.LinesMissed > 0 {
		tiles = append(tiles, tile{Name: "lines covered", Value: fmt.Sprintf("%.1f %%", coverage.Lines())})
	}
	if findings > 0 {
		tiles = append(tiles, tile{Name: "findings", Value: fmt.Sprint(findings)})
	}
	if known > 0 {
		tiles = append(tiles, tile{Name: "there before", Value: fmt.Sprint(known)})
	}
	return tiles
}
