// Package retrieve finds the passages of a collection that best answer a query:
// a dense leg (vectors) and a lexical leg (BM25) run at once in Postgres, their
// scores are fused, and the best chunks are returned as passages, joined with
// their neighbours when asked. It reads what ingest writes.
package retrieve

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/retrieve/embed"
	"github.com/quarry-rag/quarry/retrieve/filter"
)

// Errors that callers branch on.
var (
	ErrUnknownCollection = errors.New("unknown collection")
	// ErrModelMismatch: the collection's vectors were made by another embedding
	// model than the one at hand.
	ErrModelMismatch = errors.New("embedding model mismatch")
	// ErrGone: the version of the document that a passage came from is no longer stored.
	ErrGone = errors.New("document version is gone")
)

// Query is what to find and how. The zero value of each option is its default.
type Query struct {
	Collection string
	// Text is prose or keywords. "Quoted phrases" and +words are required of a
	// passage, -words are excluded, as lexical.Analyzer.Parse says.
	Text string
	// Limit is the most passages returned, 1 to 1000. 0 means 10.
	Limit int
	// Legs to run. 0 means both.
	Legs Legs
	// DenseWeight, 0 to 1, overrides the collection's fusion weight when not nil.
	DenseWeight *float64
	Fusion      Fusion
	// Filter restricts the search to documents that it is true of. nil: all.
	Filter filter.Expr
	// Principals are who asks. A document that names principals is found only by
	// one of them; the others are found by everyone, also without principals.
	Principals []string
	// Unrestricted finds every document, whoever asks: for callers that may read
	// all there is.
	Unrestricted bool
	// DensePlan overrides the choice of plan, "exact" or "hnsw", for measuring.
	// "" chooses. hnsw without an index is exact all the same.
	DensePlan string
	// Dedupe leaves out passages that say what a better one says.
	Dedupe bool
	// Diversity, 0 to 1, is how much passages unlike the chosen ones are preferred
	// to better ones (the λ of maximal marginal relevance). 0 is not at all.
	Diversity float64
	// Paraphrases, 0 to 5, is how many other ways to put the query are searched too;
	// HyDE looks, by meaning, also for what an answer might read like. The
	// Rewriter writes both; without one the query stands alone.
	Paraphrases int
	HyDE        bool
	// NoRerank keeps the fused order where there is a reranker.
	NoRerank bool
	// Explain fills Result.Explanation.
	Explain bool
	// Expand is how passages grow by the text around them.
	Expand Expansion
	// MaxTokens bounds all passages together; a passage that does not fit is
	// left out, and the next that does is taken. The best is cut instead, and is
	// then alone. 0 means no bound.
	MaxTokens int
}

// Legs is a set of legs.
type Legs uint8

const (
	Dense Legs = 1 << iota
	Lexical
)

// Fusion names a way to combine the legs.
type Fusion uint8

const (
	// Weighted is the weighted sum of scores, each leg's divided by its maximum.
	Weighted Fusion = iota
	// RRF is reciprocal rank fusion, k = 60 (Cormack, Clarke and Büttcher, SIGIR 2009).
	RRF
)

// Expansion names how passages grow, within the token budget.
type Expansion uint8

const (
	// Alone: a passage is the chunk that was found.
	Alone Expansion = iota
	// Neighbours joins the chunks before and after.
	Neighbours
	// Section joins the chunks of its section, or of one further up that several
	// chunks were found in; where that has no room, the neighbours.
	Section
)

// Passage is text found: a chunk, or neighbouring chunks joined; then
// HeadingPath, Page and the scores are those of the best of them.
type Passage struct {
	CollectionID int64
	DocumentID   int64
	Version      int64
	URI          string
	// Commit holds the text, where it comes from a git repository; else "".
	Commit      string
	Title       string
	HeadingPath []string
	// Page is 1-based; 0 when the format has none.
	Page int
	// Start and End bound Text in the document's canonical text, in bytes:
	// canonical[Start:End] == Text.
	Start, End int
	Text       string
	// Header is the header row of the table that Text begins inside of, to be
	// shown with it and never quoted: it stands elsewhere. "" in other places.
	Header string
	// Tokens of Text by the embedding model's tokenizer.
	Tokens int
	// Score is fused, and comparable only within one Result.
	Score float64
	// Dense is the cosine to the query, Lexical the BM25 score. Rank is 0
	// where the leg did not return the chunk and its score was filled in.
	Dense, Lexical LegScore
	// Rerank is the reranker's score; 0 when there was none. Score is 1/rank then.
	Rerank float64
}

// LegScore is one leg's view of a passage.
type LegScore struct {
	Score float64
	Rank  int // from 1
}

// Result is what Search found.
type Result struct {
	// Passages, best first.
	Passages []Passage
	// Degraded says, a sentence each, which leg is missing and why.
	Degraded []string
	// Notes say, a sentence each, what was searched other than as asked.
	Notes []string
	// DensePlan is "exact" or "hnsw"; empty when the leg did not run.
	DensePlan string
	// Coverage is an absolute score, 0 to 1, of how well the collection covers
	// the query: the best chunk's ½·cosine + ½·idf sum of the query's terms that it
	// has / idf sum of all of them.
	Coverage float64
	// MinCoverage is the collection's threshold of Coverage for "not in the documents".
	MinCoverage float64
	// Vector is the query's embedding; nil when the dense leg did not run.
	Vector []float32
	// Explanation has every candidate that the caller may read, best first, when
	// the query asks for it.
	Explanation []Explained
	Stages      []Stage
}

// Stage is the time that one step took. Legs run at once, and the text is embedded
// while the collection is read, so stages overlap; a step taken in parts, as hydrate
// is for proximity and again for the passages, has one each.
type Stage struct {
	// "collection", "filter", "rewrite", "paraphrases", "embed", "dense", "lexical", "sift", "fill" (scores that only one
	// leg gave), "fuse", "proximity", "rerank", "hydrate", "expand", "explain", "total"
	Name string
	Time time.Duration
}

// Options tunes a Searcher. The zero value is the default.
type Options struct {
	// EmbedBudget bounds the query's embedding. 0 means 5 s. A model that is down,
	// as embed.Breaker says, is not waited for until it answers again.
	EmbedBudget time.Duration
	// DenseBudget and LexicalBudget bound the SQL of a leg. 0 means 2 s.
	DenseBudget, LexicalBudget time.Duration
	// Reranker orders the best candidates once more. nil: there is none.
	Reranker Reranker
	// RerankBudget bounds it; when it is late the fused order stands. 0 means 2 s.
	RerankBudget time.Duration
	// Rewriter puts queries in other words. nil: there is none.
	Rewriter Rewriter
	// RewriteBudget bounds it; when it is late the query stands alone. 0 means 5 s.
	RewriteBudget time.Duration
	// Log gets the cause when a leg fails or is late. nil means nowhere.
	Log *slog.Logger
}

// Searcher finds passages. Safe for concurrent use.
type Searcher struct {
	pool  *pgxpool.Pool
	model embed.Model
	// queries embeds them by the same model.
	queries embedder
	recall  *indexRecall
	// languages of collections, as searches last saw them.
	languages *languages
	o         Options
	// Set by tests to try, on few rows, what many rows would lead to.
	exactRows, postings, listed, whole int64
}

// New returns a searcher over what ingest wrote with the same model, behind a
// breaker of its own unless the model is one. The pool
// must come from pgconn.Open, which sets what the SQL here relies on; every
// statement is fit for its FixedPlans.
func New(pool *pgxpool.Pool, model embed.Model, o Options) *Searcher {
	o.EmbedBudget = cmp.Or(o.EmbedBudget, 5*time.Second)
	o.DenseBudget = cmp.Or(o.DenseBudget, 2*time.Second)
	o.LexicalBudget = cmp.Or(o.LexicalBudget, 2*time.Second)
	o.RewriteBudget = cmp.Or(o.RewriteBudget, defaultRewriteBudget)
	o.RerankBudget = cmp.Or(o.RerankBudget, defaultRerankBudget)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return &Searcher{pool: pool, model: model, queries: embedder{model: embed.NewBreaker(model), budget: o.EmbedBudget}, recall: &indexRecall{}, languages: &languages{}, o: o, exactRows: exactRows, postings: maxPostings, listed: listedChunks, whole: wholeChunks}
}
