package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/gate"
	"github.com/esteira/esteira/pipelines/gateplot"
	"github.com/esteira/esteira/pipelines/predictions"
	"github.com/esteira/esteira/pipelines/report"
)

// gateCall is what a call of the gate names.
type gateCall struct {
	policy, candidate, champion, anchor, output string
	production, approvedBy                      string
	judged                                      int
}

// judge says of a model whether it is good enough, and writes why. It succeeds whatever the verdict is: whoever runs it
// looks at the stage. If the input is bad it writes nothing.
func judge(args []string, out io.Writer) error {
	var call gateCall
	flags := call.flags()
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if err := call.check(); err != nil {
		return usageError{fmt.Errorf("gate: %w", err)}
	}
	judged, err := call.load()
	if err != nil {
		return err
	}
	verdict, err := judged.Judge()
	if err != nil {
		return err
	}
	files, err := gateFiles(judged, verdict)
	if err != nil {
		return err
	}
	if err := writeGate(call.output, files); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %s\n", verdict.Decision, verdict.Sentence)
	return err
}

func (c *gateCall) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("gate", flag.ContinueOnError)
	flags.StringVar(&c.policy, "policy", "", "`file` with the policy, such as esteira.yaml")
	flags.StringVar(&c.candidate, "candidate", "", "`folder` with the evaluation of the model to be judged")
	flags.StringVar(&c.champion, "champion", "", "`folder` with the evaluation, on the same rows, of the model that production has")
	flags.StringVar(&c.anchor, "anchor", "", "`folder` with the evaluation, on the same rows, of the policy's anchor")
	flags.StringVar(&c.production, "production", "", "`sha256` of the model that production has")
	flags.StringVar(&c.approvedBy, "approved-by", "", "`person` who approves the model where production has none to compare it with")
	flags.IntVar(&c.judged, "judged", 0, "how `many` models were judged on these data before")
	flags.StringVar(&c.output, "output", "", "`folder` to write verdict, record, statement, stage and figures to")
	return flags
}

var modelDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (c *gateCall) check() error {
	for _, needed := range []struct{ name, value string }{
		{"policy", c.policy}, {"candidate", c.candidate}, {"output", c.output},
	} {
		if needed.value == "" {
			return fmt.Errorf("--%s is missing", needed.name)
		}
	}
	if c.production != "" && !modelDigest.MatchString(c.production) {
		return fmt.Errorf("--production is %q: want the 64 lower-case hexadecimal digits of a sha256", c.production)
	}
	if c.judged < 0 {
		return fmt.Errorf("--judged is %d: want none or more", c.judged)
	}
	return nil
}

// load reads the policy and the declarations.
func (c *gateCall) load() (gate.Case, error) {
	policy, err := config.ReadFile(c.policy)
	if err != nil {
		return gate.Case{}, err
	}
	if policy.Gate == nil {
		return gate.Case{}, fmt.Errorf("%s: it has no gate: say there what is asked of a model", c.policy)
	}
	judged := gate.Case{Policy: *policy.Gate, Production: c.production, Judged: c.judged, ApprovedBy: c.approvedBy}
	for _, e := range []struct {
		folder string
		into   **predictions.Evaluation
	}{{c.candidate, &judged.Candidate}, {c.champion, &judged.Champion}, {c.anchor, &judged.Anchor}} {
		if e.folder == "" {
			continue
		}
		if *e.into, err = predictions.Open(e.folder); err != nil {
			return gate.Case{}, err
		}
	}
	return judged, nil
}

// gateFile is one file of the output; one without content is not to be there.
type gateFile struct {
	name    string
	content []byte
}

// gateFiles are all files of a verdict. The stage is the last: where it is, all are.
func gateFiles(judged gate.Case, verdict gate.Verdict) ([]gateFile, error) {
	record, err := judged.Record(verdict)
	if err != nil {
		return nil, err
	}
	stage := verdict.Stage()
	files := []gateFile{{name: "verdict.md", content: []byte(verdict.Markdown())}}
	for _, drawing := range gateFigures {
		figure, err := drawing.draw(verdict)
		if err != nil {
			return nil, err
		}
		if figure != nil {
			stage.Figures = append(stage.Figures, *figure)
			files = append(files, gateFile{drawing.file, []byte(figure.SVG)})
			continue
		}
		files = append(files, gateFile{name: drawing.file})
	}
	for _, document := range []struct {
		name  string
		value any
	}{{"record.json", record}, {"statement.json", record.Statement()}, {"stage.json", stage}} {
		var text bytes.Buffer
		if err := writeJSON(&text, document.value); err != nil {
			return nil, fmt.Errorf("%s: %w", document.name, err)
		}
		files = append(files, gateFile{document.name, text.Bytes()})
	}
	return files, nil
}

// writeGate makes the folder hold these files, also where it holds those of an earlier verdict.
func writeGate(folder string, files []gateFile) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Remove(filepath.Join(folder, f.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for _, f := range files {
		if f.content == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, f.name), f.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// gateFigures are the drawings of a verdict; nil where there is nothing to draw.
var gateFigures = []struct {
	file string
	draw func(gate.Verdict) (*report.Figure, error)
}{
	{"intervals.svg", drawIntervals},
	{"confusion.svg", func(v gate.Verdict) (*report.Figure, error) {
		figure, err := gateplot.Confusion(v.Tally.Classes, v.Tally.Candidate.Confusion)
		return &figure, err
	}},
	{"reliability.svg", func(v gate.Verdict) (*report.Figure, error) {
		if !v.Tally.Candidate.Probabilities {
			return nil, nil
		}
		figure, err := gateplot.Reliability(v.Tally.Candidate.Calibration)
		return &figure, err
	}},
}

// drawIntervals draws the metrics that have an interval and a threshold.
func drawIntervals(v gate.Verdict) (*report.Figure, error) {
	var intervals []gateplot.Interval
	for _, m := range v.Metrics {
		if m.Interval == nil || m.Threshold == nil {
			continue
		}
		intervals = append(intervals, gateplot.Interval{
			Name: metricName(m), Scale: metricScale(m.Name), Lower: m.Interval.Lower, Value: m.Value, Upper: m.Interval.Upper,
			Threshold: *m.Threshold, AtMost: m.LowerIsBetter, Outcome: string(m.Outcome),
		})
	}
	figure, err := gateplot.Intervals(intervals)
	return &figure, err
}

// metricName is the metric's name with what narrows it down, short enough for a drawing.
func metricName(m gate.Metric) string {
	name := string(m.Name)
	if m.Class != "" {
		name += " of " + m.Class
	}
	if m.Against != "" {
		name += " from the " + m.Against
	}
	if m.Slice != nil {
		name = m.Slice.String() + ": " + name
	}
	return name
}

// metricScale is what a metric is a number of.
func metricScale(name gate.Name) string {
	switch name {
	case gate.Difference:
		return "difference of the shares of right rows"
	case gate.LogLoss, gate.Brier:
		return string(name)
	}
	return "share"
}
