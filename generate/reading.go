package generate

import (
	"math"
	"strings"

	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// reading is a question's passages cut into units, with the weight of their
// terms. Not safe for concurrent use.
type reading struct {
	passages []retrieve.Passage
	analyzer *lexical.Analyzer
	parts    [][]part
	idf      map[string]float64 // of the collection; nil when not known
	df       map[string]int     // units that hold a term
	count    int                // of units
}

// part is a unit with its terms.
type part struct {
	unit
	terms map[string]bool
}

// read cuts passages. idf is the collection's, where it is known.
func read(passages []retrieve.Passage, analyzer *lexical.Analyzer, idf map[string]float64) *reading {
	r := &reading{passages: passages, analyzer: analyzer, idf: idf, df: make(map[string]int)}
	for _, p := range passages {
		var parts []part
		for _, u := range units(p.Text, p.Header) {
			terms := set(analyzer.Terms(p.Text[u.start:u.end]))
			parts = append(parts, part{u, terms})
			r.count++
			for t := range terms {
				r.df[t]++
			}
		}
		r.parts = append(r.parts, parts)
	}
	return r
}

// weight of a term: the collection's idf, or the one over the units at hand.
func (r *reading) weight(term string) float64 {
	if w, ok := r.idf[term]; ok && w > 0 && !math.IsInf(w, 0) {
		return w
	}
	df := float64(r.df[term])
	return math.Log(1 + (float64(r.count)-df+.5)/(df+.5))
}

// coverage is the part, 0 to 1, of the weight of terms that have holds.
func (r *reading) coverage(terms []string, have ...map[string]bool) float64 {
	var all, found float64
	for _, t := range terms {
		w := r.weight(t)
		all += w
		for _, h := range have {
			if h[t] {
				found += w
				break
			}
		}
	}
	if all == 0 {
		return 0
	}
	return found / all
}

// placeOf is the title and headings that place a passage.
func placeOf(p retrieve.Passage) string {
	at := make([]string, 0, 1+len(p.HeadingPath))
	for _, s := range append([]string{p.Title}, p.HeadingPath...) {
		if s = strings.TrimSpace(s); s != "" && (len(at) == 0 || at[len(at)-1] != s) {
			at = append(at, s)
		}
	}
	return strings.Join(at, ". ")
}

func set(terms []string) map[string]bool {
	s := make(map[string]bool, len(terms))
	for _, t := range terms {
		s[t] = true
	}
	return s
}

// analyzerFor is the analyzer of a language; of English when it is not known.
func analyzerFor(language string) *lexical.Analyzer {
	if a, err := lexical.For(language); err == nil {
		return a
	}
	a, err := lexical.For("en")
	if err != nil {
		panic(err) // built in
	}
	return a
}
