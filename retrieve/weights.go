package retrieve

import (
	"context"
	"fmt"

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

// Weights returns how rare the terms of text, analysed as a query, are in the
// collection. An unknown collection gives ErrUnknownCollection. It takes at most
// Options.LexicalBudget. Safe for concurrent use.
func (s *Searcher) Weights(ctx context.Context, name, text string) (Weights, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.LexicalBudget)
	defer cancel()
	c, _, err := s.readCollection(ctx, name, nil)
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
	l := lookup{names: map[int64]string{}}
	for _, t := range terms {
		l.add(t, 1)
	}
	of, err := s.readFrequencies(ctx, c, l.ids)
	if err != nil {
		return Weights{}, fmt.Errorf("weights in %q: %w", name, err)
	}
	l.weigh(c, of)
	w.IDF = l.idf
	return w, nil
}
