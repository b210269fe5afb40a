// Package golden holds quarry eval's client against a real server: Postgres, the
// embedding model, a worker and gRPC.
package golden

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/ingest"
	"github.com/quarry-rag/quarry/internal/eval"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/modeltest"
	"github.com/quarry-rag/quarry/internal/pgtest"
	"github.com/quarry-rag/quarry/retrieve"
)

// serve runs a whole Quarry until the test ends and returns a connection to it.
func serve(t *testing.T) *grpc.ClientConn {
	t.Helper()
	pool, model, log := pgtest.Pool(t), modeltest.New(t), slog.New(slog.DiscardHandler)
	source, err := ids.Open(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	ingester, err := ingest.New(pool, source, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	worker, err := ingest.NewWorker(pool, source, model, log, ingest.WorkerOptions{Exclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Parts{
		Catalog: ingest.NewCatalog(pool, source, model.Info()), Ingester: ingester,
		Searcher: retrieve.New(pool, model, retrieve.Options{}),
	}, log, api.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 20)
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return worker.Run(ctx) })
	g.Go(func() error { return server.Run(ctx, lis) })
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	conn, err := grpc.NewClient("passthrough:///quarry", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// fruit yields documents of which each is about one thing, and one that is blank.
func fruit() iter.Seq2[eval.Document, error] {
	return func(yield func(eval.Document, error) bool) {
		for i, name := range []string{"apples", "pears", "plums", "cherries", "quinces"} {
			d := eval.Document{ID: fmt.Sprintf("d%d", i), Title: "On " + name, Text: "All that is known about growing " + name + " in a garden."}
			if !yield(d, nil) {
				return
			}
		}
		yield(eval.Document{ID: "blank", Text: " \n"}, nil)
	}
}

func TestLoadIsRestartable(t *testing.T) {
	s := eval.NewServer(serve(t), "fruit")
	for i, want := range []eval.Loaded{{Changed: 5, Failed: 1}, {Unchanged: 5, Failed: 1}} {
		if err := s.Create(t.Context(), eval.Setting{}); err != nil {
			t.Fatal(err)
		}
		got, err := eval.Load(t.Context(), s, fruit(), 4, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Reason == "" {
			t.Error("nothing says why the blank document failed")
		}
		if got.Reason = ""; got != want {
			t.Errorf("load %d: %+v, want %+v", i+1, got, want)
		}
	}
	d := eval.Dataset{Name: "fruit", Queries: []eval.Query{
		{ID: "1", Text: "how do I grow plums", Docs: map[string]int{"d2": 1}},
		{ID: "2", Text: "quinces", Docs: map[string]int{"d4": 1, "gone": 0}},
	}}
	if err := d.CountUnknown(s.URIs(t.Context())); err != nil || d.UnknownDocs != 1 {
		t.Errorf("%d unknown documents, %v; want 1", d.UnknownDocs, err)
	}
	rows, err := eval.Settings([]string{"dense", "lexical", "hybrid"}, []string{"rrf=0,1"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := eval.Run(t.Context(), s, d, rows, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row.Means["mrr@10"] != 1 || row.Degraded > 0 {
			t.Errorf("%s: %v, %d degraded", row.Setting, row.Means, row.Degraded)
		}
	}
}

func TestSettingsOfTheCollection(t *testing.T) {
	s := eval.NewServer(serve(t), "c")
	ctx := t.Context()
	if err := s.Configure(ctx, eval.Setting{}.With("bm25_k1", 2)); err == nil {
		t.Error("a collection that is not there: no error")
	}
	if err := s.Create(ctx, eval.Setting{}); err != nil {
		t.Fatal(err)
	}
	step := func(what string, err error, wantK1, wantScore float64) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		c, err := s.Collection(ctx)
		if err != nil {
			t.Fatal(err)
		}
		score, err := s.MinScore(ctx)
		if err != nil {
			t.Fatal(err)
		}
		k1 := 0.9 // the protocol's default
		if c.GetSettings().Bm25K1 != nil {
			k1 = c.Settings.GetBm25K1()
		}
		if k1 != wantK1 || score != wantScore {
			t.Errorf("%s: k1 %v, score %v, want %v and %v", what, k1, score, wantK1, wantScore)
		}
	}
	score := 0.5
	step("new", nil, 0.9, 0.375)
	step("set", s.Configure(ctx, eval.Setting{}.With("bm25_k1", 2)), 2, 0.375)
	step("set back by the next row", s.Configure(ctx, eval.Setting{}), 0.9, 0.375)
	step("set again", s.Configure(ctx, eval.Setting{}.With("bm25_k1", 3)), 3, 0.375)
	step("restore", s.Restore(ctx), 0.9, 0.375)
	step("store", s.Store(ctx, eval.Setting{}.With("bm25_k1", 1.5), &score), 1.5, 0.5)
	step("restore leaves what was stored", s.Restore(ctx), 1.5, 0.5)
	chunk := eval.Setting{}.With("chunk_tokens", 64)
	if err := s.Create(ctx, chunk); err != nil {
		t.Fatal(err)
	}
	c, err := s.Collection(ctx)
	if err != nil || c.GetName() != "c-chunk64" || c.GetSettings().GetChunkTokens() != 64 {
		t.Errorf("collection of the chunk size: %v, %v", c, err)
	}
}

// With --verdict, --calibrate --store sets the threshold between a set's own
// questions and the same ones with their articles left out.
func TestCalibrateWithArticlesLeftOut(t *testing.T) {
	s, ctx := eval.NewServer(serve(t), "fruit"), t.Context()
	if err := s.Create(ctx, eval.Setting{}); err != nil {
		t.Fatal(err)
	}
	if _, err := eval.Load(ctx, s, fruit(), 4, nil); err != nil {
		t.Fatal(err)
	}
	d := eval.Dataset{Name: "fruit", Corpus: fruit, Queries: []eval.Query{
		{ID: "1", Text: "What is known about growing plums?", Docs: map[string]int{"d2": 1}},
		{ID: "2", Text: "What is known about growing quinces?", Docs: map[string]int{"d4": 1}},
	}}
	var out strings.Builder
	r := eval.Request{Verdict: true, Calibrate: true, Store: true, Out: &out, Note: t.Logf, Options: eval.Options{Seed: 1}}
	if err := r.Do(ctx, s, d); err != nil {
		t.Fatal(err)
	}
	score, err := s.MinScore(ctx)
	if err != nil || score == 0.375 || !strings.Contains(out.String(), "2 of 2 answerable questions kept, 2 of 2 others refused") {
		t.Errorf("min_score %v, %v, after\n%s", score, err, out.String())
	}
}
