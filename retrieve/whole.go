package retrieve

// wholeChunks is the size under which a leg gives the score of every chunk that it
// has one for: reading some hundreds of short rows more takes less than asking for
// the scores of those that only the other leg returned.
const wholeChunks = 1000

// rest are the scores of chunks beyond a leg's depth, by id, where it gave all of
// them; one that is not there has none. nil where it did not.
type rest map[int64]hit

// reach is how many hits each leg is asked for. What a query demands concerns the
// words' leg alone, so that its scores are not those of every chunk then.
func (r *search) reach() int {
	if r.query.Legs == Dense|Lexical && r.collection.Chunks < r.whole && len(r.syntax.Demands) == 0 {
		return max(int(r.whole), r.depth())
	}
	return r.depth()
}

// cut keeps a leg's hits to its depth, and the rest of them where they are all: also
// where a leg that reads all that it has a score for had no more, as for a rare word
// or under a strict filter.
func (r *search) cut(hits []hit, all bool) ([]hit, rest) {
	kept := hits[:min(len(hits), r.depth())]
	if !all || r.query.Legs != Dense|Lexical || len(r.syntax.Demands) > 0 || len(hits) >= r.reach() {
		return kept, nil
	}
	others := make(rest, len(hits)-len(kept))
	for _, h := range hits[len(kept):] {
		others[h.ChunkID] = h
	}
	return kept, others
}

// give sets the scores that the legs gave beside those of their hits, and returns
// what is left to ask for: by the vector, by the terms.
func (r *search) give(candidates []Candidate, vector []float32, terms []known) ([]float32, []known) {
	for i := range candidates {
		c := &candidates[i]
		if c.Dense.Rank == 0 && r.nearRest != nil {
			c.Dense.Score = r.nearRest[c.ChunkID].Score
		}
		if c.Lexical.Rank == 0 && r.words.rest != nil {
			h := r.words.rest[c.ChunkID]
			c.Lexical.Score, c.Held = h.Score, h.Held
		}
	}
	if r.nearRest != nil {
		vector = nil
	}
	if r.words.rest != nil {
		terms = nil
	}
	return vector, terms
}
