package source

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// deepest limits how many references are followed, which may go in circles.
const deepest = 20

// field is where in a block a field is set, and whether that was found. Blocks of JSON are not looked into.
func (m *module) field(block *hcl.Block, field string) (hcl.Range, bool) {
	body, isSyntax := block.Body.(*hclsyntax.Body)
	if field == "" || !isSyntax {
		return hcl.Range{}, false
	}
	return m.inBody(body, strings.Split(field, "."))
}

// inBody looks for a field among attributes and nested blocks.
func (m *module) inBody(body *hclsyntax.Body, field []string) (hcl.Range, bool) {
	if attribute := body.Attributes[field[0]]; attribute != nil {
		if len(field) == 1 {
			return attribute.NameRange, true
		}
		return m.inExpression(attribute.Expr, field[1:], deepest)
	}
	for _, block := range body.Blocks {
		if block.Type != field[0] {
			continue
		}
		rest := field[1:]
		if len(rest) > 0 && isIndex(rest[0]) {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return block.DefRange(), true
		}
		if found, known := m.inBody(block.Body, rest); known {
			return found, true
		}
	}
	return hcl.Range{}, false
}

// inExpression looks for a field in what an expression makes.
func (m *module) inExpression(expression hclsyntax.Expression, field []string, limit int) (hcl.Range, bool) {
	if limit == 0 {
		return hcl.Range{}, false
	}
	for _, part := range m.parts(expression, field[0]) {
		if len(field) == 1 && part.named {
			return part.place, true
		}
		rest := field
		if part.named {
			rest = field[1:]
		}
		if found, known := m.inExpression(part.expression, rest, limit-1); known {
			return found, true
		}
	}
	return hcl.Range{}, false
}

// part is a part of an expression in which a field may be.
type part struct {
	expression hclsyntax.Expression
	// named says that it is what the first name of the field names, which stands at place.
	named bool
	place hcl.Range
}

// parts are those of an expression that may hold what has this name. Of arguments of merge the last comes first.
func (m *module) parts(expression hclsyntax.Expression, name string) (parts []part) {
	switch e := expression.(type) {
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			if literal(item.KeyExpr) == name {
				parts = append(parts, part{item.ValueExpr, true, item.KeyExpr.Range()})
			}
		}
	case *hclsyntax.TupleConsExpr:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(e.Exprs) {
			parts = append(parts, part{e.Exprs[i], true, e.Exprs[i].Range()})
		}
	case *hclsyntax.ForExpr:
		if isIndex(name) || e.KeyExpr != nil {
			parts = append(parts, part{e.ValExpr, true, e.ValExpr.Range()})
		}
	case *hclsyntax.ParenthesesExpr:
		parts = append(parts, part{expression: e.Expression})
	case *hclsyntax.ConditionalExpr:
		parts = append(parts, part{expression: e.TrueResult}, part{expression: e.FalseResult})
	case *hclsyntax.FunctionCallExpr:
		for i := len(e.Args) - 1; i >= 0; i-- {
			parts = append(parts, part{expression: e.Args[i]})
		}
	case *hclsyntax.ScopeTraversalExpr:
		if local, known := m.local(e.Traversal); known {
			parts = append(parts, part{expression: local})
		}
	}
	return parts
}

// local is the expression of the local value that a reference names as a whole.
func (m *module) local(reference hcl.Traversal) (hclsyntax.Expression, bool) {
	if len(reference) != 2 || reference.RootName() != "local" {
		return nil, false
	}
	name, isName := reference[1].(hcl.TraverseAttr)
	if !isName {
		return nil, false
	}
	expression, isSyntax := m.locals[name.Name].(hclsyntax.Expression)
	return expression, isSyntax
}

func isIndex(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil
}
