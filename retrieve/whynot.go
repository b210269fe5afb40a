package retrieve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

// Loss says why a search does not return a document: the first stage at which it
// was lost, and what would have brought it in.
type Loss struct {
	// Stage is "" when the document is returned, else "unknown", "not ready",
	// "empty", "filter", "legs", or a Fate.
	Stage string
	// Reason and Remedy are sentences for people; Remedy is "" when there is none.
	Reason, Remedy string
	// Best is the document's best chunk; nil when it was lost before the legs. When
	// no leg returned it, the ranks are those it has beyond their depth.
	Best *Explained
}

// ExplainDocument tells what becomes of the document with that URI in the search
// q. A document that the caller may not read is unknown to it. Errors are
// Search's. It compares with every chunk, so that it may take seconds in a large
// collection; each statement ends at the pool's limit.
func (s *Searcher) ExplainDocument(ctx context.Context, q Query, uri string) (Loss, error) {
	q.Explain = true
	r := s.begin(q)
	if err := r.run(ctx); err != nil {
		return Loss{}, fmt.Errorf("explain %q: %w", q.Collection, err)
	}
	loss, err := r.lost(ctx, uri)
	if err != nil {
		return Loss{}, fmt.Errorf("explain %q: %w", q.Collection, err)
	}
	return loss, nil
}

const documentSQL = `
select d.document_id, d.version, d.state, d.reason, d.chunks, (FILTER)
  from document d where d.collection_id = @collection and d.uri = @uri and ALLOWED`

func (r *search) lost(ctx context.Context, uri string) (Loss, error) {
	access := r.query
	access.Filter = nil
	check := newScope(access, true)
	if check.all() {
		check.where = "true"
	}
	args := check.with(pgx.NamedArgs{"collection": r.collection.ID, "uri": uri})
	passes := "true"
	if r.query.Filter != nil {
		passes = filter.SQL(r.query.Filter, "d", args)
	}
	var document, version int64
	var state, reason string
	var chunks int
	var passed bool
	err := r.pool.QueryRow(ctx, strings.Replace(check.in(documentSQL), "FILTER", passes, 1), args).
		Scan(&document, &version, &state, &reason, &chunks, &passed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Loss{
			Stage: "unknown", Reason: "The collection has no document of this URI that the caller may read.",
			Remedy: "Put the document, check its URI, or ask as someone who may read it.",
		}, nil
	case err != nil:
		return Loss{}, fmt.Errorf("read document: %w", err)
	case version == 0:
		return Loss{
			Stage: "not ready", Reason: strings.TrimSpace("The document is " + state + ": no version of it can be read yet. " + reason),
			Remedy: "Wait until it is indexed, or put right why it failed.",
		}, nil
	case chunks == 0:
		return Loss{Stage: "empty", Reason: "The document has no text.", Remedy: "Put a version with text."}, nil
	case !passed:
		part, err := r.falsePart(ctx, document)
		return Loss{Stage: "filter", Reason: "The filter is false of the document" + part + ".", Remedy: "Leave the filter out, or change the document's metadata."}, err
	}
	loss, err := r.ranked(ctx, document)
	for _, why := range r.result.Degraded {
		loss.Reason += " " + why
	}
	return loss, err
}

// ranked tells what became of a document that can be found.
func (r *search) ranked(ctx context.Context, document int64) (Loss, error) {
	var best *Explained
	for i, e := range r.result.Explanation {
		if e.DocumentID != document {
			continue
		}
		if e.Fate == Returned || e.Fate == Merged {
			return Loss{Reason: fmt.Sprintf("The document is returned: a part of it is candidate %d.", e.Rank), Best: &r.result.Explanation[i]}, nil
		}
		if best == nil {
			best = &r.result.Explanation[i]
		}
	}
	if best == nil {
		return r.beyond(ctx, document)
	}
	loss := Loss{Stage: string(best.Fate), Best: best}
	switch best.Fate {
	case CutLimit:
		loss.Reason = fmt.Sprintf("Its best part is candidate %d with a score of %.3f; the search returns %d.", best.Rank, best.Score, r.query.Limit)
		loss.Remedy = fmt.Sprintf("A limit of %d.", best.Rank)
	case CutBudget:
		loss.Reason = fmt.Sprintf("Its best part is candidate %d, and did not fit into what %d tokens left.", best.Rank, r.query.MaxTokens)
		loss.Remedy = "A larger token budget."
	case Duplicate:
		loss.Reason = fmt.Sprintf("Its best part is candidate %d, and says what a better one says.", best.Rank)
		loss.Remedy = "Keep duplicates."
	case CutRerank:
		loss.Reason = fmt.Sprintf("Its best part was candidate %d until the reranker made it %d; the search returns %d.", best.FusedRank, best.Rank, r.query.Limit)
		loss.Remedy = fmt.Sprintf("No reranking, or a limit of %d.", best.Rank)
	case Undiverse:
		loss.Reason = fmt.Sprintf("Its best part is candidate %d, and too like the others for a diversity of %g.", best.Rank, r.query.Diversity)
		loss.Remedy = "Less diversity, or a larger limit."
	case Undemanded:
		return undemanded(best.Lacks, best), nil
	}
	return loss, nil
}

// The chunks of a document with their scores, and how many chunks in scope each
// leg has before them.
const documentChunksSQL = `select chunk_id from chunk where collection_id = @collection and document_id = @document order by ord limit 1000`

// beyond tells where a document stands that neither leg reached.
func (r *search) beyond(ctx context.Context, document int64) (Loss, error) {
	rows, err := r.pool.Query(ctx, documentChunksSQL, pgx.NamedArgs{"collection": r.collection.ID, "document": document})
	if err != nil {
		return Loss{}, err
	}
	chunks, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return Loss{}, err
	}
	candidates := make([]Candidate, len(chunks))
	for i, id := range chunks {
		candidates[i].ChunkID = id
	}
	if kept, err := r.sift(ctx, candidates); err != nil || len(kept) == 0 && len(candidates) > 0 {
		return undemanded(r.lacks[chunks[0]], nil), err
	}
	if r.aim == nil && len(r.terms.ids) == 0 {
		return Loss{Stage: "legs", Reason: "The query has nothing to look for.", Remedy: "A query with words."}, nil
	}
	if err := r.fill(ctx, r.collection, candidates, r.aim, r.terms.known); err != nil {
		return Loss{}, err
	}
	var dense, words Candidate
	for i, c := range candidates {
		if i == 0 || c.Dense.Score > dense.Dense.Score {
			dense = c
		}
		if c.Lexical.Score > words.Lexical.Score {
			words = c
		}
	}
	best := dense
	if r.aim == nil && words.ChunkID != 0 {
		best = words
	}
	return r.standing(ctx, best, dense, words)
}

// undemanded is the loss of a document that does not meet a demand of the query.
func undemanded(demand string, best *Explained) Loss {
	reason := "It has what the query excludes: " + demand
	if !strings.HasPrefix(demand, "-") {
		reason = "It lacks what the query requires: " + demand
	}
	return Loss{Stage: string(Undemanded), Reason: reason, Remedy: "A query without " + demand + ".", Best: best}
}

// standing counts the chunks before the document's best in each leg.
func (r *search) standing(ctx context.Context, best, dense, words Candidate) (Loss, error) {
	loss := Loss{Stage: "legs", Remedy: "A query that says more of what the document says."}
	described, err := r.describe(ctx, []int64{best.ChunkID})
	if err != nil || described[best.ChunkID] == nil {
		return loss, err
	}
	e := described[best.ChunkID]
	var places []string
	nearest := 0
	if r.aim != nil {
		if dense.Dense.Rank, err = r.count(ctx, r.denseAll(), dense.Dense.Score); err != nil {
			return Loss{}, err
		}
		nearest = dense.Dense.Rank
		places = append(places, fmt.Sprintf("%d by meaning (cosine %.3f)", dense.Dense.Rank, dense.Dense.Score))
	}
	switch {
	case len(r.terms.ids) > 0 && words.Lexical.Score > 0:
		if words.Lexical.Rank, err = r.count(ctx, r.wordsAll(), words.Lexical.Score); err != nil {
			return Loss{}, err
		}
		if nearest == 0 || words.Lexical.Rank < nearest {
			nearest = words.Lexical.Rank
		}
		places = append(places, fmt.Sprintf("%d by words (BM25 %.3f)", words.Lexical.Rank, words.Lexical.Score))
	case len(r.terms.ids) > 0:
		places = append(places, "in no place by words: it has none of the query's")
	}
	e.Dense, e.Lexical, e.Words = dense.Dense, words.Lexical, words.words()
	loss.Best = e
	loss.Reason = fmt.Sprintf("No leg returned a part of it. The best stands %s; each leg gives its best %d.", strings.Join(places, " and "), r.depth())
	if nearest > r.depth() && nearest <= maxLimit {
		loss.Remedy = fmt.Sprintf("A limit of %d makes the legs look as far. %s", nearest, loss.Remedy)
	}
	return loss, nil
}

// statement is SQL with its arguments.
type statement struct {
	sql  string
	args pgx.NamedArgs
}

func (r *search) denseAll() statement {
	sql := exactSQL
	switch {
	case r.scope.listed:
		sql = exactListedSQL
	case !r.scope.all():
		sql = r.scope.in(exactAllowedSQL)
	}
	return statement{sql, r.scope.with(pgx.NamedArgs{
		"collection": r.collection.ID, "space": r.collection.SpaceID,
		"vector": pgvector.NewHalfVector(r.aim),
	})}
}

func (r *search) wordsAll() statement {
	sql, args := bm25For(r.collection, r.scope, r.terms, math.MaxInt64)
	return statement{sql, args}
}

// count returns the place of a score: one more than the chunks before it.
func (r *search) count(ctx context.Context, all statement, score float64) (int, error) {
	all.args["depth"], all.args["score"] = nil, score
	var n int
	err := r.pool.QueryRow(ctx, "select 1 + count(*) from ("+all.sql+") x where x.score > @score::float8 + 1e-9", all.args).Scan(&n)
	return n, err
}
