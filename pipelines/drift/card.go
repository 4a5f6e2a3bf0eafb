package drift

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Card is what a model's card says of the data that it was trained on.
type Card struct {
	Dataset string `json:"dataset"`
	Rows    int    `json:"rows"`
	// ClassMix counts rows by label.
	ClassMix map[string]int `json:"class_mix"`
	Features []Histogram    `json:"features"`
}

// Histogram counts a feature's values: bin i holds those in (Edges[i-1], Edges[i]], and the first and the last bin are
// open-ended, so that there is one bin more than edges.
type Histogram struct {
	Name   string    `json:"name"`
	Edges  []float64 `json:"edges"`
	Counts []int     `json:"counts"`
}

// ParseCard reads a card. What a comparison needs has to be there and to add up; what else a card says is left alone.
func ParseCard(text []byte) (Card, error) {
	var card Card
	if err := json.Unmarshal(text, &card); err != nil {
		return Card{}, fmt.Errorf("no JSON of a model card: %w", err)
	}
	return card, card.check()
}

func (c Card) check() error {
	switch {
	case c.Dataset == "":
		return errors.New("dataset is missing")
	case c.Rows < 1 || c.Rows > math.MaxInt32:
		return fmt.Errorf("rows is %d", c.Rows)
	case len(c.Features) == 0:
		return errors.New("features is empty: there is nothing to compare")
	case len(c.ClassMix) < 2:
		return fmt.Errorf("class_mix has %d classes: there are two or more", len(c.ClassMix))
	}
	if err := c.adds("class_mix", slices.Collect(maps.Values(c.ClassMix))); err != nil {
		return err
	}
	known := map[string]bool{}
	for i, f := range c.Features {
		place := fmt.Sprintf("features[%d] %q", i, f.Name)
		switch {
		case f.Name == "" || known[f.Name]:
			return fmt.Errorf("%s: it has no name of its own", place)
		case len(f.Counts) != len(f.Edges)+1:
			return fmt.Errorf("%s: %d counts for %d edges: there is one more than edges", place, len(f.Counts), len(f.Edges))
		}
		for j := 1; j < len(f.Edges); j++ {
			if !(f.Edges[j-1] < f.Edges[j]) {
				return fmt.Errorf("%s: edges[%d] is %v after %v: edges ascend", place, j, f.Edges[j], f.Edges[j-1])
			}
		}
		if err := c.adds(place+": counts", f.Counts); err != nil {
			return err
		}
		known[f.Name] = true
	}
	return nil
}

// adds makes sure that counts are those of all rows.
func (c Card) adds(name string, counts []int) error {
	sum := 0
	for _, n := range counts {
		if n < 0 || n > c.Rows {
			return fmt.Errorf("%s: %d rows of %d", name, n, c.Rows)
		}
		sum += n
	}
	if sum != c.Rows {
		return fmt.Errorf("%s: %d rows in all, and the card has %d", name, sum, c.Rows)
	}
	return nil
}
