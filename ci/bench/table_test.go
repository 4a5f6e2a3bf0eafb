package main

import (
	"strings"
	"testing"
)

func TestVerdict(t *testing.T) {
	relative := []limit{{0.6, 0}}
	both := []limit{{0, 1.5}, {0.1, 0}}
	sum := []limit{{1.25, 1.5}}
	for name, c := range map[string]struct {
		line line
		want string
	}{
		"at an absolute limit":         {line{unit: "MB", esteira: 100, target: []limit{{0, 100}}}, "met"},
		"over an absolute limit":       {line{unit: "MB", esteira: 100.1, target: []limit{{0, 100}}}, "NOT met: ≤ 100 MB"},
		"under a share of bare":        {line{unit: "s", esteira: 1, bare: 2, target: relative}, "met"},
		"over a share of bare":         {line{unit: "s", esteira: 1.3, bare: 2, target: relative}, "NOT met: ≤ 0.6 × bare"},
		"slower than bare and allowed": {line{unit: "s", esteira: 26.5, bare: 20, target: sum}, "met"},
		"slower than allowed":          {line{unit: "s", esteira: 26.6, bare: 20, target: sum}, "NOT met: ≤ 1.25 × bare + 1.5 s"},
		"both parts hold":              {line{unit: "s", esteira: 1, bare: 10, target: both}, "met"},
		"the first part is missed":     {line{unit: "s", esteira: 1.6, bare: 20, target: both}, "NOT met: ≤ 1.5 s"},
		"the second part is missed":    {line{unit: "s", esteira: 1, bare: 9, target: both}, "NOT met: ≤ 0.1 × bare"},
		"both parts are missed":        {line{unit: "s", esteira: 2, bare: 9, target: both}, "NOT met: ≤ 1.5 s, ≤ 0.1 × bare"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.line.verdict(); got != c.want {
				t.Errorf("verdict is %q, not %q", got, c.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	got := table([]line{
		{what: "test", unit: "s", esteira: 0.9, bare: 30, target: []limit{{0, 1.5}, {0.1, 0}}},
		{what: "image", unit: "MB", esteira: 120, target: []limit{{0, 100}}},
	})
	want := strings.Join([]string{
		"| what  | esteira   | bare    | ratio  | target                   |                   |",
		"| ----- | --------- | ------- | ------ | ------------------------ | ----------------- |",
		"| test  | 0.90 s    | 30.00 s | 0.03 × | ≤ 1.5 s and ≤ 0.1 × bare | met               |",
		"| image | 120.00 MB | –       | –      | ≤ 100 MB                 | NOT met: ≤ 100 MB |",
		"",
	}, "\n")
	if got != want {
		t.Errorf("table is\n%s\nnot\n%s", got, want)
	}
}
