// Package gateplot draws what a gate judged by: a confusion matrix, a reliability diagram, and intervals against what was
// asked for. A drawing is an SVG with a text alternative in it and beside it. It is readable on a light ground and on a
// dark one, and no meaning is in a colour alone.
package gateplot

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/esteira/esteira/pipelines/report"
)

// sans is the typeface; the other families in an SVG have letters of the same widths, or are what there is.
var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

const families = `font-family:Liberation Sans,Arial,Helvetica,sans-serif;`

// panel is one plot in a drawing, that takes so much of its height.
type panel struct {
	plot   *plot.Plot
	height vg.Length
}

// newPlot is an empty plot in our type and colours.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = quiet, quiet
		axis.LineStyle.Width = vg.Points(0.75)
		axis.Tick.LineStyle.Width = vg.Points(0.75)
		axis.Tick.Label = style(axis.Tick.Label, 10, quiet)
		axis.Label.TextStyle = style(axis.Label.TextStyle, 10, ink)
		axis.Label.Padding = vg.Points(6)
	}
	p.X.Label.Text, p.Y.Label.Text = x, y
	return p
}

// style is a style of text in our typeface. Texts are plain: no character in a name means anything.
func style(s text.Style, size vg.Length, colour paint) text.Style {
	s.Font, s.Color = sans, colour
	s.Font.Size = size
	s.Handler = text.Plain{Fonts: font.DefaultCache}
	return s
}

// label is a style of text in a drawing.
func label(size vg.Length, colour paint, x text.XAlignment, y text.YAlignment) text.Style {
	return style(text.Style{XAlign: x, YAlign: y}, size, colour)
}

// figure draws panels one below the other.
func figure(title, alt string, width vg.Length, panels ...panel) (report.Figure, error) {
	const margin = 10
	alt = report.Plain(alt)
	height := vg.Length(2 * margin)
	for _, p := range panels {
		height += p.height
	}
	svg := vgsvg.New(width, height)
	canvas := draw.New(svg)
	canvas.FillPolygon(ground, []vg.Point{{X: 0, Y: 0}, {X: width, Y: 0}, {X: width, Y: height}, {X: 0, Y: height}})
	top := height - margin
	for _, p := range panels {
		part := draw.Canvas{Canvas: svg, Rectangle: vg.Rectangle{Min: vg.Point{X: margin, Y: top - p.height}, Max: vg.Point{X: width - margin, Y: top}}}
		p.plot.Draw(part)
		top -= p.height
	}
	var out bytes.Buffer
	if _, err := svg.WriteTo(&out); err != nil {
		return report.Figure{}, fmt.Errorf("drawing %q: %w", title, err)
	}
	document, err := accessible(out.String(), title, alt)
	return report.Figure{Title: title, SVG: document, Alt: alt}, err
}

// accessible gives an SVG of vgsvg's its title and description (SVG 2 §5.8, SVG-AAM), and our colours and families.
func accessible(svg, title, alt string) (string, error) {
	_, svg, found := strings.Cut(svg, "<svg ") // without a comment that names who made it
	attributes, body, closed := strings.Cut(svg, ">")
	if !found || !closed {
		return "", errors.New("drawing: the canvas wrote no SVG")
	}
	body = strings.ReplaceAll(body, `style="font-family:Liberation Sans;`, `style="`+families)
	return fmt.Sprintf("<svg role=\"img\" %s>\n<title>%s</title>\n<desc>%s</desc>\n<style>%s</style>%s",
		attributes, html.EscapeString(title), html.EscapeString(alt), darkRules(), body), nil
}
