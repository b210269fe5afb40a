package retrieve

import (
	"strings"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// sameShare is the overlap of terms from which two passages say the same.
	sameShare = 0.9
	// diversityPool is how many times the limit passages are chosen from.
	diversityPool = 4
)

// dedupe finds passages that say what a better one says.
type dedupe struct {
	analyzer *lexical.Analyzer
	off      bool
	seen     []found
	texts    map[string]bool
}

// repeats tells whether f's text is a better one's but for white space and case,
// or has nearly the same terms; passages that differ in a number never do. It
// gives f its terms, and notes it as seen when not.
func (d *dedupe) repeats(f *found) bool {
	if d.off || d.analyzer == nil {
		return false
	}
	f.terms = map[string]bool{}
	for _, t := range d.analyzer.Terms(f.Text) {
		f.terms[t] = true
	}
	text := strings.Join(strings.Fields(strings.ToLower(f.Text)), " ")
	if d.texts[text] {
		return true
	}
	for _, s := range d.seen {
		if similarity(s.terms, f.terms) >= sameShare && !differInNumbers(s.terms, f.terms) {
			return true
		}
	}
	if d.texts == nil {
		d.texts = map[string]bool{}
	}
	d.texts[text] = true
	d.seen = append(d.seen, *f)
	return false
}

// similarity is the part of all terms that both have (Jaccard), 0 to 1.
func similarity(a, b map[string]bool) float64 {
	both := 0
	for t := range a {
		if b[t] {
			both++
		}
	}
	if all := len(a) + len(b) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}

func differInNumbers(a, b map[string]bool) bool {
	return hasOwnNumber(a, b) || hasOwnNumber(b, a)
}

func hasOwnNumber(a, b map[string]bool) bool {
	for t := range a {
		if !b[t] && strings.ContainsAny(t, "0123456789") {
			return true
		}
	}
	return false
}

// diversify chooses limit of the hits, best first, by maximal marginal relevance
// (Carbonell and Goldstein, SIGIR 1998): each next one has the highest
// (1−λ)·score/best score − λ·similarity to the nearest chosen one. λ 0 keeps the
// order. The chosen stay in order of score.
func diversify(hits []found, limit int, lambda float64) []found {
	if lambda == 0 || len(hits) <= limit {
		return hits[:min(limit, len(hits))]
	}
	best := max(hits[0].Score, minScore)
	near := make([]float64, len(hits))
	chosen := make([]bool, len(hits))
	for range limit {
		next, top := -1, 0.0
		for i, h := range hits {
			value := (1-lambda)*h.Score/best - lambda*near[i]
			if !chosen[i] && (next < 0 || value > top) {
				next, top = i, value
			}
		}
		chosen[next] = true
		for i, h := range hits {
			near[i] = max(near[i], similarity(h.terms, hits[next].terms))
		}
	}
	var out []found
	for i, h := range hits {
		if chosen[i] {
			out = append(out, h)
		}
	}
	return out
}
