package gateplot

import (
	"fmt"
	"image/color"
	"strings"
)

// paint is a colour on a light ground, and what it becomes on a dark one. Both are as in the HTML report.
type paint struct{ light, dark uint32 }

var (
	ground    = paint{0xFFFFFF, 0x171B22}
	ink       = paint{0x1C2127, 0xE4E9F0}
	quiet     = paint{0x545D68, 0x9BA6B3}
	line      = paint{0xD9DEE5, 0x2E353F}
	blue      = paint{0x0A58C2, 0x78B0FF}
	passed    = paint{0x1A7F37, 0x4CC267}
	failed    = paint{0xC4232D, 0xFF7F78}
	undecided = paint{0x8A5A00, 0xE0A93B}
)

var paints = []paint{ground, ink, quiet, line, blue, passed, failed, undecided}

// RGBA is the colour on a light ground, which is what a program shows that knows no style sheets.
func (p paint) RGBA() (r, g, b, a uint32) { return p.at(1).RGBA() }

// at is the paint with an opacity.
func (p paint) at(opacity float64) color.Color { return tint{p, uint32(opacity * 0xFFFF)} }

// tint is a paint with an opacity above one in two hundred. Its parts are rounded up, so that whoever divides them by the
// opacity again gets the paint, to the digit: darkRules find it by that.
type tint struct {
	paint
	alpha uint32
}

func (t tint) RGBA() (r, g, b, a uint32) {
	part := func(shift uint) uint32 { return min((t.light>>shift&0xFF)*t.alpha/0xFF+1, t.alpha) }
	return part(16), part(8), part(0), t.alpha
}

// darkRules are a style sheet that turns each paint to its dark form where the reader prefers that.
func darkRules() string {
	var b strings.Builder
	b.WriteString("@media (prefers-color-scheme: dark) {")
	for _, p := range paints {
		for _, property := range []string{"fill", "stroke"} {
			fmt.Fprintf(&b, ` [style*="%s:#%06X"] { %s: #%06X !important }`, property, p.light, property, p.dark)
		}
	}
	return b.String() + " }"
}
