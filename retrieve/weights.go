package retrieve

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// Weights is what a collection knows of a text's words, and which model made its
// vectors.
type Weights struct {
	Model, Fingerprint string
	// Language of the collection, ISO 639-1.
	Language string
	// IDF of each term of the text, those that the collection lacks too; BM25's.
	// nil when the collection is empty or the text has no terms.
	IDF map[string]float64
}

const weightsSQL = termsSQL + `
select term_id, df, idf from asked`

// Weights returns how rare the terms of text, analysed as a query, are in the
// collection. An unknown collection gives ErrUnknownCollection. It takes at most
// Options.LexicalBudget. Safe for concurrent use.
func (s *Searcher) Weights(ctx context.Context, name, text string) (Weights, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.LexicalBudget)
	defer cancel()
	c, err := s.readCollection(ctx, name)
	if err != nil {
		return Weights{}, fmt.Errorf("weights in %q: %w", name, err)
	}
	w := Weights{Model: c.Model, Fingerprint: c.Fingerprint, Language: c.Settings.Language}
	analyzer, err := lexical.For(w.Language)
	if err != nil {
		return Weights{}, fmt.Errorf("weights in %q: %w", name, err)
	}
	terms := analyzer.Query(text)
	terms = terms[:min(len(terms), maxTerms)]
	if len(terms) == 0 || c.Chunks == 0 {
		return w, nil
	}
	if w.IDF, err = s.weights(ctx, c, terms); err != nil {
		return Weights{}, fmt.Errorf("weights in %q: %w", name, err)
	}
	return w, nil
}

func (s *Searcher) weights(ctx context.Context, c collection, terms []string) (map[string]float64, error) {
	names := make(map[int64]string, len(terms))
	keys := make([]int64, len(terms))
	for i, t := range terms {
		keys[i] = lexical.TermID(t)
		names[keys[i]] = t
	}
	rows, err := s.pool.Query(ctx, weightsSQL, bm25Args(c, keys))
	if err != nil {
		return nil, err
	}
	idf, _, err := readWeights(rows, names)
	return idf, err
}

// readWeights reads the idf of each term, and which ones no chunk has.
func readWeights(rows pgx.Rows, names map[int64]string) (idf map[string]float64, unknown []int64, err error) {
	idf = make(map[string]float64, len(names))
	var id, df int64
	var weight float64
	_, err = pgx.ForEachRow(rows, []any{&id, &df, &weight}, func() error {
		idf[names[id]] = weight
		if df == 0 {
			unknown = append(unknown, id)
		}
		return nil
	})
	return idf, unknown, err
}
