package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	"github.com/riverqueue/river"
)

// A call of the model gets as many texts as it takes callFor to embed, as far as
// the last call tells, so that whoever waits sees that it goes on; and never more
// than mostAtOnce, so that a large document shows up in the model's logs and limits
// as many calls, not one.
const (
	leastAtOnce = 16
	mostAtOnce  = 512
	callFor     = 1500 * time.Millisecond
)

// atOnce is how many texts the next call gets after one of n that took so long.
func atOnce(n int, took time.Duration) int {
	return int(min(max(float64(n)*callFor.Seconds()/max(took, time.Microsecond).Seconds(), leastAtOnce), mostAtOnce))
}

type hash = [sha256.Size]byte

// embed gives every piece without a vector one: from the collection where one of
// the same text is stored, else from the model, each distinct text once.
func (ix *indexer) embed(ctx context.Context, t *target, docs []*prepared) error {
	hashes := distinct(docs)
	vectors, err := ix.stored(ctx, t, hashes)
	if err == nil && len(hashes) > leastAtOnce {
		err = ix.recall(ctx, t, docs, vectors)
	}
	if err != nil {
		return err
	}
	var todo []unembedded
	for _, d := range docs {
		for _, p := range d.pieces {
			if _, ok := vectors[p.hash]; ok || p.given {
				continue
			}
			vectors[p.hash] = nil
			text := embeddedText(p.Chunk)
			todo = append(todo, unembedded{d, p.hash, text, int64(min(ix.model.Tokens(text), ix.model.Info().MaxTokens))})
		}
	}
	for len(todo) > 0 {
		n, began := min(len(todo), int(max(ix.atOnce.Load(), leastAtOnce))), time.Now()
		if err := ix.embedSome(ctx, t, todo[:n], vectors); err != nil {
			return err
		}
		ix.atOnce.Store(int64(atOnce(n, time.Since(began))))
		if n < len(todo) {
			ix.remember(ctx, t, todo[:n], vectors)
			if over, err := ix.overtaken(ctx, t, docs); err != nil {
				return err
			} else if over {
				return river.JobSnooze(0) // to see at once what has become of them
			}
		}
		todo = todo[n:]
	}
	for _, d := range docs {
		for i := range d.pieces {
			if p := &d.pieces[i]; !p.given {
				p.vector = vectors[p.hash]
			}
		}
	}
	return nil
}

// overtaken reports whether nobody waits for any of the documents any longer: each
// is deleted, replaced, or of an import that has been cancelled.
func (ix *indexer) overtaken(ctx context.Context, t *target, docs []*prepared) (bool, error) {
	ids, revisions := make([]int64, len(docs)), map[int64]int64{}
	for i, d := range docs {
		ids[i], revisions[d.id] = d.id, d.revision
	}
	claims, err := ix.claims(ctx, t.col, ids)
	return !slices.ContainsFunc(claims, func(c claim) bool { return c.revision == revisions[c.id] && !c.withdrawn }), err
}

// unembedded is a text that the model has not seen yet.
type unembedded struct {
	doc    *prepared
	hash   hash
	text   string
	tokens int64
}

// embedSome adds the vectors of some texts.
func (ix *indexer) embedSome(ctx context.Context, t *target, some []unembedded, vectors map[hash][]float32) error {
	texts := make([]string, len(some))
	for i, u := range some {
		texts[i] = u.text
	}
	got, err := ix.model.Embed(ctx, texts)
	if err != nil {
		return fmt.Errorf("embed %d chunks: %w", len(texts), err)
	}
	if len(got) != len(texts) {
		return fmt.Errorf("embed: the model gave %d vectors for %d texts", len(got), len(texts))
	}
	for i, v := range got {
		if len(v) != t.space.Dim {
			return fmt.Errorf("embed: the model gave %d dimensions, the space has %d", len(v), t.space.Dim)
		}
		u := some[i]
		vectors[u.hash] = v
		u.doc.embedded++
		u.doc.tokens += u.tokens
	}
	return nil
}

func distinct(docs []*prepared) [][]byte {
	seen := map[hash]bool{}
	var all [][]byte
	for _, d := range docs {
		for i := range d.pieces {
			if h := &d.pieces[i].hash; !seen[*h] && !d.pieces[i].given {
				seen[*h] = true
				all = append(all, h[:])
			}
		}
	}
	return all
}

// stored returns the vectors that the collection's active space has for hashes.
func (ix *indexer) stored(ctx context.Context, t *target, hashes [][]byte) (map[hash][]float32, error) {
	vectors := map[hash][]float32{}
	if len(hashes) == 0 {
		return vectors, nil
	}
	rows, err := ix.pool.Query(ctx, `
		with one as (select embed_hash, min(chunk_id) as chunk_id from chunk
		              where collection_id = $1 and embed_hash = any($2) group by embed_hash)
		select one.embed_hash, e.emb from one
		  join embedding e on e.collection_id = $1 and e.space_id = $3 and e.chunk_id = one.chunk_id`, t.col, hashes, t.space.ID)
	if err != nil {
		return nil, fmt.Errorf("look vectors up: %w", err)
	}
	return vectors, collectVectors(rows, vectors)
}

func collectVectors(rows pgx.Rows, into map[hash][]float32) error {
	var h []byte
	var v pgvector.HalfVector
	_, err := pgx.ForEachRow(rows, []any{&h, &v}, func() error {
		into[hash(h)] = v.Slice()
		return nil
	})
	if err != nil {
		return fmt.Errorf("look vectors up: %w", err)
	}
	return nil
}
