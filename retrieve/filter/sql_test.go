package filter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/internal/pgtest"
)

// row is a document of the test.
type row struct {
	id       int
	uri      string
	metadata map[string]any
}

// holds is what SQL must agree with: a filter over a row, in Go.
func holds(e Expr, r row) bool {
	switch e := e.(type) {
	case And:
		return !slices.ContainsFunc(e, func(x Expr) bool { return !holds(x, r) })
	case Or:
		return slices.ContainsFunc(e, func(x Expr) bool { return holds(x, r) })
	case Not:
		return !holds(e.Expr, r)
	}
	c := e.(Compare)
	have, ok := any(r.uri), true
	if path := c.Field.path(); path != nil {
		have = r.metadata
		for _, k := range path {
			m, isMap := have.(map[string]any)
			if have, ok = m[k]; !isMap || !ok {
				ok = false
				break
			}
		}
	}
	switch c.Op {
	case Exists:
		return ok
	case Ne:
		return !ok || !cmp.Equal(have, c.Values[0])
	}
	return ok && slices.ContainsFunc(c.Values, func(v any) bool { return compares(c.Op, have, v) })
}

func compares(op Op, have, v any) bool {
	hs, hok := have.(string)
	vs, vok := v.(string)
	hn, hnum := have.(float64)
	vn, vnum := v.(float64)
	order := func() (int, bool) {
		switch {
		case hok && vok:
			return strings.Compare(hs, vs), true
		case hnum && vnum:
			return int(hn - vn), true
		}
		return 0, false
	}
	o, ordered := order()
	switch op {
	case Eq, In:
		return cmp.Equal(have, v)
	case Lt:
		return ordered && o < 0
	case Le:
		return ordered && o <= 0
	case Gt:
		return ordered && o > 0
	case Ge:
		return ordered && o >= 0
	case Prefix:
		return hok && vok && strings.HasPrefix(hs, vs)
	case Contains:
		list, _ := have.([]any)
		return hok && vok && strings.Contains(hs, vs) || slices.Contains(list, v)
	}
	return false
}

var sampleValues = []any{"a", "ab", "B", "", "it's", `"; drop table document; --`, "100%", "_", "é", 1.0, 2.0, -3.0, true, false}

func randomRow(r *rand.Rand, id int) row {
	m := map[string]any{}
	for _, k := range []string{"x", "y", "z"} {
		switch r.IntN(4) {
		case 0:
			m[k] = sampleValues[r.IntN(len(sampleValues))]
		case 1:
			m[k] = []any{sampleValues[r.IntN(len(sampleValues))], "tag"}
		case 2:
			m[k] = map[string]any{"in": sampleValues[r.IntN(len(sampleValues))]}
		}
	}
	return row{id, fmt.Sprintf("%v%d", sampleValues[r.IntN(9)], id), m}
}

func randomExpr(r *rand.Rand, depth int) Expr {
	if depth > 0 && r.IntN(2) == 0 {
		sub := []Expr{randomExpr(r, depth-1), randomExpr(r, depth-1)}
		return []Expr{And(sub), Or(sub), Not{sub[0]}, And{}, Or{}}[r.IntN(5)]
	}
	for {
		c := Compare{Field: []Field{"uri", "x", "y", "z", "x.in", "meta.y.in", "absent"}[r.IntN(7)], Op: Op(1 + r.IntN(int(Contains)))}
		n := 1
		if c.Op == Exists {
			n = 0
		} else if c.Op == In {
			n = 1 + r.IntN(3)
		}
		for range n {
			c.Values = append(c.Values, sampleValues[r.IntN(len(sampleValues))])
		}
		if Validate(c) == nil {
			return c
		}
	}
}

// split divides metadata between what was given and what the document states;
// what is given hides what is stated.
func split(r *rand.Rand, all map[string]any) (given, stated map[string]any) {
	given, stated = map[string]any{}, map[string]any{}
	for k, v := range all {
		if r.IntN(2) == 0 {
			stated[k] = v
			continue
		}
		given[k] = v
		stated[k] = sampleValues[r.IntN(len(sampleValues))]
	}
	return given, stated
}

func TestSQLAgreesWithGo(t *testing.T) {
	ctx := context.Background()
	pool := pgtest.Pool(t)
	if _, err := pool.Exec(ctx, `insert into collection (collection_id, name, active_space_id) values (1, 'c', 1)`); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([]row, 300)
	for i := range rows {
		rows[i] = randomRow(r, i)
		given, stated := split(r, rows[i].metadata)
		if _, err := pool.Exec(ctx, `insert into document (collection_id, document_id, uri, state, content_hash, metadata, stated)
			values (1, $1, $2, 'ready', '', $3, $4)`, i, rows[i].uri, given, stated); err != nil {
			t.Fatal(err)
		}
	}
	for range 400 {
		e := randomExpr(r, 3)
		args := pgx.NamedArgs{}
		where := SQL(e, "d", args)
		var got []int
		err := pool.QueryRow(ctx, `select coalesce(array_agg(document_id order by document_id), '{}') from document d where `+where, args).Scan(&got)
		if err != nil {
			t.Fatalf("%#v: %s: %v", e, where, err)
		}
		want := []int{}
		for _, row := range rows {
			if holds(e, row) {
				want = append(want, row.id)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%#v\n%s %v:\n%s", e, where, args, diff)
		}
	}
}
