package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// writeRecords makes a file of n documents of about 2 kB, each with one vector.
func writeRecords(t testing.TB, path string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	r, e := rand.New(rand.NewPCG(1, 2)), json.NewEncoder(w)
	zipf := rand.NewZipf(r, 1.1, 4, 30_000)
	for i := range n {
		var text strings.Builder
		for text.Len() < 2000 {
			fmt.Fprintf(&text, "w%dx ", zipf.Uint64())
		}
		v := make(vector, 384)
		for j := range v {
			v[j] = float32(r.NormFloat64())
		}
		if err := e.Encode(map[string]any{"uri": fmt.Sprintf("doc-%07d", i), "text": text.String(), "vector": []float32(v)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkRecords imports documents with given vectors and compares with a bare
// COPY of the chunk, posting and embedding rows that this made.
func BenchmarkRecords(bb *testing.B) {
	const docs = 3000
	b := setUp(bb)
	path := bb.TempDir() + "/records.jsonl"
	writeRecords(bb, path, docs)
	b.work(WorkerOptions{})
	for bb.Loop() {
		m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{path}, Records: true})
		b.ok(err)
		load := b.costOf(func() error {
			for m, err = range b.in.WatchImport(b.ctx, "docs", m.ID) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		if m.Indexed != docs {
			bb.Fatalf("%+v", m)
		}
		bare := b.bareCopy()
		for name, c := range map[string]cost{"load": load, "bare": bare} {
			bb.ReportMetric(docs/c.wall.Seconds(), name+"-docs/s")
			bb.ReportMetric(float64(c.own.Microseconds())/docs, name+"-own-µs")
			bb.ReportMetric(float64(c.postgres.Microseconds())/docs, name+"-pg-µs")
		}
		bb.ReportMetric(bare.wall.Seconds()/load.wall.Seconds(), "of-bare")
	}
}

// bareCopy copies the rows of the three large tables into empty ones of the
// same form and returns how long that took.
func (b *bench) bareCopy() (all cost) {
	b.t.Helper()
	tables := []struct{ name, columns, order string }{
		{"chunk", "collection_id, chunk_id, document_id, ord, start_byte, end_byte, page, heading_path, body, tokens, length, embed_hash, term_ids", "chunk_id"},
		{"embedding", "collection_id, space_id, chunk_id, document_id, emb", "chunk_id"},
		{"posting", "collection_id, term_id, chunk_id, tf, length", "term_id, chunk_id"},
	}
	conn, err := b.pool.Acquire(b.ctx)
	b.ok(err)
	defer conn.Release()
	for _, t := range tables {
		var rows bytes.Buffer
		_, err = conn.Conn().PgConn().CopyTo(b.ctx, &rows, fmt.Sprintf("copy (select %s from %s order by %s) to stdout (format binary)", t.columns, t.name, t.order))
		b.ok(err)
		_, err = b.pool.Exec(b.ctx, fmt.Sprintf("create table bare_%[1]s (like %[1]s including all)", t.name))
		b.ok(err)
		c := b.costOf(func() error {
			_, err := conn.Conn().PgConn().CopyFrom(b.ctx, &rows, fmt.Sprintf("copy bare_%s (%s) from stdin (format binary)", t.name, t.columns))
			return err
		})
		all = cost{all.wall + c.wall, all.own + c.own, all.postgres + c.postgres}
		b.t.Logf("bare %s: %v", t.name, c)
		_, err = b.pool.Exec(b.ctx, "drop table bare_"+t.name)
		b.ok(err)
	}
	return all
}
