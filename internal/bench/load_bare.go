package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// bareTables are what a load writes for search, in the order of their keys, with
// the schema's indexes but for HNSW, which Quarry builds after a load as well.
var bareTables = []struct{ name, columns, order, indexes string }{
	{
		"chunk", "collection_id, chunk_id, document_id, ord, start_byte, end_byte, page, heading_path, body, tokens, length, embed_hash, term_ids, header", "chunk_id",
		`alter table bare_chunk add primary key (collection_id, chunk_id), add unique (collection_id, document_id, ord);
		 create index on bare_chunk (collection_id, embed_hash)`,
	},
	{
		"embedding", "collection_id, space_id, chunk_id, document_id, emb", "chunk_id",
		"alter table bare_embedding add primary key (collection_id, space_id, chunk_id)",
	},
	{
		"posting", "collection_id, term_id, chunk_id, tf, length", "term_id, chunk_id",
		"alter table bare_posting add primary key (collection_id, term_id, chunk_id) include (tf, length)",
	},
}

// bareCopy copies the rows of the three large tables, already in Postgres's own
// binary form and in the order of their keys, into empty tables of the same
// form with the same indexes, and returns how long that took.
func (l *load) bareCopy(ctx context.Context) (took time.Duration, err error) {
	for _, t := range bareTables {
		rows, err := os.Create(filepath.Join(l.dir, "rows"))
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		pg := l.conn.PgConn()
		if _, err := pg.CopyTo(ctx, rows, fmt.Sprintf("copy (select %s from %s order by %s) to stdout (format binary)", t.columns, t.name, t.order)); err != nil {
			return 0, fmt.Errorf("read %s: %w", t.name, err)
		}
		if _, err := l.conn.Exec(ctx, fmt.Sprintf("create table bare_%[1]s (like %[1]s including storage); %[2]s", t.name, t.indexes)); err != nil {
			return 0, fmt.Errorf("make a table like %s: %w", t.name, err)
		}
		if _, err := rows.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
		began := time.Now()
		if _, err := pg.CopyFrom(ctx, rows, fmt.Sprintf("copy bare_%s (%s) from stdin (format binary)", t.name, t.columns)); err != nil {
			return 0, fmt.Errorf("copy into %s: %w", t.name, err)
		}
		took += time.Since(began)
		if _, err := l.conn.Exec(ctx, "drop table bare_"+t.name); err != nil {
			return 0, err
		}
	}
	return took, nil
}

// report adds the lines about Quarry's load.
func (l *load) report(ctx context.Context, r loadResult, bare time.Duration) error {
	n := float64(l.n)
	t := &l.b.t
	t.add(fmt.Sprintf("%d documents of 2 kB with given vectors", l.n), fmt.Sprintf("%.0f docs/s (%.1f s)", n/r.took.Seconds(), r.took.Seconds()),
		fmt.Sprintf("bare COPY of the rows %.0f docs/s", n/bare.Seconds()), fmt.Sprintf("%.2f", bare.Seconds()/r.took.Seconds()), "≥ 0.4")
	t.add("  rate of the last tenth", fmt.Sprintf("%.0f docs/s", n/10/r.last.Seconds()),
		fmt.Sprintf("first tenth %.0f docs/s", n/10/r.first.Seconds()), fmt.Sprintf("%.2f", r.first.Seconds()/r.last.Seconds()), "≥ 0.7")
	t.add("  peak memory of quarry up", fmt.Sprintf("%.0f MB", r.peakMB), "limit 500 MB", fmt.Sprintf("%.2f", r.peakMB/500), "≤ 1")
	var postings, chunks, bytes float64
	err := l.conn.QueryRow(ctx, `select (select count(*) from posting), (select count(*) from chunk),
		(select sum(pg_total_relation_size(t)) from unnest(array['chunk', 'posting', 'embedding', 'document', 'document_text', 'term']::regclass[]) t)`).
		Scan(&postings, &chunks, &bytes)
	if err != nil {
		return err
	}
	t.add("  on disk for each chunk", fmt.Sprintf("%.1f kB", bytes/chunks/1000), fmt.Sprintf("%.0f postings", postings/chunks), "", "")
	return nil
}
