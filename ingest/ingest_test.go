package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/modeltest"
	"github.com/quarry-rag/quarry/internal/pgtest"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// counting counts the texts that a model embeds.
type counting struct {
	embed.Model
	texts atomic.Int64
}

func (c *counting) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	c.texts.Add(int64(len(texts)))
	return c.Model.Embed(ctx, texts)
}

// bench is what most tests work with: a database with one collection, "docs".
type bench struct {
	t     testing.TB
	ctx   context.Context
	pool  *pgxpool.Pool
	ids   *ids.Source
	model *counting
	cat   *Catalog
	in    *Ingester
	col   Collection
	// sources are those of the workers that work starts.
	sources Sources
}

func setUp(t testing.TB) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	b := &bench{t: t, ctx: ctx, pool: pgtest.Pool(t), model: &counting{Model: modeltest.New(t)}}
	var err error
	b.ids, err = ids.Open(ctx, b.pool)
	b.ok(err)
	b.cat = NewCatalog(b.pool, b.ids, b.model.Info())
	b.in, err = New(b.pool, b.ids, Options{})
	b.ok(err)
	b.col, err = b.cat.Create(ctx, "docs", "", Settings{})
	b.ok(err)
	return b
}

func (b *bench) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// work runs a worker until stop is called or the test ends.
func (b *bench) work(o WorkerOptions) (stop func()) {
	b.t.Helper()
	return b.workWith(b.model, o)
}

func (b *bench) workWith(model embed.Model, o WorkerOptions) (stop func()) {
	b.t.Helper()
	w, err := NewWorker(b.pool, b.ids, model, slog.New(slog.NewTextHandler(b.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), o)
	b.ok(err)
	w.SetSources(b.sources)
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var stopped atomic.Bool
	stop = func() {
		cancel()
		if stopped.CompareAndSwap(false, true) {
			if err := <-done; err != nil {
				b.t.Errorf("worker: %v", err)
			}
		}
	}
	b.t.Cleanup(stop)
	return stop
}

// put stores a document and waits until it is settled.
func (b *bench) put(uri, body string) Record {
	b.t.Helper()
	_, _, err := b.in.Put(b.ctx, "docs", Document{URI: uri, Body: []byte(body)})
	b.ok(err)
	rec, err := b.in.Wait(b.ctx, "docs", uri)
	b.ok(err)
	return rec
}

// check fails the test when the collection's rows do not agree.
func (b *bench) check() {
	b.t.Helper()
	problems, err := Check(b.ctx, b.pool, b.col.ID)
	b.ok(err)
	for _, p := range problems {
		b.t.Errorf("check: %s", p)
	}
}

// count returns the number that a query gives.
func (b *bench) count(sql string, args ...any) (n int) {
	b.t.Helper()
	b.ok(b.pool.QueryRow(b.ctx, sql, args...).Scan(&n))
	return n
}

// sections is a Markdown document whose sections are large enough for a chunk each.
func sections(words ...string) string {
	var s strings.Builder
	for i, w := range words {
		fmt.Fprintf(&s, "# Section %d\n\n%s\n\n", i+1, strings.Repeat("The "+w+" keeps its "+w+" in a quiet and orderly place. ", 12))
	}
	return s.String()
}

func TestPutGetDelete(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	rec := b.put("a.md", sections("harbour", "lantern"))
	if rec.State != Ready || rec.Version != 1 || rec.Chunks != 2 || rec.MediaType != "text/markdown" || rec.Title == "" && rec.Size == 0 {
		t.Fatalf("record: %+v", rec)
	}
	text, err := b.in.Text(b.ctx, "docs", "a.md", Everything)
	b.ok(err)
	if !strings.Contains(text, "keeps its lantern") {
		t.Errorf("text: %q", text)
	}
	col, err := b.cat.Get(b.ctx, "docs")
	b.ok(err)
	if col.Documents != 1 || col.Chunks != 2 {
		t.Errorf("collection: %+v", col)
	}
	b.check()

	b.ok(b.in.Delete(b.ctx, "docs", "a.md"))
	if _, err := b.in.Document(b.ctx, "docs", "a.md", Everything); !errors.Is(err, ErrUnknownDocument) {
		t.Errorf("deleted document: %v", err)
	}
	if err := b.in.Delete(b.ctx, "docs", "a.md"); !errors.Is(err, ErrUnknownDocument) {
		t.Errorf("second delete: %v", err)
	}
	if n := b.count(`select (select count(*) from posting) + (select count(*) from term) + (select count(*) from embedding)
		+ (select count(*) from chunk) + (select count(*) from document_text) + (select count(*) from staged)`); n != 0 {
		t.Errorf("%d rows are left of the only document", n)
	}
	b.check()
}

// A chunk that begins inside a table is stored with the table's header.
func TestTableHeaderIsStored(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	rec := b.put("t.md", "# Prices\n\n| animal | price |\n|---|---|\n"+strings.Repeat("| a very small animal indeed | thirty pieces of silver |\n", 60))
	if n := b.count(`select count(*) from chunk where header = case when ord = 0 then '' else 'animal | price' end`); n < 2 || n != rec.Chunks {
		t.Errorf("%d of %d chunks have their header", n, rec.Chunks)
	}
	b.check()
}

func TestEqualContentIsNotIndexedAgain(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a.md", sections("harbour"))
	before, err := b.cat.Get(b.ctx, "docs")
	b.ok(err)
	d := Document{URI: "a.md", Body: []byte(sections("harbour")), Metadata: map[string]any{"team": "sea", "n": 1.5}, Principals: []string{"ann"}}
	rec, changed, err := b.in.Put(b.ctx, "docs", d)
	b.ok(err)
	if changed || rec.State != Ready || rec.Version != 1 {
		t.Errorf("equal bytes: changed %v, %+v", changed, rec)
	}
	if rec.Metadata["team"] != "sea" || !cmp.Equal(rec.Principals, []string{"ann"}) {
		t.Errorf("metadata and principals apply at once: %+v", rec)
	}
	after, err := b.cat.Get(b.ctx, "docs")
	b.ok(err)
	if after.Version == before.Version {
		t.Error("readers are not told that principals changed")
	}
	if _, _, err = b.in.Put(b.ctx, "docs", d); err != nil {
		t.Fatal(err)
	}
	if again, err := b.cat.Get(b.ctx, "docs"); err != nil || again.Version != after.Version {
		t.Errorf("putting the same again makes caches stale: %v, %v", again, err)
	}
	if n := b.model.texts.Load(); n != 1 {
		t.Errorf("%d texts embedded, want 1", n)
	}
	b.check()
}

func TestEditEmbedsOnlyWhatChanged(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a.md", sections("harbour", "lantern", "anchor", "rope"))
	b.model.texts.Store(0)
	rec := b.put("a.md", sections("harbour", "lantern", "compass", "rope"))
	if n := b.model.texts.Load(); n != 1 || rec.Version != 2 || rec.Chunks != 4 {
		t.Errorf("%d texts embedded, want 1: %+v", n, rec)
	}
	b.model.texts.Store(0)
	b.put("b.md", sections("harbour", "lantern", "compass", "rope"))
	if n := b.model.texts.Load(); n != 0 {
		t.Errorf("a copy embeds %d texts", n)
	}
	b.check()
}

func TestPutRefusesWhatCannotBe(t *testing.T) {
	b := setUp(t)
	for name, c := range map[string]struct {
		d     Document
		field string
	}{
		"no uri":           {Document{Body: []byte("x")}, "uri"},
		"uri not UTF-8":    {Document{URI: "a\xff"}, "uri"},
		"uri with NUL":     {Document{URI: "a\x00"}, "uri"},
		"uri too long":     {Document{URI: strings.Repeat("u", 2049)}, "uri"},
		"too large":        {Document{URI: "a", Body: make([]byte, MaxDocumentBytes+1)}, "content"},
		"title not UTF-8":  {Document{URI: "a", Title: "\xff"}, "title"},
		"metadata NUL":     {Document{URI: "a", Metadata: map[string]any{"k": []any{"v\x00"}}}, "metadata"},
		"metadata no JSON": {Document{URI: "a", Metadata: map[string]any{"k": make(chan int)}}, "metadata"},
		"metadata large":   {Document{URI: "a", Metadata: map[string]any{"k": strings.Repeat("v", 1<<16)}}, "metadata"},
		"empty principal":  {Document{URI: "a", Principals: []string{"p", ""}}, "principals[1]"},
	} {
		_, _, err := b.in.Put(b.ctx, "docs", c.d)
		var invalid *Invalid
		if !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"other", "", "~1", "a\x00"} {
		if _, _, err := b.in.Put(b.ctx, name, Document{URI: "a"}); !errors.Is(err, ErrUnknownCollection) {
			t.Errorf("collection %q: %v", name, err)
		}
	}
	if n := b.count(`select count(*) from document`); n != 0 {
		t.Errorf("%d documents were accepted", n)
	}
}

func TestQuarantine(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a.md", sections("harbour"))
	rec := b.put("a.md", "")
	if rec.State != Failed || rec.Reason == "" || rec.Version != 1 {
		t.Errorf("empty document: %+v", rec)
	}
	if text, err := b.in.Text(b.ctx, "docs", "a.md", Everything); err != nil || !strings.Contains(text, "harbour") {
		t.Errorf("the version before is not readable: %q, %v", text, err)
	}
	if rec := b.put("b.bin", "\x7fELF\x00\x01"); rec.State != Failed || !strings.Contains(rec.Reason, "x-elf") {
		t.Errorf("binary: %+v", rec)
	}
	b.check()
	if rec := b.put("a.md", sections("lantern")); rec.State != Ready || rec.Version != 3 || rec.Reason != "" {
		t.Errorf("mended document: %+v", rec)
	}
	b.check()
}

func TestQueueIsBounded(t *testing.T) {
	b := setUp(t) // no worker: what is put stays queued
	in, err := New(b.pool, b.ids, Options{MaxQueued: 1})
	b.ok(err)
	_, _, err = in.Put(b.ctx, "docs", Document{URI: "a", Body: []byte("text")})
	b.ok(err)
	in, err = New(b.pool, b.ids, Options{MaxQueued: 1})
	b.ok(err)
	if _, _, err := in.Put(b.ctx, "docs", Document{URI: "b", Body: []byte("text")}); !errors.Is(err, ErrBusy) {
		t.Errorf("put into a full queue: %v", err)
	}
	b.check()
}
