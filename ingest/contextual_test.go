package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pgvector/pgvector-go"
)

// placing is a Situater that says "zanzibar" of a chunk's first heading, and fails
// while a chunk holds what fails says.
type placing struct {
	mu    sync.Mutex
	asked int
	seen  []Situation
	fails atomic.Pointer[string]
}

func (p *placing) Situate(ctx context.Context, collection string, s Situation) (string, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if collection != "docs" {
		return "", "", fmt.Errorf("collection %q", collection)
	}
	if f := p.fails.Load(); f != nil && strings.Contains(s.Chunk, *f) {
		return "", "", errors.New("overloaded")
	}
	if strings.Contains(s.Chunk, "unspeakable") {
		return "", "m", ctx.Err()
	}
	p.seen = append(p.seen, s)
	return " On zanzibar\nand the\x00 quiet keeping of things. ", "m", ctx.Err()
}

const contextsWritten = `select count(x.chunk_id) = count(*) from chunk c left join chunk_context x using (collection_id, chunk_id)`

func TestContexts(t *testing.T) {
	b, model := setUp(t), &placing{}
	b.work(WorkerOptions{Situater: model})
	b.put("a.md", sections("harbour", "lantern", "anchor"))
	b.put("b.md", "The unspeakable has a text without any heading.")
	if n := b.count(`select count(*) from chunk_context`); n != 0 {
		t.Fatalf("%d contexts that nobody asked for", n)
	}
	length := b.count(`select length_sum from collection_stats`)
	plan, err := b.in.ContextPlan(b.ctx, "docs")
	b.ok(err)
	if plan.Chunks != 4 || plan.Waiting != 4 || plan.TextTokens < int64(b.count(`select sum(tokens) from chunk`)) {
		t.Errorf("plan %+v", plan)
	}
	b.ok(b.in.Contextualize(b.ctx, "docs", true))
	b.until(contextsWritten)
	b.check()
	// Three chunks of the sentence's 3 terms more, nothing of the fourth.
	if n := b.count(`select length_sum from collection_stats`); n != length+3*4 {
		t.Errorf("length %d, was %d", n, length)
	}
	if n := b.count(`select df from term where term = 'zanzibar'`); n != 3 {
		t.Errorf("df %d", n)
	}
	if n := b.count(`select count(*) from chunk where body like '%zanzibar%'`); n != 0 {
		t.Error("a sentence is in a text that can be quoted")
	}
	b.checkVector("a.md", 1)
	if plan, err = b.in.ContextPlan(b.ctx, "docs"); err != nil || plan.Waiting != 0 || plan.TextTokens != 0 {
		t.Errorf("plan %+v, %v", plan, err)
	}
	model.checkSeen(t)

	t.Run("a change asks for new ones", func(t *testing.T) {
		first := b.count(`select min(chunk_id)::text::bigint % 1000000007 from chunk_context`)
		b.put("a.md", sections("harbour", "bell"))
		b.until(contextsWritten)
		if b.count(`select min(chunk_id)::text::bigint % 1000000007 from chunk_context`) == first || b.count(`select count(*) from chunk_context`) != 3 {
			t.Error("contexts of the version before are left")
		}
		b.check()
	})
	t.Run("gone with the document", func(t *testing.T) {
		b.ok(b.in.Delete(b.ctx, "docs", "a.md"))
		if n := b.count(`select count(*) from chunk_context`); n != 1 {
			t.Errorf("%d contexts", n)
		}
		b.check()
	})
	t.Run("off", func(t *testing.T) {
		b.ok(b.in.Contextualize(b.ctx, "docs", false))
		b.put("c.md", sections("rudder"))
		b.until(`select not exists (select from river_job where kind = 'write_contexts' and state not in ('completed', 'cancelled'))`)
		if n := b.count(`select count(*) from chunk_context`); n != 1 {
			t.Errorf("%d contexts", n)
		}
	})
	for _, name := range []string{"nowhere", "~", ""} {
		if _, err := b.in.ContextPlan(b.ctx, name); !errors.Is(err, ErrUnknownCollection) {
			t.Errorf("plan of %q: %v", name, err)
		}
		if err := b.in.Contextualize(b.ctx, name, true); !errors.Is(err, ErrUnknownCollection) {
			t.Errorf("contextualize %q: %v", name, err)
		}
	}
}

// checkVector compares a chunk's vector and hash with those of its text.
func (b *bench) checkVector(uri string, ord int) {
	b.t.Helper()
	var title, body string
	var heading []string
	var hash []byte
	var stored pgvector.HalfVector
	b.ok(b.pool.QueryRow(b.ctx, `select d.title, c.heading_path, c.body, c.embed_hash, e.emb from chunk c
		join document d using (collection_id, document_id) join embedding e using (collection_id, chunk_id)
		where d.uri = $1 and c.ord = $2`, uri, ord).Scan(&title, &heading, &body, &hash, &stored))
	text := title + " > " + strings.Join(heading, " > ") + "\nOn zanzibar and the quiet keeping of things.\n" + body
	want, err := b.model.Embed(b.ctx, []string{text})
	b.ok(err)
	var dot float64
	for i, x := range stored.Slice() {
		dot += float64(x) * float64(want[0][i])
	}
	if sum := sha256.Sum256([]byte(text)); dot < 0.999 || string(hash) != string(sum[:]) {
		b.t.Errorf("the vector's cosine to the text's own is %.4f, same hash: %v", dot, string(hash) == string(sum[:]))
	}
}

// checkSeen: each chunk came once, with the text around it and no other.
func (p *placing) checkSeen(t *testing.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	whole := sections("harbour", "lantern", "anchor")
	if len(p.seen) != 3 {
		t.Errorf("asked about %d chunks", len(p.seen))
	}
	for _, s := range p.seen {
		if !strings.Contains(whole, strings.TrimSpace(s.Before+s.Chunk+s.After)) || len(s.Before) > beforeBytes || len(s.After) > afterBytes || len(s.HeadingPath) == 0 {
			t.Errorf("%+v", s)
		}
		if from := strings.Index(whole, s.Chunk); from > beforeBytes != (s.Opening != "") || !strings.HasPrefix(whole, s.Opening) || len(s.Opening) > openingBytes {
			t.Errorf("the chunk at %d has the opening %q", from, s.Opening)
		}
	}
}

// A chunk that the model fails on holds nobody up and is tried again; a model
// that is down is asked about one page.
func TestContextOfAChunkFails(t *testing.T) {
	b, model := setUp(t), &placing{}
	stop := b.work(WorkerOptions{})
	b.put("a.md", sections("harbour", "lantern", "anchor"))
	b.put("b.md", sections(strings.Fields(strings.Repeat("mast ", 2*contextPage))...))
	stop()
	b.ok(b.in.Contextualize(b.ctx, "docs", true))
	ix := newIndexer(b.pool, b.ids, b.model, slog.New(slog.DiscardHandler), 1)
	for _, tt := range []struct {
		fails   string
		written int
	}{{"The", 0}, {"lantern", 2 + 2*contextPage}, {"nothing", 3 + 2*contextPage}} {
		model.fails.Store(&tt.fails)
		err := ix.writeContexts(b.ctx, model, b.col.ID)
		if n := b.count(`select count(*) from chunk_context`); n != tt.written || (err == nil) != (tt.fails == "nothing") {
			t.Errorf("fails on %q: %d contexts, %v", tt.fails, n, err)
		}
		b.check()
	}
	if model.asked != 1+contextPage+3+2*contextPage {
		t.Errorf("asked %d times", model.asked)
	}
}

func TestKilledWorkersLoseAndDoubleNoContexts(t *testing.T) {
	b := setUp(t)
	stop := b.work(WorkerOptions{Exclusive: true})
	for i := range 20 {
		_, _, err := b.in.Put(b.ctx, "docs", Document{URI: fmt.Sprint(i), Body: []byte(sections("harbour", "lantern", "anchor"))})
		b.ok(err)
	}
	b.until(settled)
	stop()
	b.ok(b.in.Contextualize(b.ctx, "docs", true))
	for round := range 2 {
		child := exec.CommandContext(b.ctx, os.Args[0])
		child.Env = append(os.Environ(), envWorker+"="+b.pool.Config().ConnString())
		child.Stderr = t.Output()
		b.ok(child.Start())
		b.until(`select count(*) >= $1 from chunk_context`, 1+16*round)
		b.ok(child.Process.Kill())
		if err := child.Wait(); err == nil {
			t.Fatal("the worker ended by itself")
		}
		b.check()
	}
	if b.count(`select count(*) from chunk_context`) == 60 {
		t.Fatal("the workers were killed too late to show anything")
	}
	b.work(WorkerOptions{Exclusive: true, Situater: &placing{}})
	b.until(contextsWritten)
	if n := b.count(`select count(*) from chunk_context`); n != 60 {
		t.Errorf("%d contexts", n)
	}
	b.check()
}
