package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/internal/pgconn"
)

// scale measures searches of collections of growing size. See synth for what is
// in them; the questions are real sentences, embedded by the local model.
type scale struct {
	*bench
	synth *synth
	pool  *pgxpool.Pool
	sizes []int
}

const (
	scaleSentences = 4000
	scaleQueries   = 200
)

// runScale is `bench scale`.
func runScale(ctx context.Context, args []string) error {
	var o options
	f := flag.NewFlagSet("scale", flag.ExitOnError)
	f.StringVar(&o.bin, "quarry", "bin/quarry", "the binary to measure")
	f.StringVar(&o.runtime, "runtime", os.Getenv("QUARRY_TEST_RUNTIME"), "runtime folder")
	f.StringVar(&o.home, "home", "", "folder that keeps what is loaded for the next run; empty: none")
	n := f.Int("n", 100_000, "chunks of the largest collection, to 1,000,000")
	small := f.Bool("smaller", true, "measure a hundredth and a tenth of it as well")
	f.Parse(args)
	if *n < 1000 || *n > 1_000_000 {
		return fmt.Errorf("%d chunks are not within 1,000 to 1,000,000", *n)
	}
	sizes := []int{*n}
	if *small {
		sizes = []int{max(1000, *n/100), max(1000, *n/10), *n}
	}
	return withBench(ctx, o, func(b *bench) error {
		return b.scale(ctx, sizes, func(sc *scale) error {
			for _, n := range sizes {
				if err := sc.measure(ctx, n); err != nil {
					return fmt.Errorf("%d chunks: %w", n, err)
				}
			}
			return nil
		})
	})
}

// scale starts a server to measure collections on.
func (b *bench) scale(ctx context.Context, sizes []int, measure func(*scale) error) (err error) {
	sc := &scale{bench: b, sizes: sizes}
	began := time.Now()
	if sc.synth, err = newSynth(ctx, b.model, goSource(), scaleSentences, scaleQueries); err != nil {
		return err
	}
	note("%d topics of %d sentences and %d queries in %.0f s", len(sc.synth.topics), topicSentences, len(sc.synth.queries), time.Since(began).Seconds())
	if b.s, err = start(ctx, b.o, b.home); err != nil {
		return err
	}
	defer b.s.stop()
	if sc.pool, err = pgconn.Open(ctx, b.s.postgres, pgconn.Options{MaxConns: 2}); err != nil {
		return err
	}
	defer sc.pool.Close()
	return measure(sc)
}

// measure loads a collection of n chunks where it is not there, and searches it.
func (sc *scale) measure(ctx context.Context, n int) error {
	name := fmt.Sprintf("scale-%d", n)
	if err := sc.load(ctx, name, n); err != nil {
		return err
	}
	if err := sc.sizesOf(ctx, name, n); err != nil {
		return err
	}
	if err := sc.latencies(ctx, name, n); err != nil {
		return err
	}
	if err := sc.recall(ctx, name); err != nil {
		return err
	}
	if n != sc.sizes[len(sc.sizes)-1] {
		return nil
	}
	if err := sc.filters(ctx, name); err != nil {
		return err
	}
	return sc.memory()
}

// latencies measures both legs with the local embedder through gRPC.
func (sc *scale) latencies(ctx context.Context, name string, n int) error {
	f, err := newFloor(ctx, sc.s.postgres, name, sc.model, sc.synth.queries)
	if err != nil {
		return err
	}
	defer f.close()
	one, err := sc.compared(ctx, f, name, sc.synth.queries, 1)
	if err != nil {
		return err
	}
	p50, p95 := quantile(one.whole, 0.5), quantile(one.whole, 0.95)
	floor := quantile(one.floor, 0.5)
	sc.t.add("search, 1 client", fmt.Sprintf("p50 %s, p95 %s", ms(p50), ms(p95)), fmt.Sprintf("bare p50 %s", ms(floor)),
		fmt.Sprintf("%.2f", float64(p50)/float64(floor)), "p50 < 12 ms, p95 < 35 ms")
	var parts []string
	for _, s := range []string{"embed", "dense", "lexical", "fill", "hydrate", "proximity"} {
		parts = append(parts, fmt.Sprintf("%s %s", s, ms(quantile(one.stages[s], 0.5))))
	}
	sc.t.add("  p50 of stages", strings.Join(parts, ", "), "", "", "")
	eight, err := sc.compared(ctx, f, name, sc.synth.queries, 8)
	if err != nil {
		return err
	}
	calls := float64(len(eight.whole))
	rate, bare := calls/eight.took.Seconds(), calls/eight.floorTook.Seconds()
	sc.t.add("search, 8 clients", fmt.Sprintf("%.0f/s, p50 %s, p95 %s", rate, ms(quantile(eight.whole, 0.5)), ms(quantile(eight.whole, 0.95))),
		fmt.Sprintf("bare %.0f/s", bare), fmt.Sprintf("%.2f", rate/bare), "≥ 0.7")
	return nil
}

func goSource() string {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return filepath.Join(strings.TrimSpace(string(root)), "src")
}

func note(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
