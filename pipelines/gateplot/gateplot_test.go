package gateplot

import (
	"encoding/xml"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/predictions"
	"github.com/esteira/esteira/pipelines/report"
)

var (
	flowers = []string{"setosa", "versicolor", "virginica"}
	counts  = [][]int{{50, 0, 0}, {0, 46, 4}, {0, 3, 47}}
	bins    = [15]predictions.Bin{8: {N: 20, Correct: 11, Confidence: 11.4}, 14: {N: 130, Correct: 128, Confidence: 127}}
	shares  = []Interval{
		{Name: "accuracy", Scale: "share of rows", Lower: 0.911, Value: 0.967, Upper: 0.986, Threshold: 0.9, Outcome: "pass"},
		{Name: "log loss", Scale: "log loss", Lower: 0.1, Value: 0.25, Upper: 0.4, Threshold: 0.3, AtMost: true, Outcome: "undecided"},
		{Name: "recall of setosa", Scale: "share of rows", Lower: 0.7, Value: 0.75, Upper: 0.8, Threshold: 0.85, Outcome: "fail"},
	}
)

// drawn are the three drawings, of something usual.
func drawn(t *testing.T) map[string]report.Figure {
	t.Helper()
	figures := map[string]report.Figure{}
	add := func(name string, f report.Figure, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		figures[name] = f
	}
	f, err := Confusion(flowers, counts)
	add("confusion", f, err)
	f, err = Reliability(bins)
	add("reliability", f, err)
	f, err = Intervals(shares)
	add("intervals", f, err)
	return figures
}

// document is what of an SVG a reader hears and sees as text.
type document struct {
	XMLName xml.Name
	Role    string   `xml:"role,attr"`
	Title   string   `xml:"title"`
	Desc    string   `xml:"desc"`
	Texts   []string `xml:"g>text"`
}

func parse(t *testing.T, svg string) document {
	t.Helper()
	var d document
	if err := xml.Unmarshal([]byte(svg), &d); err != nil {
		t.Fatalf("%v in %.300s", err, svg)
	}
	return d
}

func TestDrawingsHaveATextAlternative(t *testing.T) {
	for name, f := range drawn(t) {
		t.Run(name, func(t *testing.T) {
			d := parse(t, f.SVG)
			if d.XMLName.Local != "svg" || d.Role != "img" || d.Title != f.Title || d.Desc != f.Alt || f.Title == "" || f.Alt == "" {
				t.Errorf("%+v of %q: %q", d, f.Title, f.Alt)
			}
			if err := (report.Run{Stages: []report.Stage{{Name: "gate", Status: report.Passed, Figures: []report.Figure{f}}}}).Err(); err != nil {
				t.Errorf("a report refuses it: %v", err)
			}
			if folder := os.Getenv("ESTEIRA_FIGURES"); folder != "" { // to look at them
				if err := os.WriteFile(filepath.Join(folder, name+".svg"), []byte(f.SVG), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestWords(t *testing.T) {
	figures := drawn(t)
	for name, want := range map[string]string{
		"confusion": "143 of 150 rows are predicted right. 4 of 50 versicolor were predicted as virginica; 3 of 50 virginica were predicted as versicolor.",
		"reliability": "How sure the model was, and how often it was right, on 150 rows: between 0.53 and 0.60 20 rows, sure 0.570 and right 0.550; " +
			"between 0.93 and 1.00 130 rows, sure 0.977 and right 0.985.",
		"intervals": "accuracy 0.967, 95 % interval 0.911 to 0.986, at least 0.900 asked for: pass; " +
			"log loss 0.250, 95 % interval 0.100 to 0.400, at most 0.300 asked for: undecided; " +
			"recall of setosa 0.750, 95 % interval 0.700 to 0.800, at least 0.850 asked for: fail.",
	} {
		if figures[name].Alt != want {
			t.Errorf("%s: %s\nwant %s", name, figures[name].Alt, want)
		}
	}
}

// What is in a drawing is said in letters too: counts, names, outcomes.
func TestDrawingsSayWhatTheyShow(t *testing.T) {
	figures := drawn(t)
	for name, want := range map[string][]string{
		"confusion": {"setosa", "versicolor", "virginica", "50", "46", "4", "3", "47", "label", "predicted as"},
		"intervals": {"accuracy", "0.967 (0.911 to 0.986) ≥ 0.900: pass", "0.250 (0.100 to 0.400) ≤ 0.300: undecided", "share of rows"},
	} {
		all := regexp.MustCompile(`(?s)<text[^>]*>([^<]*)`).FindAllStringSubmatch(figures[name].SVG, -1)
		var texts []string
		for _, text := range all {
			texts = append(texts, text[1])
		}
		for _, word := range want {
			if !strings.Contains("|"+strings.Join(texts, "|")+"|", "|"+word+"|") {
				t.Errorf("%s: no %q in %q", name, word, texts)
			}
		}
	}
}

// Each colour has a dark form: nothing stays black on black.
func TestEachColourHasADarkForm(t *testing.T) {
	for name, f := range drawn(t) {
		_, body, _ := strings.Cut(f.SVG, "</style>")
		used := regexp.MustCompile(`(fill|stroke):#[0-9A-F]{6}`).FindAllString(body, -1)
		if len(used) == 0 {
			t.Errorf("%s: no colours at all", name)
		}
		for _, colour := range used {
			if !strings.Contains(f.SVG, `[style*="`+colour+`"]`) {
				t.Errorf("%s: %s has no dark form", name, colour)
			}
		}
		for _, shape := range regexp.MustCompile(`<(path|text|rect)[^>]*>`).FindAllString(body, -1) {
			if !regexp.MustCompile(`(fill|stroke):#`).MatchString(shape) {
				t.Errorf("%s: %s is black", name, shape)
			}
		}
	}
}

// A tint divided by its opacity is the paint again, to the digit.
func TestTints(t *testing.T) {
	colours := map[color.Color]paint{}
	for _, p := range paints {
		colours[p] = p
	}
	for i := 6; i <= 1000; i++ {
		colours[blue.at(float64(i)/1000)] = blue
	}
	for colour, p := range colours {
		r, g, b, a := colour.RGBA()
		part := func(premultiplied uint32) uint32 { return uint32(float64(premultiplied) * (255 / float64(a))) }
		if got := part(r)<<16 | part(g)<<8 | part(b); got != p.light || r > a || g > a || b > a {
			t.Errorf("%06X at %v is %06X", p.light, a, got)
		}
	}
}

func TestNamesAreText(t *testing.T) {
	for _, name := range []string{`</text><script>alert(1)</script>`, `" onload="x`, "$\\frac{1}{2}$", "a & b", "]]>", "\x00\x1b[31m", "line\nline", "\xff", strings.Repeat("long ", 50)} {
		f, err := Confusion([]string{name, "b"}, [][]int{{1, 2}, {3, 4}})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		plain, err := Confusion([]string{"a", "b"}, [][]int{{1, 2}, {3, 4}})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := elements(t, f.SVG), elements(t, plain.SVG); !reflect.DeepEqual(got, want) {
			t.Errorf("%q changes the drawing: %v, want %v", name, got, want)
		}
		if _, err := Intervals([]Interval{{Name: name, Scale: name, Upper: 1, Outcome: name}}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// elements are those of a document, with the names of their attributes.
func elements(t *testing.T, svg string) []string {
	t.Helper()
	var found []string
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if token == nil {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			text := e.Name.Local
			for _, a := range e.Attr {
				text += " " + a.Name.Local
			}
			found = append(found, text)
		}
	}
}

func TestManyClasses(t *testing.T) {
	var names []string
	var many [][]int
	for i := range 1000 {
		names = append(names, fmt.Sprint("class ", i))
		many = append(many, make([]int, 1000))
		many[i][i] = 5_000_000 * (i%3 + 1)
	}
	many[700][3], many[3][998] = 90, 80
	f, err := Confusion(names, many)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"class 700", "class 3", "class 998"} {
		if !strings.Contains(f.SVG, want+"</text>") {
			t.Errorf("%s has the most mistakes, and is not drawn", want)
		}
	}
	if len(f.SVG) > 300_000 || !strings.Contains(f.Alt, "Of 1000 classes the 24 with the most mistakes are drawn.") {
		t.Errorf("%d bytes: %s", len(f.SVG), f.Alt)
	}
}

func TestTheSameDrawingForTheSameFigures(t *testing.T) {
	if one, other := drawn(t), drawn(t); !reflect.DeepEqual(one, other) {
		t.Error("two drawings of the same figures differ")
	}
}

func TestWhatCannotBeDrawn(t *testing.T) {
	broken := func(change func(*Interval)) error {
		i := shares[0]
		change(&i)
		_, err := Intervals([]Interval{i})
		return err
	}
	_, none := Intervals(nil)
	_, unsure := Reliability([15]predictions.Bin{})
	_, empty := Confusion(nil, nil)
	_, short := Confusion(flowers, counts[:2])
	for want, err := range map[string]error{
		"there is none to draw":                    none,
		"no row has probabilities":                 unsure,
		"0 classes and 0 rows":                     empty,
		"3 classes and 2 rows":                     short,
		"accuracy has the limit NaN":               broken(func(i *Interval) { i.Lower = math.NaN() }),
		"accuracy has the limit +Inf, which is no": broken(func(i *Interval) { i.Upper = math.Inf(1) }),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want in it %q", err, want)
		}
	}
}

func TestMoreIntervalsThanAreDrawn(t *testing.T) {
	var many []Interval
	for i := range 100 {
		one := shares[0]
		one.Name = fmt.Sprint("slice ", i)
		many = append(many, one)
	}
	f, err := Intervals(many)
	drawn := len(regexp.MustCompile(`>slice \d+</text>`).FindAllString(f.SVG, -1))
	if err != nil || !strings.HasSuffix(f.Alt, "And 90 more. The first 40 are drawn.") || drawn != 40 {
		t.Errorf("%v, %s, %d drawn", err, f.Alt, drawn)
	}
}
