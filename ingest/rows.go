package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/internal/ids"
)

// dropChunks deletes the documents' chunks with their postings and vectors.
func dropChunks(ctx context.Context, tx pgx.Tx, col int64, docs []int64, c *change) error {
	if len(docs) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `select chunk_id, length, term_ids from chunk where collection_id = $1 and document_id = any($2)`, col, docs)
	if err != nil {
		return fmt.Errorf("read old chunks: %w", err)
	}
	var chunks, keyTerms, keyChunks []int64
	var id int64
	var length int
	var terms []int64
	_, err = pgx.ForEachRow(rows, []any{&id, &length, &terms}, func() error {
		chunks = append(chunks, id)
		c.chunks--
		c.lengthSum -= int64(length)
		for _, t := range terms {
			keyTerms, keyChunks = append(keyTerms, t), append(keyChunks, id)
			c.terms.add(t, "", -1)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read old chunks: %w", err)
	}
	b := &pgx.Batch{}
	b.Queue(`delete from posting p using unnest($2::bigint[], $3::bigint[]) as o (term_id, chunk_id)
	          where p.collection_id = $1 and p.term_id = o.term_id and p.chunk_id = o.chunk_id`, col, keyTerms, keyChunks)
	b.Queue(`delete from embedding where collection_id = $1 and chunk_id = any($2)
	            and space_id in (select space_id from space where collection_id = $1)`, col, chunks)
	b.Queue(`delete from chunk where collection_id = $1 and document_id = any($2)`, col, docs)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("delete old chunks: %w", err)
	}
	return nil
}

// posting is one row of posting.
type posting struct {
	term, chunk int64
	tf, length  int16
}

// row is one row of chunk and one of embedding.
type row struct {
	id, doc int64
	*piece
}

// copyChunks writes the documents' chunks, postings and vectors by COPY.
func copyChunks(ctx context.Context, tx pgx.Tx, ids *ids.Source, t *target, docs []*prepared, c *change) error {
	rows, postings := rowsOf(ids, docs, c)
	err := copyBinary(ctx, tx, "chunk", []string{
		"collection_id", "chunk_id", "document_id", "ord", "start_byte", "end_byte", "page", "heading_path", "body",
		"tokens", "length", "embed_hash", "term_ids", "header",
	}, len(rows), func(e *encoder, i int) { rows[i].encode(e, t.col) })
	if err != nil {
		return err
	}
	err = copyBinary(ctx, tx, "embedding", []string{"collection_id", "space_id", "chunk_id", "document_id", "emb"}, len(rows), func(e *encoder, i int) {
		e.int8(t.col)
		e.int8(t.space.ID)
		e.int8(rows[i].id)
		e.int8(rows[i].doc)
		e.halfvec(rows[i].vector)
	})
	if err != nil {
		return err
	}
	return copyBinary(ctx, tx, "posting", []string{"collection_id", "term_id", "chunk_id", "tf", "length"}, len(postings), func(e *encoder, i int) {
		p := &postings[i]
		e.int8(t.col)
		e.int8(p.term)
		e.int8(p.chunk)
		e.int2(p.tf)
		e.int2(p.length)
	})
}

// rowsOf gives every chunk its id and counts it. Postings come in the order of
// their primary key: neighbours then go to one page of its index.
func rowsOf(ids *ids.Source, docs []*prepared, c *change) (rows []row, postings []posting) {
	n, terms := 0, 0
	for _, d := range docs {
		n += len(d.pieces)
		for i := range d.pieces {
			terms += len(d.pieces[i].terms)
		}
	}
	rows, postings = make([]row, 0, n), make([]posting, 0, terms)
	for _, d := range docs {
		for i := range d.pieces {
			p := &d.pieces[i]
			id := ids.Next()
			rows = append(rows, row{id, d.id, p})
			for _, tc := range p.terms {
				postings = append(postings, posting{tc.id, id, tc.tf, capped(p.length)})
				c.terms.add(tc.id, tc.term, 1)
			}
			c.chunks++
			c.lengthSum += int64(p.length)
		}
	}
	slices.SortFunc(postings, func(a, b posting) int {
		if a.term != b.term {
			return cmp.Compare(a.term, b.term)
		}
		return cmp.Compare(a.chunk, b.chunk)
	})
	return rows, postings
}

func (r *row) encode(e *encoder, col int64) {
	e.int8(col)
	e.int8(r.id)
	e.int8(r.doc)
	e.int4(r.Ord)
	e.int4(r.Start)
	e.int4(r.End)
	e.int4(r.Page)
	e.texts(r.HeadingPath)
	e.text(r.Text)
	e.int4(r.Tokens)
	e.int4(r.length)
	e.text(string(r.hash[:]))
	e.arrayOf(oidInt8, len(r.terms), 12*len(r.terms))
	for _, t := range r.terms {
		e.int8(t.id)
	}
	e.text(r.Header)
}

func copyRows(ctx context.Context, tx pgx.Tx, table string, rows pgx.CopyFromSource, columns ...string) error {
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{table}, columns, rows); err != nil {
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return nil
}
