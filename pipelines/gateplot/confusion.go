package gateplot

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/esteira/esteira/pipelines/report"
)

const (
	mostClasses = 24 // that are drawn
	mostLetters = 14 // of a class's name in a drawing
	mostTold    = 10 // parts of a text alternative
)

// Confusion draws how many rows of each label were predicted as which class: counts[label][prediction]. A cell is the
// darker the larger its share of the label's rows is. Of many classes it draws those with the most wrong rows.
func Confusion(classes []string, counts [][]int) (report.Figure, error) {
	if len(classes) == 0 || len(counts) != len(classes) {
		return report.Figure{}, fmt.Errorf("confusion matrix: %d classes and %d rows of counts", len(classes), len(counts))
	}
	m := newMatrix(classes, counts)
	p := newPlot("predicted as", "label")
	heat := plotter.NewHeatMap(m, shades{})
	heat.Min, heat.Max, heat.NaN = 0, 1, ground
	p.Add(heat)
	cells, err := m.labels()
	if err != nil {
		return report.Figure{}, err
	}
	p.Add(cells)
	p.X.Tick.Marker, p.Y.Tick.Marker = m.ticks(false), m.ticks(true)
	p.X.Tick.Length, p.Y.Tick.Length = 0, 0
	p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	if len(m.shown) > 4 {
		p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = 0.8, -1, -0.5
	}
	side := vg.Points(float64(120 + 44*len(m.shown)))
	return figure("Confusion matrix", m.words(len(classes)), max(side, 260)+60, panel{p, max(side, 240)})
}

// matrix is what is drawn of a confusion matrix, as a grid whose first label is at the top.
type matrix struct {
	shown   []int // classes
	classes []string
	counts  [][]int
	rows    []int // by label
}

func newMatrix(classes []string, counts [][]int) matrix {
	m := matrix{classes: classes, counts: counts}
	wrong := make([]int, len(classes))
	for label, row := range counts {
		rows := 0
		for prediction, n := range row {
			rows += n
			if prediction != label {
				wrong[label] += n
				wrong[prediction] += n
			}
		}
		m.rows = append(m.rows, rows)
		m.shown = append(m.shown, label)
	}
	if len(classes) > mostClasses {
		slices.SortStableFunc(m.shown, func(a, b int) int { return wrong[b] - wrong[a] })
		m.shown = m.shown[:mostClasses]
		slices.Sort(m.shown)
	}
	return m
}

func (m matrix) at(column, row int) (label, prediction int) {
	return m.shown[len(m.shown)-1-row], m.shown[column]
}

// Dims, X, Y and Z make it a plotter.GridXYZ.
func (m matrix) Dims() (columns, rows int) { return len(m.shown), len(m.shown) }

// X is the place of a column.
func (m matrix) X(column int) float64 { return float64(column) }

// Y is the place of a row.
func (m matrix) Y(row int) float64 { return float64(row) }

// Z is the share of the label's rows; that of no rows is 0.
func (m matrix) Z(column, row int) float64 {
	label, prediction := m.at(column, row)
	return float64(m.counts[label][prediction]) / float64(max(m.rows[label], 1))
}

func (m matrix) labels() (*plotter.Labels, error) {
	var at plotter.XYLabels
	for row := range m.shown {
		for column := range m.shown {
			label, prediction := m.at(column, row)
			at.XYs = append(at.XYs, plotter.XY{X: float64(column), Y: float64(row)})
			at.Labels = append(at.Labels, short(m.counts[label][prediction]))
		}
	}
	labels, err := plotter.NewLabels(at)
	if err != nil {
		return nil, fmt.Errorf("confusion matrix: %w", err)
	}
	for i, count := range at.Labels {
		colour := ink
		if count == "0" {
			colour = quiet
		}
		labels.TextStyle[i] = label(11, colour, -0.5, -0.4)
	}
	return labels, nil
}

func (m matrix) ticks(downwards bool) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i := range m.shown {
		class := m.shown[i]
		if downwards {
			class, _ = m.at(0, i)
		}
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: clippedTo(m.classes[class], mostLetters)})
	}
	return ticks
}

// words say the matrix, its largest mistakes first.
func (m matrix) words(all int) string {
	type mistake struct{ label, prediction, n int }
	var mistakes []mistake
	rows, wrong := 0, 0
	for label, row := range m.counts {
		for prediction, n := range row {
			rows += n
			if prediction != label && n > 0 {
				wrong += n
				mistakes = append(mistakes, mistake{label, prediction, n})
			}
		}
	}
	slices.SortStableFunc(mistakes, func(a, b mistake) int { return b.n - a.n })
	var said []string
	for _, w := range mistakes[:min(len(mistakes), mostTold)] {
		said = append(said, fmt.Sprintf("%d of %d %s were predicted as %s", w.n, m.rows[w.label], m.classes[w.label], m.classes[w.prediction]))
	}
	text := fmt.Sprintf("%d of %d rows are predicted right.", rows-wrong, rows)
	if len(said) > 0 {
		text += " " + strings.Join(said, "; ") + "."
	}
	if more := len(mistakes) - len(said); more > 0 {
		text += fmt.Sprintf(" %d more kinds of mistakes are rarer.", more)
	}
	if all > len(m.shown) {
		text += fmt.Sprintf(" Of %d classes the %d with the most mistakes are drawn.", all, len(m.shown))
	}
	return text
}

// shades are the colours of shares: ink stays readable on the darkest.
type shades struct{}

// Colors makes it a palette.Palette.
func (shades) Colors() []color.Color {
	colours := []color.Color{ground}
	for i := 1; i <= 20; i++ {
		colours = append(colours, blue.at(float64(i)/20*0.5))
	}
	return colours
}

// short is a count that fits into a cell.
func short(n int) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%.0fM", float64(n)/1e6)
	case n >= 1_000_000:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	case n >= 10_000:
		return fmt.Sprintf("%.0fk", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// clippedTo is a name of so many letters at most.
func clippedTo(name string, most int) string {
	letters := []rune(report.Plain(name))
	if len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return string(letters)
}
