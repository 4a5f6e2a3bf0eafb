package budget

import (
	"bytes"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/report"
)

// Whatever a file calls things, the page, the drawing and the terminal show it, and obey nothing of it.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	b := added(t, edit{policies, "name: production\n", `name: "</text><script>alert(1)</script>\e[2J\u202e\n::error::x"` + "\n"})
	if b.Red() {
		t.Fatal(b.Undecided, b.complaints())
	}
	run := report.Run{Title: "t", Stages: []report.Stage{b.Stage()}}
	var page, text bytes.Buffer
	if err := run.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if err := b.Text(&text); err != nil {
		t.Fatal(err)
	}
	svg := b.Stage().Figures[0].SVG
	if strings.Contains(page.String(), "<script>alert") || strings.Contains(svg, "<script>alert") || !strings.Contains(svg, "&lt;script&gt;alert") {
		t.Error("the name is markup")
	}
	for _, bad := range []string{"\x1b", "\u202e", "\n::error::"} {
		if strings.Contains(text.String(), bad) || strings.Contains(svg, bad) {
			t.Errorf("%q is in what is shown", bad)
		}
	}
}

// The drawing has a bar for each part that counts, a line for each target, and words for whoever does not see it.
func TestFigure(t *testing.T) {
	t.Parallel()
	b := added(t)
	figure := b.figure()
	parts, targets := 0, 0
	for _, c := range b.drawn() {
		for _, p := range c.Parts {
			if !p.Meanwhile {
				parts++
			}
		}
		if c.Asked != nil {
			targets++
		}
	}
	if got := strings.Count(figure.SVG, "<rect"); got != parts || parts == 0 {
		t.Errorf("%d bars, want %d", got, parts)
	}
	if got := strings.Count(figure.SVG, "<line"); got != targets || targets != 6 {
		t.Errorf("%d targets, want %d", got, targets)
	}
	if !strings.HasPrefix(figure.Alt, "merge to deployed 575 s of 600 s; ") {
		t.Errorf("in words: %s", figure.Alt)
	}
}
