package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// recallAt is how deep plans are compared.
const recallAt = 10

// recall compares the plan that searches take with the exact one.
func (sc *scale) recall(ctx context.Context, name string) error {
	got, plan, err := sc.agreement(ctx, name, "")
	if err != nil {
		return err
	}
	sc.t.add("  recall@10 of the dense leg ("+plan+")", fmt.Sprintf("%.4f", got), "exact plan", "", "≥ 0.98")
	return nil
}

// agreement is the mean part of the exact plan's best that the default plan finds.
func (sc *scale) agreement(ctx context.Context, name, filter string) (mean float64, plan string, err error) {
	plans := map[string]int{}
	for _, q := range sc.synth.queries {
		want, _, err := sc.nearest(ctx, name, q, filter, pb.DensePlan_DENSE_PLAN_EXACT)
		if err != nil {
			return 0, "", err
		}
		got, p, err := sc.nearest(ctx, name, q, filter, pb.DensePlan_DENSE_PLAN_UNSPECIFIED)
		if err != nil {
			return 0, "", err
		}
		plans[p]++
		found := 0
		for at := range want {
			if got[at] {
				found++
			}
		}
		mean += float64(found) / float64(max(len(want), 1)) / float64(len(sc.synth.queries))
	}
	var names []string
	for p := range plans {
		names = append(names, p)
	}
	return mean, strings.Join(names, " and "), nil
}

func (sc *scale) nearest(ctx context.Context, name, query, filter string, plan pb.DensePlan) (map[string]bool, string, error) {
	r, err := sc.s.query().Search(ctx, &pb.SearchRequest{Collection: name, Query: query, Options: &pb.SearchOptions{
		Limit: recallAt, Legs: []pb.Leg{pb.Leg_LEG_DENSE}, DensePlan: plan, FilterText: filter,
	}})
	if err != nil {
		return nil, "", err
	}
	out := map[string]bool{}
	for _, p := range r.Passages {
		out[fmt.Sprint(p.DocumentId, " ", p.Range.Start)] = true
	}
	return out, r.Report.DensePlan, nil
}

// filters measures filters of growing strictness beside none.
func (sc *scale) filters(ctx context.Context, name string) error {
	for _, s := range shares {
		free, filtered, err := sc.beside(ctx, name, s.filter)
		if err != nil {
			return err
		}
		mean, plan, err := sc.agreement(ctx, name, s.filter)
		if err != nil {
			return err
		}
		p95, limit := quantile(filtered, 0.95), quantile(free, 0.95)
		sc.t.add("filter that passes "+s.name, fmt.Sprintf("p50 %s, p95 %s", ms(quantile(filtered, 0.5)), ms(p95)),
			fmt.Sprintf("unfiltered p95 %s", ms(limit)), fmt.Sprintf("%.2f", float64(p95)/float64(limit)), "≤ 3")
		sc.t.add("  recall@10 of the dense leg ("+plan+")", fmt.Sprintf("%.4f", mean), "exact plan", "", "≥ 0.99")
	}
	return nil
}

// beside searches by turns without and with a filter.
func (sc *scale) beside(ctx context.Context, name, filter string) (free, filtered []time.Duration, err error) {
	search := func(q, filter string) (time.Duration, error) {
		began := time.Now()
		_, err := sc.s.query().Search(ctx, &pb.SearchRequest{Collection: name, Query: q, Options: &pb.SearchOptions{FilterText: filter}})
		return time.Since(began), err
	}
	for _, q := range sc.synth.queries {
		a, err := search(q, "")
		if err != nil {
			return nil, nil, err
		}
		b, err := search(q, filter)
		if err != nil {
			return nil, nil, err
		}
		free, filtered = append(free, a), append(filtered, b)
	}
	return free, filtered, nil
}

// sizesOf reports what the collection takes on disk. Its index is its own; the
// tables are all collections'.
func (sc *scale) sizesOf(ctx context.Context, name string, n int) error {
	var index, tables int64
	err := sc.pool.QueryRow(ctx, `
		select coalesce(pg_relation_size(to_regclass('embedding_hnsw_' || active_space_id)), 0),
		       (select sum(pg_total_relation_size(t::regclass)) from unnest(array['document', 'document_text', 'chunk', 'posting', 'term', 'embedding']) t)
		  from collection where name = $1`, name).Scan(&index, &tables)
	if err != nil {
		return err
	}
	sc.t.add(fmt.Sprintf("%d chunks", n), fmt.Sprintf("HNSW index %d MB", index>>20), fmt.Sprintf("all tables with indexes %d MB", tables>>20), "", "")
	return nil
}

// memory reports the server's peak and what Postgres's processes hold now.
func (sc *scale) memory() error {
	peak, err := sc.s.peakMB()
	if err != nil {
		return err
	}
	p, err := sc.s.processes()
	if err != nil {
		return err
	}
	held, err := p.postgresMB()
	if err != nil {
		return err
	}
	sc.t.add("memory", fmt.Sprintf("server's peak %.0f MB", peak), fmt.Sprintf("Postgres %.0f MB, shared buffers in use included", held), "", "")
	return nil
}
