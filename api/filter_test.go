package api

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve/filter"
)

func comparison(field string, op quarryv1.Comparison_Operator, values ...*quarryv1.FilterValue) *quarryv1.Filter {
	return &quarryv1.Filter{Expr: &quarryv1.Filter_Comparison{Comparison: &quarryv1.Comparison{Field: field, Operator: op, Values: values}}}
}

func negated(f *quarryv1.Filter) *quarryv1.Filter {
	return &quarryv1.Filter{Expr: &quarryv1.Filter_Negated{Negated: f}}
}

func TestToFilter(t *testing.T) {
	at := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	text := &quarryv1.FilterValue{Value: &quarryv1.FilterValue_Text{Text: "en"}}
	number := &quarryv1.FilterValue{Value: &quarryv1.FilterValue_Number{Number: 2}}
	flag := &quarryv1.FilterValue{Value: &quarryv1.FilterValue_Flag{Flag: true}}
	day := &quarryv1.FilterValue{Value: &quarryv1.FilterValue_Time{Time: timestamppb.New(at)}}
	in := &quarryv1.Filter{Expr: &quarryv1.Filter_All{All: &quarryv1.Filters{Filters: []*quarryv1.Filter{
		comparison("lang", quarryv1.Comparison_OPERATOR_IN, text, number, flag),
		{Expr: &quarryv1.Filter_Any{Any: &quarryv1.Filters{Filters: []*quarryv1.Filter{comparison("modified_at", quarryv1.Comparison_OPERATOR_LT, day)}}}},
		negated(comparison("x", quarryv1.Comparison_OPERATOR_EXISTS)),
	}}}}
	got, err := toFilter(&quarryv1.SearchOptions{Filter: in, FilterText: `year >= 2023`})
	if err != nil {
		t.Fatal(err)
	}
	want := filter.And{
		filter.And{
			filter.Compare{Field: "lang", Op: filter.In, Values: []any{"en", 2.0, true}},
			filter.Or{filter.Compare{Field: "modified_at", Op: filter.Lt, Values: []any{at}}},
			filter.Not{Expr: filter.Compare{Field: "x", Op: filter.Exists}},
		},
		filter.Compare{Field: "year", Op: filter.Ge, Values: []any{2023.0}},
	}
	if diff := cmp.Diff(filter.Expr(want), got); diff != "" {
		t.Error(diff)
	}
	if got, err := toFilter(nil); got != nil || err != nil {
		t.Errorf("no options: %v, %v", got, err)
	}
}

// A filter of the greatest depth is taken in either form.
func TestFilterMayBeAsDeepAsTheLimit(t *testing.T) {
	deep := comparison("x", quarryv1.Comparison_OPERATOR_EXISTS)
	for range filter.MaxDepth - 1 {
		deep = negated(deep)
	}
	text := strings.Repeat("not ", filter.MaxDepth-1) + "exists x"
	for _, o := range []*quarryv1.SearchOptions{{Filter: deep}, {FilterText: text}} {
		if _, err := toFilter(o); err != nil {
			t.Errorf("%v: %v", o, err)
		}
	}
}

func TestEveryOperatorIsKnown(t *testing.T) {
	for n, name := range quarryv1.Comparison_Operator_name {
		if _, ok := operators[quarryv1.Comparison_Operator(n)]; ok != (n != 0) {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

func TestFilterErrorsNameTheField(t *testing.T) {
	deep := comparison("x", quarryv1.Comparison_OPERATOR_EXISTS)
	for range 5000 {
		deep = negated(deep)
	}
	empty := comparison("x", quarryv1.Comparison_OPERATOR_EQ, &quarryv1.FilterValue{})
	for _, tt := range []struct {
		options     *quarryv1.SearchOptions
		field, says string
	}{
		{&quarryv1.SearchOptions{FilterText: `lang = en`}, "options.filter_text", "at byte 7"},
		{&quarryv1.SearchOptions{FilterText: `lang = "en`}, "options.filter_text", "at byte 7"},
		{&quarryv1.SearchOptions{FilterText: strings.Repeat("(", 200)}, "options.filter_text", "deeper than 32"},
		{&quarryv1.SearchOptions{Filter: &quarryv1.Filter{}}, "options.filter", "empty"},
		{&quarryv1.SearchOptions{Filter: negated(nil)}, "options.filter.negated", "empty"},
		{&quarryv1.SearchOptions{Filter: deep}, "options.filter", "deeper than 32"},
		{&quarryv1.SearchOptions{Filter: negated(empty)}, "options.filter.negated.comparison", "cannot be compared"},
		{&quarryv1.SearchOptions{Filter: comparison("title", quarryv1.Comparison_OPERATOR_EQ)}, "options.filter.comparison", "one value"},
	} {
		_, err := toFilter(tt.options)
		wrong, ok := errors.AsType[*fieldError](err)
		if !ok || wrong.field != tt.field || !strings.Contains(wrong.description, tt.says) {
			t.Errorf("%s, %s: %v", tt.field, tt.says, err)
		}
	}
}
