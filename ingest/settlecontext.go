package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// settleContexts stores contexts: in one transaction a chunk gets its sentence,
// the postings of the sentence's terms and the vector of both. Chunks that were
// replaced meanwhile are left out. A chunk without a sentence is only marked as
// settled.
func (ix *indexer) settleContexts(ctx context.Context, t *target, page []*waiting) error {
	return inTx(ctx, ix.pool, func(tx pgx.Tx) error {
		if err := lockCollection(ctx, tx, t.col); err != nil {
			return err
		}
		there, err := lockWaiting(ctx, tx, t.col, page)
		if err != nil {
			return err
		}
		var c change
		b := &pgx.Batch{}
		var postings contextPostings
		for _, w := range page {
			old, ok := there[w.id]
			if !ok {
				continue
			}
			b.Queue(`insert into chunk_context (collection_id, chunk_id, body, model) values ($1, $2, $3, $4)`, t.col, w.id, w.sentence, w.model)
			if w.vector == nil {
				continue
			}
			said := newPiece(Chunk{Text: w.sentence}, t.analyzer)
			terms := postings.add(w.id, old, said, &c)
			hash := sha256.Sum256([]byte(w.embeddedText()))
			b.Queue(`update chunk set length = $3, term_ids = $4, embed_hash = $5 where collection_id = $1 and chunk_id = $2`,
				t.col, w.id, old.length+said.length, terms, hash[:])
			b.Queue(`update embedding set emb = $4 where collection_id = $1 and space_id = $2 and chunk_id = $3`,
				t.col, t.space.ID, w.id, pgvector.NewHalfVector(w.vector))
		}
		postings.queue(b, t.col)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("write contexts: %w", err)
		}
		if err := c.terms.apply(ctx, tx, t.col); err != nil {
			return err
		}
		_, err = c.count(ctx, tx, t.col)
		return err
	})
}

// indexed is what a chunk's row says of its terms.
type indexed struct {
	length int
	terms  []int64
}

// lockWaiting locks the documents, in order of id as every writer does, and then
// returns the chunks that are still there and still wait.
func lockWaiting(ctx context.Context, tx pgx.Tx, col int64, page []*waiting) (map[int64]indexed, error) {
	var documents, chunks []int64
	for _, w := range page {
		documents, chunks = append(documents, w.document), append(chunks, w.id)
	}
	if _, err := tx.Exec(ctx, `select from document where collection_id = $1 and document_id = any($2) order by document_id for update`, col, documents); err != nil {
		return nil, fmt.Errorf("lock documents: %w", err)
	}
	rows, err := tx.Query(ctx, `
		select c.chunk_id, c.length, c.term_ids from chunk c
		 where c.collection_id = $1 and c.chunk_id = any($2) and not exists (
		       select from chunk_context x where x.collection_id = c.collection_id and x.chunk_id = c.chunk_id)`, col, chunks)
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	there := map[int64]indexed{}
	var id int64
	var i indexed
	_, err = pgx.ForEachRow(rows, []any{&id, &i.length, &i.terms}, func() error {
		there[id] = i
		i.terms = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	return there, nil
}

// contextPostings are the rows of posting that contexts change and add.
type contextPostings struct{ changed, added postingColumns }

type postingColumns struct {
	terms, chunks []int64
	tfs, lengths  []int32
}

func (p *postingColumns) add(term, chunk int64, tf int16, length int) {
	p.terms, p.chunks = append(p.terms, term), append(p.chunks, chunk)
	p.tfs, p.lengths = append(p.tfs, int32(tf)), append(p.lengths, int32(capped(length)))
}

// add counts a sentence's terms to a chunk, whose length grows in all of its
// postings, and returns the terms that it then has.
func (p *contextPostings) add(chunk int64, old indexed, said piece, c *change) []int64 {
	length := old.length + said.length
	c.lengthSum += int64(said.length)
	tf := map[int64]int16{}
	terms := slices.Clone(old.terms)
	for _, tc := range said.terms {
		if slices.Contains(old.terms, tc.id) {
			tf[tc.id] = tc.tf
			continue
		}
		p.added.add(tc.id, chunk, tc.tf, length)
		c.terms.add(tc.id, tc.term, 1)
		terms = append(terms, tc.id)
	}
	for _, term := range old.terms {
		p.changed.add(term, chunk, tf[term], length)
	}
	return terms
}

func (p *contextPostings) queue(b *pgx.Batch, col int64) {
	b.Queue(`
		update posting p set tf = least(p.tf + u.tf, 32767), length = u.length
		  from unnest($2::bigint[], $3::bigint[], $4::int[], $5::int[]) as u (term_id, chunk_id, tf, length)
		 where p.collection_id = $1 and p.term_id = u.term_id and p.chunk_id = u.chunk_id`,
		col, p.changed.terms, p.changed.chunks, p.changed.tfs, p.changed.lengths)
	b.Queue(`
		insert into posting (collection_id, term_id, chunk_id, tf, length)
		select $1, u.term_id, u.chunk_id, u.tf, u.length
		  from unnest($2::bigint[], $3::bigint[], $4::int[], $5::int[]) as u (term_id, chunk_id, tf, length)`,
		col, p.added.terms, p.added.chunks, p.added.tfs, p.added.lengths)
}
