package retrieve

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// found is a chunk with its text and its place among the document's chunks.
type found struct {
	Passage
	chunkID int64
	ord     int
	terms   map[string]bool // only when passages are compared
}

// One statement, so one snapshot: text, offsets and version belong together.
// A chunk that was replaced meanwhile has no row, nor has one whose document may
// not, or no longer, be found. "offset 0" has the documents looked up for the
// chunks, and not the chunks for each document.
const hydrateSQL = `
select c.chunk_id, c.document_id, d.version, d.uri, d.held_by, d.title, c.heading_path, c.page,
       c.start_byte, c.end_byte, c.body, c.header, c.tokens, c.ord
  from chunk c
 cross join lateral (
       select d.version, d.uri, d.title,
              case when d.uri like 'git+%' then coalesce(d.metadata->>'commit', '') else '' end as held_by
         from document d
        where d.collection_id = @collection and d.document_id = c.document_id and ALLOWED offset 0) d
 where c.collection_id = @collection and c.chunk_id = any(@chunks::bigint[])`

// hydrate reads the best candidates that are still there, in their order, at
// most as many as the query wants; for diversity it chooses them among more.
func (r *search) hydrate(ctx context.Context, ranked []Candidate) ([]found, error) {
	want := r.query.Limit
	if r.query.Diversity > 0 {
		want = min(diversityPool*want, maxLimit)
	}
	d := dedupe{analyzer: r.analyzer, off: !r.query.Dedupe && r.query.Diversity == 0}
	var out []found
	for len(out) < want && len(ranked) > 0 {
		n := min(want-len(out), len(ranked))
		rows, err := r.chunks(ctx, ranked[:n])
		if err != nil {
			return nil, fmt.Errorf("read chunks: %w", err)
		}
		for _, c := range ranked[:n] {
			row := rows[c.ChunkID]
			if row == nil {
				continue
			}
			f := *row
			f.Score, f.Dense, f.Lexical, f.Rerank = c.Score, c.Dense, c.Lexical, c.Rerank
			if d.repeats(&f) && r.query.Dedupe {
				r.set(f.chunkID, Duplicate)
				continue
			}
			out = append(out, f)
		}
		ranked = ranked[n:]
	}
	chosen := diversify(out, r.query.Limit, r.query.Diversity)
	for i, f := range out {
		if i < r.query.Limit && !slices.ContainsFunc(chosen, func(c found) bool { return c.chunkID == f.chunkID }) {
			r.set(f.chunkID, Undiverse)
		}
	}
	return chosen, nil
}

// chunks returns the rows of candidates, and others read before; nil is one that is
// no longer there. A search reads each row once.
func (r *search) chunks(ctx context.Context, candidates []Candidate) (map[int64]*found, error) {
	var ids []int64
	for _, id := range chunkIDs(candidates) {
		if _, ok := r.rows[id]; !ok {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return r.rows, nil
	}
	defer r.stage("hydrate")()
	check := r.recheck()
	rows, err := r.pool.Query(ctx, check.in(hydrateSQL), check.with(pgx.NamedArgs{
		"collection": r.collection.ID, "chunks": ids,
	}))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r.rows[id] = nil
	}
	var f found
	_, err = pgx.ForEachRow(rows, []any{
		&f.chunkID, &f.DocumentID, &f.Version, &f.URI, &f.Commit, &f.Title, &f.HeadingPath, &f.Page,
		&f.Start, &f.End, &f.Text, &f.Header, &f.Tokens, &f.ord,
	}, func() error {
		f.CollectionID = r.collection.ID
		row := f
		r.rows[f.chunkID] = &row
		f.HeadingPath = nil
		return nil
	})
	return r.rows, err
}

// recheck is the scope as it is checked once more where text is read.
func (r *search) recheck() scope {
	check := newScope(r.query, true)
	if check.all() {
		check.where = "true"
	}
	return check
}

const bytesSQL = `
select substring(body from @start::int + 1 for @length::int) from document_text
 where collection_id = @collection and document_id = @document and version = @version`

// Bytes returns the bytes [start, end) of the canonical text that p was found
// in, as stored now: what a quote is checked against. A version that is no
// longer stored is ErrGone; a range outside the text is an error.
func (s *Searcher) Bytes(ctx context.Context, p Passage, start, end int) ([]byte, error) {
	if start < 0 || end < start {
		return nil, fmt.Errorf("read document %d: no range [%d, %d)", p.DocumentID, start, end)
	}
	var body []byte
	err := s.pool.QueryRow(ctx, bytesSQL, pgx.NamedArgs{
		"collection": p.CollectionID, "document": p.DocumentID, "version": p.Version,
		"start": start, "length": end - start,
	}).Scan(&body)
	switch {
	case err == pgx.ErrNoRows:
		return nil, fmt.Errorf("read document %d version %d: %w", p.DocumentID, p.Version, ErrGone)
	case err != nil:
		return nil, fmt.Errorf("read document %d version %d: %w", p.DocumentID, p.Version, err)
	case len(body) != end-start:
		return nil, fmt.Errorf("read document %d version %d: [%d, %d) is outside its text", p.DocumentID, p.Version, start, end)
	}
	return body, nil
}
