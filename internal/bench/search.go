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
	f, err := newFloor(ctx, b.s.postgres, collection, b.model, qs)
	if err != nil {
		return err
	}
	defer f.close()
	for _, clients := range []int{1, 8} {
		r, err := b.compared(ctx, f, collection, qs, clients)
		if err != nil {
			return err
		}
		b.report(clients, r)
		if clients > 1 {
			continue
		}
		took, err := f.inTurn(ctx)
		if err != nil {
			return err
		}
		b.reportInTurn(r, took)
	}
	return b.firstToken(ctx, collection, qs[:min(len(qs), 30)])
}

// compared runs the load between two of the floor, as machines drift.
func (b *bench) compared(ctx context.Context, f *floor, collection string, qs []string, clients int) (latencies, error) {
	if _, err := b.load(ctx, collection, qs[:min(len(qs), 20)], clients); err != nil { // warm
		return latencies{}, err
	}
	if _, _, err := f.load(ctx, clients); err != nil {
		return latencies{}, err
	}
	p, err := b.s.processes()
	if err != nil {
		return latencies{}, err
	}
	cpu := []time.Duration{p.cpu()}
	first, took, err := f.load(ctx, clients)
	if err != nil {
		return latencies{}, err
	}
	cpu = append(cpu, p.cpu())
	r, err := b.load(ctx, collection, qs, clients)
	if err != nil {
		return latencies{}, err
	}
	cpu = append(cpu, p.cpu())
	second, again, err := f.load(ctx, clients)
	cpu = append(cpu, p.cpu())
	r.floor, r.floorTook = append(first, second...), (took+again)/2
	r.cpu, r.floorCPU = cpu[2]-cpu[1], (cpu[1]-cpu[0]+cpu[3]-cpu[2])/2
	return r, err
}

// latencies of one load: whole calls as the client sees them, the stages that
// the server reports, and what the floor took for the same.
type latencies struct {
	whole, rest, floor []time.Duration
	took, floorTook    time.Duration // of all calls
	cpu, floorCPU      time.Duration // of all processes, this one included
	stages             map[string][]time.Duration
}

func (b *bench) load(ctx context.Context, collection string, qs []string, clients int) (latencies, error) {
	r := latencies{stages: map[string][]time.Duration{}}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(clients)
	began := time.Now()
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
	err := g.Wait()
	r.took = time.Since(began)
	return r, err
}

func (r *latencies) add(took time.Duration, report *pb.SearchReport) {
	at := map[string]time.Duration{}
	for _, s := range report.Stages {
		at[s.Stage] += s.Time.AsDuration()
		r.stages[s.Stage] = append(r.stages[s.Stage], s.Time.AsDuration())
	}
	// The words are looked for, and the collection read, while the text is embedded.
	legs := max(at["embed"]+at["dense"], at["collection"]+at["lexical"])
	r.whole = append(r.whole, took)
	r.rest = append(r.rest, max(0, took-legs-at["fill"]-at["hydrate"]))
}

func (b *bench) report(clients int, r latencies) {
	name := fmt.Sprintf("search, %d client", clients)
	if clients > 1 {
		name += "s"
	}
	whole, bare := quantile(r.whole, 0.5), quantile(r.floor, 0.5)
	b.t.add(name, fmt.Sprintf("p50 %s, p95 %s", ms(whole), ms(quantile(r.whole, 0.95))),
		fmt.Sprintf("bare embedding + two legs at once: p50 %s, p95 %s", ms(bare), ms(quantile(r.floor, 0.95))),
		fmt.Sprintf("%.2f", float64(whole)/float64(bare)), "≤ 1.3")
	each := time.Duration(max(1, len(r.whole)))
	b.t.add("  processor time each", ms(r.cpu/each), "bare "+ms(r.floorCPU/each), fmt.Sprintf("%.2f", float64(r.cpu)/float64(r.floorCPU)), "≤ 1.3")
	for _, s := range []string{"collection", "embed", "dense", "lexical", "fill", "fuse", "hydrate", "proximity"} {
		b.t.add("  "+s, fmt.Sprintf("p50 %s, p95 %s", ms(quantile(r.stages[s], 0.5)), ms(quantile(r.stages[s], 0.95))), "", "", "")
	}
	if clients == 1 {
		rest := quantile(r.rest, 0.5)
		b.t.add("  all but embedding and SQL", "p50 "+ms(rest), "1 ms", fmt.Sprintf("%.2f", float64(rest)/1e6), "≤ 1")
	} else {
		rate, limit := float64(len(r.whole))/r.took.Seconds(), float64(len(r.whole))/r.floorTook.Seconds()
		b.t.add("  throughput", fmt.Sprintf("%.0f searches/s", rate), fmt.Sprintf("bare %.0f/s", limit), fmt.Sprintf("%.2f", rate/limit), "≥ 0.7")
	}
}

// reportInTurn compares with the sum of what a search cannot do without.
func (b *bench) reportInTurn(r latencies, bare []time.Duration) {
	whole, sum := quantile(r.whole, 0.5), quantile(bare, 0.5)
	b.t.add("  beside the legs in turn", "p50 "+ms(whole),
		fmt.Sprintf("bare embedding, then each leg: p50 %s", ms(sum)), fmt.Sprintf("%.2f", float64(whole)/float64(sum)), "≤ 1.3")
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
