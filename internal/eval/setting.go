package eval

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Legs names the legs of a search.
type Legs string

const (
	Hybrid  Legs = "hybrid"
	Dense   Legs = "dense"
	Lexical Legs = "lexical"
)

// Setting is one way to search: a row of the report.
type Setting struct {
	Legs   Legs
	Params []Param
}

// Param is a named parameter of a setting.
type Param struct {
	Name  string
	Value float64
}

// parameter says what its values are: numbers from low to high, or names, which
// stand for 0, 1 and so on.
type parameter struct {
	low, high float64
	names     []string
}

var offOn = []string{"off", "on"}

// parameters of a setting. rrf is the older way to write fusion=rrf. chunk_tokens
// is a parameter of loading, so each of its values has a collection of its own.
var parameters = map[string]parameter{
	"dense_weight": {high: 1},
	"rrf":          {high: 1},
	"bm25_k1":      {high: 10},
	"bm25_b":       {high: 1},
	"chunk_tokens": {low: 32, high: 8192},
	"fusion":       {names: []string{"weighted", "rrf"}},
	"dense_plan":   {names: []string{"auto", "exact", "hnsw"}},
	"expand":       {names: []string{"none", "neighbours", "section"}},
	"max_tokens":   {high: 1e6},
	"dedupe":       {names: offOn},
	"diversity":    {high: 1},
	"rerank":       {names: offOn},
	"paraphrases":  {high: 5},
	"hyde":         {names: offOn},
}

// ParameterNames are the names that --set knows.
func ParameterNames() string { return strings.Join(slices.Sorted(maps.Keys(parameters)), ", ") }

// Get returns a parameter's value and whether it is set.
func (s Setting) Get(name string) (float64, bool) {
	for _, p := range s.Params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return 0, false
}

// With returns s with one parameter set.
func (s Setting) With(name string, value float64) Setting {
	s = s.without(name)
	s.Params = append(s.Params, Param{name, value})
	return s
}

func (s Setting) without(names ...string) Setting {
	s.Params = slices.DeleteFunc(slices.Clone(s.Params), func(p Param) bool { return slices.Contains(names, p.Name) })
	return s
}

// String is the setting as a table's row is named: "hybrid dense_weight=0.3".
func (s Setting) String() string {
	var b strings.Builder
	b.WriteString(string(cmp.Or(s.Legs, Hybrid)))
	for _, p := range s.Params {
		fmt.Fprintf(&b, " %s=%s", p.Name, parameters[p.Name].text(p.Value))
	}
	return b.String()
}

// Settings returns every combination of the legs and of the parameters' values,
// each given as "name=value,value…", in the order given. No legs means hybrid.
// Fusion's parameters are combined with hybrid only, BM25's not with dense, so
// that no row is measured twice. More than 1,000 rows are an error.
func Settings(legs, sets []string) ([]Setting, error) {
	if len(legs) == 0 {
		legs = []string{string(Hybrid)}
	}
	var rows []Setting
	for _, l := range legs {
		leg := Legs(l)
		if leg != Hybrid && leg != Dense && leg != Lexical {
			return nil, fmt.Errorf("legs %q: not one of dense, lexical, hybrid", l)
		}
		products := []Setting{{Legs: leg}}
		for _, set := range sets {
			name, values, err := parseSet(set)
			if err != nil {
				return nil, err
			}
			if !leg.has(name) {
				continue
			}
			if products = product(products, name, values); len(products) > 1000 {
				return nil, fmt.Errorf("%q makes more than 1000 combinations", set)
			}
		}
		rows = append(rows, products...)
	}
	return rows, nil
}

// has tells whether a parameter changes what the legs return.
func (l Legs) has(param string) bool {
	switch param {
	case "bm25_k1", "bm25_b":
		return l != Dense
	case "dense_weight", "rrf", "fusion":
		return l == Hybrid
	case "dense_plan", "hyde":
		return l != Lexical
	}
	return true
}

func product(rows []Setting, name string, values []float64) []Setting {
	var out []Setting
	for _, r := range rows {
		for _, v := range values {
			out = append(out, r.With(name, v))
		}
	}
	return out
}

func parseSet(s string) (string, []float64, error) {
	name, list, ok := strings.Cut(s, "=")
	p, known := parameters[name]
	if !ok || !known {
		return "", nil, fmt.Errorf("setting %q: want name=value,value… with a name of %s", s, ParameterNames())
	}
	var values []float64
	for _, v := range strings.Split(list, ",") {
		f, err := p.parse(strings.TrimSpace(v))
		if err != nil {
			return "", nil, fmt.Errorf("setting %q: %w", s, err)
		}
		values = append(values, f)
	}
	return name, values, nil
}

func (p parameter) parse(text string) (float64, error) {
	if p.names != nil {
		i := slices.Index(p.names, text)
		if i < 0 {
			return 0, fmt.Errorf("%q is not one of %s", text, strings.Join(p.names, ", "))
		}
		return float64(i), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= p.low && f <= p.high) {
		return 0, fmt.Errorf("%q is not a number from %g to %g", text, p.low, p.high)
	}
	return f, nil
}

func (p parameter) text(value float64) string {
	if i := int(value); i >= 0 && i < len(p.names) {
		return p.names[i]
	}
	return strconv.FormatFloat(value, 'g', 6, 64)
}
