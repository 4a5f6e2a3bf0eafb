package monitoring

import (
	"fmt"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// parse is Prometheus' own parser, without its experimental functions, as the server runs.
func parse(text string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(text)
}

// reading follows the labels of series through an expression, and says what can't be.
type reading struct {
	*catalogue
	say func(rule, message string, offset int)
}

// infer are the labels that an expression's result may have.
func (r reading) infer(expression parser.Expr) labelSet {
	switch e := expression.(type) {
	case *parser.VectorSelector:
		return r.selected(e)
	case *parser.MatrixSelector:
		return r.infer(e.VectorSelector)
	case *parser.SubqueryExpr:
		return r.infer(e.Expr)
	case *parser.ParenExpr:
		return r.infer(e.Expr)
	case *parser.UnaryExpr:
		return r.infer(e.Expr)
	case *parser.StepInvariantExpr:
		return r.infer(e.Expr)
	case *parser.AggregateExpr:
		return r.aggregated(e)
	case *parser.BinaryExpr:
		return r.combined(e)
	case *parser.Call:
		return r.called(e)
	}
	return setOf()
}

// selected are the labels of a selector's series. Its matchers may only ask for labels that those have.
func (r reading) selected(selector *parser.VectorSelector) labelSet {
	name, at := metricOf(selector), int(selector.PosRange.Start)
	if name == "" {
		return labelSet{map[string]bool{}, true}
	}
	all, series := r.metric(name, selector.LabelMatchers, at)
	for _, m := range selector.LabelMatchers {
		if m.Name == model.MetricNameLabel {
			continue
		}
		if !all.has(m.Name) {
			r.say("unknown-label", fmt.Sprintf("%s has no label %s: it has %s", name, m.Name, all), at)
		} else if m.Name == "le" && len(series) > 0 && !anySeries(series, m) {
			r.say("unknown-bucket", fmt.Sprintf("%s has no bucket %s", name, m), at)
		}
	}
	return all
}

// metric are the labels of a metric, and its series as far as a program was asked.
func (r reading) metric(name string, matchers []*labels.Matcher, at int) (labelSet, []Series) {
	if name == "ALERTS" || name == "ALERTS_FOR_STATE" {
		return r.ofAlerts(), nil
	}
	if len(r.records[name]) > 0 {
		return r.recorded(name), nil
	}
	sources, rule, reason := r.find(name, matchers)
	if rule != "" {
		r.say(rule, reason, at)
		return labelSet{map[string]bool{}, true}, nil
	}
	all := setOf()
	var series []Series
	for _, s := range sources {
		all.add(r.target(s))
		series = append(series, s.series...)
	}
	return all, series
}

// ofAlerts are the labels that alerts have.
func (r reading) ofAlerts() labelSet {
	all := setOf("alertname", "alertstate")
	for _, alert := range r.alerts {
		all.add(r.resultOf(alert))
	}
	return all
}

// metricOf is the metric that a selector names, or nothing.
func metricOf(selector *parser.VectorSelector) string {
	for _, m := range selector.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return selector.Name
}

func anySeries(series []Series, m *labels.Matcher) bool {
	for _, s := range series {
		if m.Matches(s.Labels[m.Name]) {
			return true
		}
	}
	return false
}

// aggregated are the labels that are left of an aggregation.
func (r reading) aggregated(e *parser.AggregateExpr) labelSet {
	inner := r.infer(e.Expr)
	r.demand(inner, e.Grouping, e.Op.String(), int(e.PosRange.Start))
	if e.Without {
		return inner.without(e.Grouping...)
	}
	switch e.Op {
	case parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO:
		return inner
	case parser.COUNT_VALUES:
		if name, ok := e.Param.(*parser.StringLiteral); ok {
			return setOf(append(e.Grouping, name.Val)...)
		}
	}
	return setOf(e.Grouping...)
}

// demand says which labels are asked for and can't be there.
func (r reading) demand(given labelSet, names []string, where string, at int) {
	for _, name := range names {
		if !given.has(name) {
			r.say("unknown-label", fmt.Sprintf("%s: no label %s is left there: there are %s", where, name, given), at)
		}
	}
}

// combined are the labels of a binary expression's result.
func (r reading) combined(e *parser.BinaryExpr) labelSet {
	left, right := r.infer(e.LHS), r.infer(e.RHS)
	switch {
	case e.LHS.Type() == parser.ValueTypeScalar:
		return right
	case e.RHS.Type() == parser.ValueTypeScalar || e.VectorMatching == nil:
		return left
	}
	match, at := e.VectorMatching, int(e.PositionRange().Start)
	if match.On {
		r.demand(left, match.MatchingLabels, "on, left of "+e.Op.String(), at)
		r.demand(right, match.MatchingLabels, "on, right of "+e.Op.String(), at)
	} else {
		r.demand(left.union(right), match.MatchingLabels, "ignoring", at)
	}
	switch {
	case e.Op == parser.LOR:
		return left.union(right)
	case e.Op == parser.LAND || e.Op == parser.LUNLESS:
		return left
	case match.Card == parser.CardManyToOne:
		r.demand(right, match.Include, "group_left", at)
		return left.union(setOf(match.Include...))
	case match.Card == parser.CardOneToMany:
		r.demand(left, match.Include, "group_right", at)
		return right.union(setOf(match.Include...))
	case match.On:
		return setOf(match.MatchingLabels...)
	}
	return left.without(match.MatchingLabels...)
}

// called are the labels of a function's result.
func (r reading) called(e *parser.Call) labelSet {
	all := setOf()
	for _, argument := range e.Args {
		switch argument.Type() {
		case parser.ValueTypeVector, parser.ValueTypeMatrix:
			all.add(r.infer(argument))
		}
	}
	switch e.Func.Name {
	case "histogram_quantile":
		if classic(e.Args[1]) {
			r.demand(all, []string{"le"}, e.Func.Name, int(e.PosRange.Start))
		}
		return all.without("le")
	case "label_replace", "label_join":
		if name, ok := e.Args[1].(*parser.StringLiteral); ok {
			all.names[name.Val] = true
		}
	case "vector", "scalar", "time":
		return setOf()
	case "absent", "absent_over_time":
		return absence(e)
	}
	return all
}

// classic says that a histogram is one of buckets with edges, not a native one.
func classic(expression parser.Expr) bool {
	found := false
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			found = found || strings.HasSuffix(metricOf(selector), "_bucket")
		}
		return nil
	})
	return found
}

// absence are the labels of absent: those that a selector says exactly, and none of any other expression.
func absence(e *parser.Call) labelSet {
	all := setOf()
	switch e.Args[0].(type) {
	case *parser.VectorSelector, *parser.MatrixSelector:
		for _, m := range parser.ExtractSelectors(e.Args[0])[0] {
			if m.Type == labels.MatchEqual && m.Name != model.MetricNameLabel {
				all.names[m.Name] = true
			}
		}
	}
	return all
}
