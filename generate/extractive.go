package generate

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// Extractive answers by quoting: it picks the sentences of the passages that
// answer best and writes nothing of its own. It implements Answerer.
type Extractive struct {
	model  embed.Model
	source Source
}

// NewExtractive returns an answerer that compares sentences with the question by
// model; a nil model leaves words to compare.
func NewExtractive(model embed.Model, src Source) *Extractive { return &Extractive{model, src} }

// Plan implements Answerer.
func (x *Extractive) Plan() Plan {
	return Plan{Model: extractiveName, Note: "Quotes from the documents, word for word; no language model wrote this.", Quotes: true}
}

const (
	extractiveName = "extractive"
	// readPassages are read for an answer, the best ones.
	readPassages = 5
	// embedBest sentences, by words, are embedded where each must be alone.
	embedBest = 16
	// maxQuotes in an answer.
	maxQuotes = 3
	// embedWithin is the time for embedding; later the words alone decide.
	embedWithin = 2 * time.Second
)

// Answer implements Answerer.
func (x *Extractive) Answer(ctx context.Context, r Request) iter.Seq2[Event, error] {
	return once(func(yield func(Event, error) bool) {
		start := time.Now()
		if _, ok := r.Form.(JSON); ok {
			yield(nil, fmt.Errorf("answer: %w", ErrNoForm))
			return
		}
		if !(r.Coverage >= r.MinCoverage) { // NaN covers nothing
			notCovered(yield, r.Passages, start)
			return
		}
		if _, ok := r.Form.(Summary); ok {
			x.summary(ctx, r, yield)
			return
		}
		passages := r.Passages[:min(len(r.Passages), readPassages)]
		read := read(passages, analyzerFor(r.Language), r.IDF)
		candidates, degraded, err := x.rank(ctx, r, read)
		if err != nil {
			yield(nil, fmt.Errorf("answer: %w", err))
			return
		}
		a := quoting{ctx: ctx, source: x.source, reading: read, question: r.Question, yield: yield, start: start, degraded: degraded}
		a.run(read.analyzer.Query(r.Question), candidates)
	})
}

// candidate is a unit that may be quoted.
type candidate struct {
	part
	passage int // from 0
	text    string
	score   float64
}

// rank returns the candidates, best first, by
//
//	likeness to the question + .15·overlap + .3·passage + .15·type
//
// where overlap is the part of the weight of the question's terms found in the
// sentence or its title, passage is ½·BM25/max + ½·cosine/max, and type says whether
// the sentence has what is asked for. Only those are returned that were compared by
// meaning. degraded says why meaning had no part in it; it is empty when it had.
func (x *Extractive) rank(ctx context.Context, r Request, read *reading) (ranked []candidate, degraded string, err error) {
	all := lexicalRank(r.Question, read)
	if len(all) == 0 {
		return nil, "", nil
	}
	if x.model == nil {
		return all, "chosen by words alone: there is no embedding model", nil
	}
	if len(r.Vector) == 0 { // what kept the search from one would keep this from many
		return all, "chosen by words alone: the search had no vector of the question", nil
	}
	within, cancel := context.WithTimeout(ctx, embedWithin)
	defer cancel()
	if m, ok := embed.WithTokens(x.model); ok {
		ranked, err = read.likeInPlace(within, m, r.Question, all)
	} else {
		ranked, err = read.likeAlone(within, x.model, r.Question, all[:min(len(all), embedBest)])
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		return all, "chosen by words alone: the embedding model did not answer", nil
	}
	sort.SliceStable(ranked, func(i, j int) bool { return ranked[i].score > ranked[j].score })
	return ranked, "", nil
}

// lexicalRank returns all units by the part of the score that needs no vector.
func lexicalRank(question string, read *reading) []candidate {
	terms := read.analyzer.Query(question)
	asked := readQuestion(question, terms)
	scores := passageScores(read.passages)
	var all []candidate
	for i, parts := range read.parts {
		p := read.passages[i]
		place := set(read.analyzer.Terms(placeOf(p)))
		for _, part := range parts {
			c := candidate{part: part, passage: i, text: p.Text[part.start:part.end]}
			header := set(read.analyzer.Terms(part.header))
			c.score = .15*read.coverage(terms, part.terms, place, header) + .3*scores[i] +
				.15*asked.fit(c.kind, c.text, read.analyzer.Terms)
			all = append(all, c)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].score > all[j].score })
	return all
}

// passageScores is ½·BM25/max + ½·cosine/max of each passage, 0 to 1.
func passageScores(passages []retrieve.Passage) []float64 {
	var maxLexical, maxDense float64
	for _, p := range passages {
		maxLexical, maxDense = max(maxLexical, finite(p.Lexical.Score)), max(maxDense, finite(p.Dense.Score))
	}
	scores := make([]float64, len(passages))
	for i, p := range passages {
		if maxLexical > 0 {
			scores[i] += .5 * finite(p.Lexical.Score) / maxLexical
		}
		if maxDense > 0 {
			scores[i] += .5 * finite(p.Dense.Score) / maxDense
		}
	}
	return scores
}

// finite is f where it is a number over 0, else 0.
func finite(f float64) float64 {
	if f > 0 && !math.IsInf(f, 0) {
		return f
	}
	return 0
}

// notCovered answers that the documents do not say.
func notCovered(yield func(Event, error) bool, passages []retrieve.Passage, start time.Time) {
	text := "The documents do not seem to answer this question."
	if len(passages) > 0 {
		if place := oneLine(visible(placeOf(passages[0]))); place != "" {
			text += " The closest passage is in “" + strings.ReplaceAll(place, ". ", " › ") + "”."
		}
	}
	notInDocuments(yield, text, "the question is not covered by the documents", start)
}

// notInDocuments is a whole stream that says so.
func notInDocuments(yield func(Event, error) bool, text, reason string, start time.Time) {
	took := time.Since(start)
	for _, e := range []Event{
		Delta{text},
		Usage{},
		Verdict{NotInDocuments, reason},
		done("stop", took, time.Since(start)),
	} {
		if !yield(e, nil) {
			return
		}
	}
}

// done ends an answer that no model wrote.
func done(reason string, first, total time.Duration) Done {
	return Done{
		FinishReason: reason, FirstToken: first, Total: total,
		Tries: []Try{{Model: extractiveName, Price: free, FirstToken: first, Duration: total}},
	}
}
