package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

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

// copyChunks writes the documents' chunks, postings and vectors by COPY.
func copyChunks(ctx context.Context, tx pgx.Tx, ids *ids.Source, t *target, docs []*prepared, c *change) error {
	var chunks, vectors [][]any
	var postings []posting
	for _, d := range docs {
		for i := range d.pieces {
			p := &d.pieces[i]
			id, terms := ids.Next(), make([]int64, len(p.terms))
			for j, tc := range p.terms {
				terms[j] = tc.id
				postings = append(postings, posting{tc.id, id, tc.tf, capped(p.length)})
				c.terms.add(tc.id, tc.term, 1)
			}
			c.chunks++
			c.lengthSum += int64(p.length)
			chunks = append(chunks, []any{
				t.col, id, d.id, p.Ord, p.Start, p.End, p.Page, headings(p.HeadingPath), p.Text,
				p.Tokens, p.length, p.hash[:], terms, p.Header,
			})
			vectors = append(vectors, []any{t.col, t.space.ID, id, d.id, pgvector.NewHalfVector(p.vector)})
		}
	}
	if err := copyRows(ctx, tx, "chunk", pgx.CopyFromRows(chunks), "collection_id", "chunk_id", "document_id", "ord", "start_byte",
		"end_byte", "page", "heading_path", "body", "tokens", "length", "embed_hash", "term_ids", "header"); err != nil {
		return err
	}
	if err := copyRows(ctx, tx, "embedding", pgx.CopyFromRows(vectors),
		"collection_id", "space_id", "chunk_id", "document_id", "emb"); err != nil {
		return err
	}
	// In the order of the primary key, neighbours go to one page of its index.
	slices.SortFunc(postings, func(a, b posting) int {
		return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(a.chunk, b.chunk))
	})
	row := make([]any, 5)
	source := pgx.CopyFromSlice(len(postings), func(i int) ([]any, error) {
		p := postings[i]
		row[0], row[1], row[2], row[3], row[4] = t.col, p.term, p.chunk, p.tf, p.length
		return row, nil
	})
	return copyRows(ctx, tx, "posting", source, "collection_id", "term_id", "chunk_id", "tf", "length")
}

func copyRows(ctx context.Context, tx pgx.Tx, table string, rows pgx.CopyFromSource, columns ...string) error {
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{table}, columns, rows); err != nil {
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return nil
}

// headings is never nil: the column is not null.
func headings(path []string) []string {
	if path == nil {
		return []string{}
	}
	return path
}
