package retrieve

import (
	"context"
	"strings"
	"sync"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// open reads the collection and makes sure that it can be searched. Where the last
// search of it went well, its language is known: the query's terms are read with it,
// and its text is embedded meanwhile. Should the language be another now, both are
// done anew.
func (r *search) open(ctx context.Context) (err error) {
	defer r.stage("collection")()
	last, next := r.languages.last(r.query.Collection), ""
	defer func() { r.languages.note(r.query.Collection, last, next) }()
	var terms []int64
	if last != "" {
		r.parse(last)
		r.embedAhead(ctx)
		if r.runs(Lexical) {
			terms = newLookup(r.analyzer, r.syntax).ids
		}
	}
	if r.collection, r.df, err = r.readCollection(ctx, r.query.Collection, terms); err != nil {
		return err
	}
	r.result.MinCoverage = r.collection.Settings.MinCoverage
	language := r.collection.Settings.Language
	if last != language {
		r.parse(language)
		r.df, r.ahead = nil, nil
	}
	mismatch := r.checkModel(r.collection)
	if mismatch == nil && r.analyzer != nil && r.collection.Chunks > 0 {
		next = language
	}
	if r.runs(Dense) {
		return mismatch
	}
	return nil
}

func (r *search) parse(language string) {
	r.syntax = lexical.Syntax{Text: r.query.Text}
	if r.analyzer, r.wordsErr = lexical.For(language); r.wordsErr == nil {
		r.syntax = r.analyzer.Parse(r.query.Text)
	}
}

// find runs the legs, both at once. A query with nothing to look for, a
// collection without chunks, and a filter that nothing passes, find nothing.
func (r *search) find(ctx context.Context) error {
	if strings.TrimSpace(r.syntax.Text) == "" || r.collection.Chunks == 0 || r.scope.empty() {
		return nil
	}
	var wg sync.WaitGroup
	if r.runs(Dense) {
		wg.Go(func() { r.denseErr = r.denseLeg(ctx) })
	}
	if r.runs(Lexical) {
		r.wordsErr = r.lexicalLeg(ctx)
	}
	wg.Wait()
	return r.degrade(ctx)
}

func (r *search) runs(leg Legs) bool { return r.query.Legs&leg != 0 }

// words is the lexical leg's result.
type words struct {
	hits []hit
	rest rest
	// idfSum is the sum of the idf of the query's terms, also of those unknown to the
	// collection; 0 when nothing was found.
	idfSum float64
}

func (r *search) denseLeg(ctx context.Context) error {
	if r.aim == nil {
		if err := r.embed(ctx); err != nil {
			return err
		}
	}
	defer r.stage("dense")()
	ctx, cancel := context.WithTimeout(ctx, r.o.DenseBudget)
	defer cancel()
	depth := r.depth()
	if r.plan(r.collection, r.scope, r.query.DensePlan) == planExact {
		depth = r.reach()
	}
	hits, plan, err := r.nearest(ctx, r.collection, r.scope, r.aim, depth, r.query.DensePlan)
	if err != nil {
		r.aim, r.result.Vector = nil, nil
		return late(ctx, "Vector search", r.o.DenseBudget, err)
	}
	r.near, r.nearRest = r.cut(hits, plan == planExact)
	r.result.DensePlan = plan
	if plan == planHNSW && r.query.DensePlan == "" {
		r.sample(ctx, hits)
	}
	return nil
}

func (r *search) lexicalLeg(ctx context.Context) error {
	defer r.stage("lexical")()
	ctx, cancel := context.WithTimeout(ctx, r.o.LexicalBudget)
	defer cancel()
	if r.analyzer == nil {
		return &legError{"Word search failed", r.wordsErr}
	}
	r.words = words{}
	hits, err := r.byWords(ctx)
	if err != nil {
		return late(ctx, "Word search", r.o.LexicalBudget, err)
	}
	_, frequent := r.terms.split(r.postings)
	r.words.hits, r.words.rest = r.cut(hits, r.scope.listed || len(frequent) == 0)
	if len(r.words.hits) > 0 {
		for _, x := range r.terms.idf {
			r.words.idfSum += x
		}
	}
	return nil
}

// byWords weighs the query's terms and looks for them, and for others that are
// spelled nearly like those which the collection lacks or, in scope, nothing has.
func (r *search) byWords(ctx context.Context) (hits []hit, err error) {
	r.terms = newLookup(r.analyzer, r.syntax)
	if r.df == nil {
		if r.df, err = r.readFrequencies(ctx, r.collection, r.terms.ids); err != nil {
			return nil, err
		}
	}
	unknown, more := r.terms.unknown(r.df), false
	all := r.scope.all() && len(r.terms.excluded) == 0 // then a term that is there is found
	if all {
		if _, err = r.respell(ctx, unknown); err != nil {
			return nil, err
		}
	}
	r.terms.weigh(r.collection, r.df)
	if hits, err = r.bm25(ctx, r.collection, r.scope, r.terms, r.reach()); err != nil || all {
		return hits, err
	}
	if len(hits) == 0 {
		unknown = r.terms.ids
	}
	if more, err = r.respell(ctx, unknown); err != nil || !more {
		return hits, err
	}
	r.terms.weigh(r.collection, r.df)
	return r.bm25(ctx, r.collection, r.scope, r.terms, r.reach())
}

func (r *search) depth() int {
	if len(r.syntax.Demands) > 0 {
		return max(siftDepth, r.query.Limit)
	}
	return max(legDepth, r.query.Limit)
}

// complete gives every candidate the score of each leg that ran.
func (r *search) complete(ctx context.Context, candidates []Candidate) error {
	defer r.stage("fill")()
	var terms []known
	if len(r.words.hits) > 0 { // else no chunk has any
		terms = r.terms.known
	}
	vector, terms := r.give(candidates, r.aim, terms)
	return r.fill(ctx, r.collection, candidates, vector, terms)
}
