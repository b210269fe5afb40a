package api

import (
	"errors"
	"fmt"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve/filter"
)

// toFilter returns what both forms of a request's filter say together, the one
// that is given, or nil when there is neither. Its error names the field and, on
// one line, the byte.
func toFilter(o *quarryv1.SearchOptions) (filter.Expr, error) {
	var all filter.And
	if o.GetFilter() != nil {
		e, err := toExpr(o.Filter, "options.filter", 1)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if o.GetFilterText() != "" {
		e, err := filter.Parse(o.FilterText)
		if wrong, ok := errors.AsType[*filter.Error](err); ok && wrong.Position >= 0 {
			return nil, &fieldError{"options.filter_text", fmt.Sprintf("at byte %d: %s", wrong.Position, wrong.Reason)}
		}
		if err != nil {
			return nil, &fieldError{"options.filter_text", err.Error()}
		}
		all = append(all, e)
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1: // as it is, so that the joining And does not count as a level of it
		return valid(all[0])
	}
	return valid(all)
}

func valid(e filter.Expr) (filter.Expr, error) {
	if err := filter.Validate(e); err != nil {
		return nil, &fieldError{"options.filter", err.Error()}
	}
	return e, nil
}

// toExpr converts the message at path.
func toExpr(f *quarryv1.Filter, path string, depth int) (filter.Expr, error) {
	if depth > filter.MaxDepth {
		return nil, &fieldError{"options.filter", fmt.Sprintf("nested deeper than %d", filter.MaxDepth)}
	}
	switch e := f.GetExpr().(type) {
	case *quarryv1.Filter_Comparison:
		c := toComparison(e.Comparison)
		if err := filter.Validate(c); err != nil {
			return nil, &fieldError{path + ".comparison", err.Error()}
		}
		return c, nil
	case *quarryv1.Filter_All:
		es, err := toExprs(e.All, path+".all", depth)
		return filter.And(es), err
	case *quarryv1.Filter_Any:
		es, err := toExprs(e.Any, path+".any", depth)
		return filter.Or(es), err
	case *quarryv1.Filter_Negated:
		sub, err := toExpr(e.Negated, path+".negated", depth+1)
		return filter.Not{Expr: sub}, err
	}
	return nil, &fieldError{path, "is empty"}
}

func toExprs(fs *quarryv1.Filters, path string, depth int) ([]filter.Expr, error) {
	var es []filter.Expr
	for i, f := range fs.GetFilters() {
		e, err := toExpr(f, fmt.Sprintf("%s.filters[%d]", path, i), depth+1)
		if err != nil {
			return nil, err
		}
		es = append(es, e)
	}
	return es, nil
}

var operators = map[quarryv1.Comparison_Operator]filter.Op{
	quarryv1.Comparison_OPERATOR_EQ:       filter.Eq,
	quarryv1.Comparison_OPERATOR_NE:       filter.Ne,
	quarryv1.Comparison_OPERATOR_IN:       filter.In,
	quarryv1.Comparison_OPERATOR_LT:       filter.Lt,
	quarryv1.Comparison_OPERATOR_LE:       filter.Le,
	quarryv1.Comparison_OPERATOR_GT:       filter.Gt,
	quarryv1.Comparison_OPERATOR_GE:       filter.Ge,
	quarryv1.Comparison_OPERATOR_EXISTS:   filter.Exists,
	quarryv1.Comparison_OPERATOR_PREFIX:   filter.Prefix,
	quarryv1.Comparison_OPERATOR_CONTAINS: filter.Contains,
}

func toComparison(c *quarryv1.Comparison) filter.Compare {
	out := filter.Compare{Field: filter.Field(c.GetField()), Op: operators[c.GetOperator()]}
	for _, v := range c.GetValues() {
		switch v := v.GetValue().(type) {
		case *quarryv1.FilterValue_Text:
			out.Values = append(out.Values, v.Text)
		case *quarryv1.FilterValue_Number:
			out.Values = append(out.Values, v.Number)
		case *quarryv1.FilterValue_Flag:
			out.Values = append(out.Values, v.Flag)
		case *quarryv1.FilterValue_Time:
			out.Values = append(out.Values, v.Time.AsTime())
		default:
			out.Values = append(out.Values, nil)
		}
	}
	return out
}
