package retrieve

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Fate is what became of a candidate.
type Fate string

const (
	Returned   Fate = "returned"
	Merged     Fate = "merged"     // is part of a better candidate's passage
	CutLimit   Fate = "limit"      // others took all places
	CutRerank  Fate = "rerank"     // had a place until the reranker gave it to others
	Undiverse  Fate = "diversity"  // had a place until one unlike the others was preferred
	CutBudget  Fate = "budget"     // its tokens did not fit
	Duplicate  Fate = "duplicate"  // says what a better one says
	Undemanded Fate = "undemanded" // lacks what the query requires, or has what it excludes
)

// Explained is a chunk that a leg returned for the query, or for a paraphrase of
// it, and that the caller may read, and why it is a passage or not.
type Explained struct {
	DocumentID  int64
	URI         string
	Start, End  int
	HeadingPath []string
	// Rank from 1 among all candidates that have what the query demands, 0 of the
	// others. FusedRank is that before reranking, and Rerank the reranker's score.
	Rank, FusedRank int
	Score, Rerank   float64
	Dense, Lexical  LegScore
	// Words is what weighted fusion took beside the cosine.
	Words float64
	// Terms are the query's terms that the chunk has, with their part of the BM25 score.
	Terms []TermPart
	Fate  Fate
	// Lacks is the demand of the query that an Undemanded chunk does not meet, as it
	// is written.
	Lacks string
	chunk int64
}

// TermPart is one term's part of a BM25 score.
type TermPart struct {
	Term  string
	TF    int
	Score float64
}

// set notes the fate of a chunk, when it is to be explained.
func (r *search) set(chunk int64, f Fate) {
	if r.fates != nil {
		r.fates[chunk] = f
	}
}

const explainSQL = `
select c.chunk_id, c.document_id, d.uri, c.start_byte, c.end_byte, c.heading_path
  from chunk c
  join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
 where c.collection_id = @collection and c.chunk_id = any(@chunks::bigint[]) and ALLOWED`

const partsSQL = `
select p.chunk_id, k.term_id, p.tf, k.idf * p.tf / (p.tf + @base::float8 + @slope::float8 * p.length) as score
  from unnest(@terms::bigint[], @terms_idf::float8[]) as k(term_id, idf)` + bm25Posting + `
                        and chunk_id = any(@chunks::bigint[]) offset 0) p
 order by p.chunk_id, score desc`

// explain lists the candidates that the caller may read: those that are ranked,
// best first, and then those that lack what the query demands.
func (r *search) explain(ctx context.Context, ranked []Candidate) error {
	if !r.query.Explain || len(ranked)+len(r.sifted) == 0 {
		return nil
	}
	defer r.stage("explain")()
	if note := r.recall.note(r.collection.SpaceID); note != "" && r.result.DensePlan == planHNSW {
		r.result.Notes = append(r.result.Notes, note)
	}
	all := append(slices.Clip(ranked), r.sifted...)
	if err := r.complete(ctx, all[len(ranked):]); err != nil {
		return err
	}
	chunks, err := r.describe(ctx, chunkIDs(all))
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	for i, c := range all {
		e, ok := chunks[c.ChunkID]
		if !ok {
			continue
		}
		e.Dense, e.Lexical, e.Words, e.Fate = c.Dense, c.Lexical, c.words(), CutLimit
		if f, ok := r.fates[c.ChunkID]; ok {
			e.Fate = f
		}
		if i < len(ranked) {
			e.Rank, e.FusedRank, e.Score, e.Rerank = i+1, i+1, c.Score, c.Rerank
			if before, ok := r.fused[c.ChunkID]; ok {
				e.FusedRank = before
			}
		} else {
			e.Fate, e.Lacks = Undemanded, r.lacks[c.ChunkID]
		}
		r.result.Explanation = append(r.result.Explanation, *e)
	}
	return nil
}

// describe reads where chunks are and which of the query's terms they have.
func (r *search) describe(ctx context.Context, chunks []int64) (map[int64]*Explained, error) {
	out := map[int64]*Explained{}
	check := r.recheck()
	batch := &pgx.Batch{}
	args := check.with(pgx.NamedArgs{"collection": r.collection.ID, "chunks": chunks})
	batch.Queue(check.in(explainSQL), args).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			e := &Explained{}
			if err := rows.Scan(&e.chunk, &e.DocumentID, &e.URI, &e.Start, &e.End, &e.HeadingPath); err != nil {
				return err
			}
			out[e.chunk] = e
		}
		return rows.Err()
	})
	if len(r.terms.known) > 0 {
		args := bm25Args(r.collection, "terms", r.terms.known)
		args["chunks"] = chunks
		batch.Queue(partsSQL, args).Query(func(rows pgx.Rows) error { return r.parts(rows, out) })
	}
	return out, r.pool.SendBatch(ctx, batch).Close()
}

func (r *search) parts(rows pgx.Rows, out map[int64]*Explained) error {
	var chunk, term int64
	var tf, score float64
	_, err := pgx.ForEachRow(rows, []any{&chunk, &term, &tf, &score}, func() error {
		if e := out[chunk]; e != nil {
			e.Terms = append(e.Terms, TermPart{r.terms.names[term], int(tf), score})
		}
		return nil
	})
	return err
}

func chunkIDs(candidates []Candidate) []int64 {
	out := make([]int64, len(candidates))
	for i, c := range candidates {
		out[i] = c.ChunkID
	}
	return out
}
