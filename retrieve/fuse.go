package retrieve

import (
	"cmp"
	"slices"
)

// presence is what having a term counts beside how often it is there, in parts of
// its idf: BM25+ (Lv and Zhai, CIKM 2011) with its δ of 1 is 1/(k1 + 1), which is
// about this. Beside vectors, that a text has all of a query's words says more
// than that it repeats some.
const presence = 0.5

// rrfK is the constant of reciprocal rank fusion, as published.
const rrfK = 60

// Candidate is a chunk that at least one leg returned. A leg that did not return
// it has Rank 0, and the Score that was filled in.
type Candidate struct {
	ChunkID        int64
	Dense, Lexical LegScore
	Score          float64 // set by Fuse; after reranking 1/rank
	Rerank         float64 // the reranker's; 0 when there was none
	Held           float64 // idf sum of the query's terms that it has, however often
	Proximity      float64 // of the query's terms in it; 0 beyond the first proximityDepth
}

// Fuse scores candidates by both legs and sorts them in place, best first; equal
// scores by cosine, then chunk id. Weighted gives w·max(cos, 0)/max cos + (1−w)·bm25+/max bm25+
// with w = denseWeight, bm25+ = bm25 + presence·Held + Proximity and the maxima
// over the candidates, so that it lies within 0 to 1. A leg without a positive
// score takes no part; alone, the words' is bm25.
func Fuse(candidates []Candidate, f Fusion, denseWeight float64) {
	if f == RRF {
		for i, c := range candidates {
			candidates[i].Score = reciprocal(c.Dense.Rank) + reciprocal(c.Lexical.Rank)
		}
	} else {
		weigh(candidates, denseWeight)
	}
	sortFused(candidates)
}

func sortFused(candidates []Candidate) {
	slices.SortFunc(candidates, func(a, b Candidate) int {
		if a.Score != b.Score {
			return cmp.Compare(b.Score, a.Score)
		}
		return cmp.Or(cmp.Compare(b.Dense.Score, a.Dense.Score), cmp.Compare(a.ChunkID, b.ChunkID))
	})
}

func weigh(candidates []Candidate, w float64) {
	var dense, lexical float64
	for _, c := range candidates {
		dense = max(dense, c.Dense.Score)
	}
	words := Candidate.words
	if dense == 0 {
		words = func(c Candidate) float64 { return c.Lexical.Score }
	}
	for _, c := range candidates {
		lexical = max(lexical, words(c))
	}
	switch {
	case dense == 0:
		w, dense = 0, 1
	case lexical == 0:
		w = 1
	}
	lexical = max(lexical, minScore)
	for i, c := range candidates {
		candidates[i].Score = w*max(c.Dense.Score, 0)/dense + (1-w)*words(c)/lexical
	}
}

// words is what the query's words say for a chunk beside its vector.
func (c Candidate) words() float64 { return c.Lexical.Score + presence*c.Held + c.Proximity }

// minScore keeps a division by the best score defined when all are 0.
const minScore = 1e-12

func reciprocal(rank int) float64 {
	if rank == 0 {
		return 0
	}
	return 1 / float64(rrfK+rank)
}

// union lists every chunk that a leg returned, with the ranks and scores it has.
func union(dense, lexical []hit) []Candidate {
	at := make(map[int64]int, len(dense)+len(lexical))
	out := make([]Candidate, 0, len(dense)+len(lexical))
	for i, h := range dense {
		at[h.ChunkID] = i
		out = append(out, Candidate{ChunkID: h.ChunkID, Dense: LegScore{h.Score, i + 1}})
	}
	for i, h := range lexical {
		j, ok := at[h.ChunkID]
		if !ok {
			j = len(out)
			out = append(out, Candidate{ChunkID: h.ChunkID})
		}
		out[j].Lexical, out[j].Held = LegScore{h.Score, i + 1}, h.Held
	}
	return out
}
