package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// queries takes n from the documents: some ten words from the middle of each of n.
func queries(docs []doc, n int) []string {
	var out []string
	for i := range n {
		words := strings.Fields(string(docs[i*len(docs)/n].body))
		if len(words) == 0 {
			continue
		}
		at := (i * 37) % len(words)
		out = append(out, strings.ToValidUTF8(strings.Join(words[at:min(at+10, len(words))], " "), ""))
	}
	return out
}

// searches measures Search at 1 and 8 clients, and Ask to its first token.
func (b *bench) searches(ctx context.Context, collection string, qs []string) error {
	for _, clients := range []int{1, 8} {
		if _, err := b.load(ctx, collection, qs[:min(len(qs), 20)], clients); err != nil { // warm
			return err
		}
		r, err := b.load(ctx, collection, qs, clients)
		if err != nil {
			return err
		}
		b.report(clients, r)
	}
	return b.firstToken(ctx, collection, qs[:min(len(qs), 30)])
}

// latencies of one load: whole calls as the client sees them, and the stages
// that the server reports.
type latencies struct {
	whole, rest, bare []time.Duration
	stages            map[string][]time.Duration
}

func (b *bench) load(ctx context.Context, collection string, qs []string, clients int) (latencies, error) {
	r := latencies{stages: map[string][]time.Duration{}}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(clients)
	for _, q := range qs {
		g.Go(func() error {
			began := time.Now()
			res, err := b.s.query().Search(ctx, &pb.SearchRequest{Collection: collection, Query: q})
			took := time.Since(began)
			if err != nil {
				return fmt.Errorf("search: %w", err)
			}
			mu.Lock()
			defer mu.Unlock()
			r.add(took, res.Report)
			return nil
		})
	}
	return r, g.Wait()
}

func (r *latencies) add(took time.Duration, report *pb.SearchReport) {
	at := map[string]time.Duration{}
	for _, s := range report.Stages {
		at[s.Stage] += s.Time.AsDuration()
		r.stages[s.Stage] = append(r.stages[s.Stage], s.Time.AsDuration())
	}
	sql := at["collection"] + max(at["dense"], at["lexical"]-at["embed"]) + at["fill"] + at["hydrate"]
	r.whole = append(r.whole, took)
	r.rest = append(r.rest, max(0, took-sql-at["embed"]))
	r.bare = append(r.bare, at["embed"]+at["dense"]+at["lexical"])
}

func (b *bench) report(clients int, r latencies) {
	name := fmt.Sprintf("search, %d client", clients)
	if clients > 1 {
		name += "s"
	}
	whole, bare := quantile(r.whole, 0.5), quantile(r.bare, 0.5)
	b.t.add(name, fmt.Sprintf("p50 %s, p95 %s", ms(whole), ms(quantile(r.whole, 0.95))),
		fmt.Sprintf("embedding + two legs %s", ms(bare)), fmt.Sprintf("%.2f", float64(whole)/float64(bare)), "≤ 1.3")
	for _, s := range []string{"embed", "dense", "lexical", "fill", "fuse", "hydrate"} {
		b.t.add("  "+s, fmt.Sprintf("p50 %s, p95 %s", ms(quantile(r.stages[s], 0.5)), ms(quantile(r.stages[s], 0.95))), "", "", "")
	}
	if clients == 1 {
		rest := quantile(r.rest, 0.5)
		b.t.add("  all but embedding and SQL", "p50 "+ms(rest), "1 ms", fmt.Sprintf("%.2f", float64(rest)/1e6), "≤ 1")
	}
}

func (b *bench) firstToken(ctx context.Context, collection string, qs []string) error {
	var first []time.Duration
	for _, q := range qs {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		began := time.Now()
		stream, err := b.s.query().Ask(ctx, &pb.AskRequest{Collection: collection, Question: q})
		for err == nil {
			var e *pb.AskResponse
			if e, err = stream.Recv(); err == nil && e.GetDelta() != nil {
				first = append(first, time.Since(began))
				break
			}
		}
		cancel()
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("ask: %w", err)
		}
	}
	p50 := quantile(first, 0.5)
	b.t.add("ask to first token", fmt.Sprintf("p50 %s, p95 %s", ms(p50), ms(quantile(first, 0.95))), "250 ms",
		fmt.Sprintf("%.2f", p50.Seconds()/0.25), "≤ 1")
	return nil
}
