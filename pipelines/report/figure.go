package report

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// Figure is a drawing of what a stage found.
type Figure struct {
	Title string `json:"title"`
	// SVG is the drawing, a document of its own. A page shows it as an image, in which nothing runs or is loaded.
	SVG string `json:"svg"`
	// Alt says in words what the drawing shows: to whoever does not see it, and in formats that hold no drawings.
	Alt string `json:"alt"`
}

// check makes sure that there is something to show, and words for it.
func (f Figure) check() error {
	switch {
	case strings.TrimSpace(f.Title) == "":
		return errors.New("it has no title")
	case strings.TrimSpace(f.Alt) == "":
		return fmt.Errorf("%q has no text alternative: say in words what it shows", f.Title)
	}
	if err := checkSVG(f.SVG); err != nil {
		return fmt.Errorf("%q: %w", f.Title, err)
	}
	return nil
}

// checkSVG is an error unless a text is XML whose root is an SVG's.
func checkSVG(text string) error {
	decoder := xml.NewDecoder(strings.NewReader(text))
	root := xml.Name{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("its SVG is damaged: %w", err)
		}
		if element, ok := token.(xml.StartElement); ok && root.Local == "" {
			root = element.Name
		}
	}
	if root != (xml.Name{Space: "http://www.w3.org/2000/svg", Local: "svg"}) {
		return fmt.Errorf("it is no SVG: its root is %q of namespace %q", root.Local, root.Space)
	}
	return nil
}

// Source is the drawing as the address of an image. No character of base64 means anything in HTML.
func (f Figure) Source() template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(f.SVG)))
}

// told are a stage's facts, and its figures in words.
func (s Stage) told() []Fact {
	told := append([]Fact(nil), s.Facts...)
	for _, f := range s.Figures {
		told = append(told, Fact{Name: f.Title, Value: f.Alt})
	}
	return told
}
