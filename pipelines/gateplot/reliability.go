package gateplot

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/esteira/esteira/pipelines/predictions"
	"github.com/esteira/esteira/pipelines/report"
)

// Reliability draws, bin by bin, how sure a model was of its predictions and how often they were right. A model that
// knows how sure it may be lies on the diagonal; below it is too sure of itself. A dot's area is its share of the rows.
func Reliability(bins [15]predictions.Bin) (report.Figure, error) {
	rows := 0
	for _, bin := range bins {
		rows += bin.N
	}
	if rows == 0 {
		return report.Figure{}, errors.New("reliability diagram: no row has probabilities")
	}
	var dots plotter.XYs
	var sizes []vg.Length
	for _, bin := range bins {
		if bin.N > 0 {
			dots = append(dots, plotter.XY{X: bin.Confidence / float64(bin.N), Y: float64(bin.Correct) / float64(bin.N)})
			sizes = append(sizes, vg.Points(3+9*math.Sqrt(float64(bin.N)/float64(rows))))
		}
	}
	p := newPlot("how sure the model was (mean probability of a bin)", "how often it was right")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = line, line
	diagonal := &plotter.Line{XYs: plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, LineStyle: stroke(quiet, 1)}
	diagonal.Dashes = []vg.Length{4, 3}
	path := &plotter.Line{XYs: dots, LineStyle: stroke(blue, 1.5)}
	scatter := &plotter.Scatter{XYs: dots, GlyphStyleFunc: func(i int) draw.GlyphStyle {
		return draw.GlyphStyle{Color: blue.at(0.75), Radius: sizes[i], Shape: draw.CircleGlyph{}}
	}}
	p.Add(grid, diagonal, path, scatter)
	return figure("Reliability", reliabilityInWords(bins, rows), 340, panel{p, 310})
}

func stroke(colour paint, width float64) draw.LineStyle {
	return draw.LineStyle{Color: colour, Width: vg.Points(width)}
}

func reliabilityInWords(bins [15]predictions.Bin, rows int) string {
	var said []string
	for i, bin := range bins {
		if bin.N > 0 {
			said = append(said, fmt.Sprintf("between %.2f and %.2f %d rows, sure %.3f and right %.3f", float64(i)/15, float64(i+1)/15,
				bin.N, bin.Confidence/float64(bin.N), float64(bin.Correct)/float64(bin.N)))
		}
	}
	return fmt.Sprintf("How sure the model was, and how often it was right, on %d rows: %s.", rows, strings.Join(said, "; "))
}
