package monitoring

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// shown says whether a panel has something to show: one query all of whose selectors some series answers.
func (j *judgement) shown(d Dashboard, panel Panel) bool {
	return slices.ContainsFunc(panel.Queries, func(q panelQuery) bool {
		text, _ := d.fill(q.Text)
		expression, err := parse(text)
		return err == nil && j.answers(expression, map[string]bool{})
	})
}

// answers says whether an expression has a result, as far as series and their labels tell. Of a metric whose program was
// not asked it has. Recording are the rules that are being looked into.
func (c *catalogue) answers(expression parser.Expr, recording map[string]bool) bool {
	switch e := expression.(type) {
	case *parser.VectorSelector:
		return c.matched(e, recording)
	case *parser.BinaryExpr:
		left, right := c.answers(e.LHS, recording), c.answers(e.RHS, recording)
		switch e.Op {
		case parser.LOR:
			return left || right
		case parser.LUNLESS:
			return left
		}
		return left && right
	case *parser.Call:
		switch e.Func.Name {
		case "absent", "absent_over_time":
			return true
		}
	}
	for child := range parser.ChildrenIter(expression) {
		if inner, ok := child.(parser.Expr); ok && !c.answers(inner, recording) {
			return false
		}
	}
	return true
}

// matched says whether a selector has a series.
func (c *catalogue) matched(selector *parser.VectorSelector, recording map[string]bool) bool {
	name, matchers := metricOf(selector), selector.LabelMatchers
	if rules := c.records[name]; len(rules) > 0 {
		if recording[name] {
			return false
		}
		recording[name] = true
		defer delete(recording, name)
		return slices.ContainsFunc(rules, func(rule Rule) bool {
			expression, err := parse(rule.Text)
			return err == nil && fits(matchers, rule.Labels) && c.answers(expression, recording)
		})
	}
	if name == "" || name == "ALERTS" || name == "ALERTS_FOR_STATE" {
		return true
	}
	sources, _, _ := c.find(name, matchers)
	return slices.ContainsFunc(sources, func(s source) bool {
		return s.series == nil || slices.ContainsFunc(s.series, func(one Series) bool { return fits(matchers, one.Labels) })
	})
}

// fits says whether labels satisfy matchers, as far as they are known: those that are not here the target or the rule's
// expression gives.
func fits(matchers []*labels.Matcher, known map[string]string) bool {
	return !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool {
		value, ok := known[m.Name]
		return ok && !m.Matches(value)
	})
}
