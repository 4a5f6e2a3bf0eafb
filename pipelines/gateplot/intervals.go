package gateplot

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/esteira/esteira/pipelines/report"
)

// Interval is a figure with its interval and what was asked for.
type Interval struct {
	Name                string
	Scale               string // what the figure is a number of; those of one scale share an axis
	Lower, Value, Upper float64
	Threshold           float64
	AtMost              bool   // the threshold is an upper one
	Outcome             string // pass, fail, or undecided
}

// mostIntervals are those that are drawn: the first ones.
const mostIntervals = 40

// Intervals draws intervals against their thresholds. What is shown to be met lies wholly on its side of the threshold.
func Intervals(all []Interval) (report.Figure, error) {
	if len(all) == 0 {
		return report.Figure{}, errors.New("intervals: there is none to draw")
	}
	for _, i := range all {
		for _, limit := range []float64{i.Lower, i.Value, i.Upper, i.Threshold} {
			if math.IsNaN(limit) || math.IsInf(limit, 0) {
				return report.Figure{}, fmt.Errorf("intervals: %s has the limit %v, which is nowhere on an axis", i.Name, limit)
			}
		}
	}
	drawn := all[:min(len(all), mostIntervals)]
	var panels []panel
	for _, scale := range scales(drawn) {
		panels = append(panels, scalePanel(scale, drawn))
	}
	return figure("Intervals against what is asked for", intervalsInWords(all, len(drawn)), 560, panels...)
}

// scales are those of the intervals, in the order in which they come.
func scales(all []Interval) []string {
	var found []string
	for _, i := range all {
		if !slices.Contains(found, i.Scale) {
			found = append(found, i.Scale)
		}
	}
	return found
}

// scalePanel draws the intervals of one scale, from the top down.
func scalePanel(scale string, all []Interval) panel {
	p := newPlot(report.Plain(scale), "")
	var ticks plot.ConstantTicks
	var shown []Interval
	for _, i := range all {
		if i.Scale == scale {
			shown = append(shown, i)
		}
	}
	for n, i := range shown {
		y := float64(len(shown) - 1 - n)
		p.Add(intervalPlot{i, y})
		ticks = append(ticks, plot.Tick{Value: y, Label: clippedTo(i.Name, 28)})
	}
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.LineStyle.Width = ticks, 0, 0
	p.Y.Tick.Label.Color = ink
	p.Y.Min, p.Y.Max = -0.5, float64(len(shown))-0.3
	room := (p.X.Max - p.X.Min) * 0.04
	p.X.Min, p.X.Max = p.X.Min-room, p.X.Max+room
	return panel{p, vg.Points(float64(52 + 38*len(shown)))}
}

// intervalPlot draws one interval at a height.
type intervalPlot struct {
	Interval
	y float64
}

// DataRange makes it a plot.DataRanger.
func (i intervalPlot) DataRange() (xmin, xmax, ymin, ymax float64) {
	return min(i.Lower, i.Threshold), max(i.Upper, i.Threshold), i.y, i.y
}

// Plot makes it a plot.Plotter.
func (i intervalPlot) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	height, colour := y(i.y), outcomePaint(i.Outcome)
	c.StrokeLine2(stroke(line, 0.75), c.Min.X, height, c.Max.X, height)
	c.StrokeLine2(stroke(colour, 5), x(i.Lower), height, x(i.Upper), height)
	c.StrokeLine2(stroke(ink, 1.5), x(i.Threshold), height-9, x(i.Threshold), height+6)
	c.DrawGlyph(draw.GlyphStyle{Color: ground, Radius: 4.5, Shape: draw.CircleGlyph{}}, vg.Point{X: x(i.Value), Y: height})
	c.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: 3, Shape: draw.CircleGlyph{}}, vg.Point{X: x(i.Value), Y: height})
	c.FillText(label(9, colour, -1, 0), vg.Point{X: c.Max.X, Y: height + 9}, i.figures())
}

func (i Interval) figures() string {
	sign := "≥"
	if i.AtMost {
		sign = "≤"
	}
	return fmt.Sprintf("%.3f (%.3f to %.3f) %s %.3f: %s", i.Value, i.Lower, i.Upper, sign, i.Threshold, report.Plain(i.Outcome))
}

func outcomePaint(outcome string) paint {
	switch outcome {
	case "pass":
		return passed
	case "fail":
		return failed
	}
	return undecided
}

func intervalsInWords(all []Interval, drawn int) string {
	var said []string
	for _, i := range all[:min(len(all), mostTold)] {
		asked := "at least"
		if i.AtMost {
			asked = "at most"
		}
		said = append(said, fmt.Sprintf("%s %.3f, 95 %% interval %.3f to %.3f, %s %.3f asked for: %s", i.Name, i.Value, i.Lower, i.Upper, asked, i.Threshold, i.Outcome))
	}
	text := strings.Join(said, "; ") + "."
	if more := len(all) - len(said); more > 0 {
		text += fmt.Sprintf(" And %d more.", more)
	}
	if len(all) > drawn {
		text += fmt.Sprintf(" The first %d are drawn.", drawn)
	}
	return text
}
