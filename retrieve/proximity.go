package retrieve

import (
	"context"
	"fmt"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// proximityDepth is how many of the fused candidates are read. Further down
	// nothing comes to the front by proximity alone.
	proximityDepth = 20
	// proximityBytes is how far each is read: many times a chunk of the usual size.
	proximityBytes = 8 << 10
)

// addProximity sets Candidate.Proximity of the best candidates, which are sorted, and
// fuses once more. Postings have no positions, so it takes the texts, most of
// which are returned afterwards.
func (r *search) addProximity(ctx context.Context, candidates []Candidate) error {
	if r.query.Fusion != Weighted || len(r.terms.ids) < 2 || len(r.near) == 0 || len(r.words.hits) == 0 {
		return nil
	}
	best := candidates[:min(len(candidates), proximityDepth)]
	rows, err := r.chunks(ctx, best)
	if err != nil {
		return fmt.Errorf("read chunks: %w", err)
	}
	defer r.stage("proximity")()
	terms, idf := r.terms.weighed()
	finder := r.analyzer.Finder(terms)
	for i, c := range best {
		if f := rows[c.ChunkID]; f != nil {
			best[i].Proximity = proximity(finder.Places(f.indexed()...), idf, r.collection.Settings.K1)
		}
	}
	Fuse(candidates, r.query.Fusion, r.weight())
	return nil
}

// indexed is the beginning of the texts that the chunk's terms were made of, but for
// what a chat model wrote about it.
func (f found) indexed() []string {
	texts := append(append([]string{f.Title}, f.HeadingPath...), f.Header, f.Text)
	left := proximityBytes
	for i, text := range texts {
		texts[i] = text[:min(len(text), left)]
		left -= len(texts[i])
	}
	return texts
}

// proximity scores how close a query's terms stand in a text, in units of BM25, by
// where they are and their idf: two different ones with none of the others between
// give each the idf of the other by the square of their distance, and the sum
// saturates as a frequency does (Büttcher, Clarke and Lushman, SIGIR 2006, without
// the length of the text).
func proximity(places []lexical.Place, idf []float64, k1 float64) float64 {
	near := make([]float64, len(idf))
	for i := 1; i < len(places); i++ {
		last, p := places[i-1], places[i]
		if last.Term == p.Term {
			continue
		}
		d := float64(p.At - last.At)
		near[p.Term] += idf[last.Term] / (d * d)
		near[last.Term] += idf[p.Term] / (d * d)
	}
	var score float64
	for t, x := range near {
		if x > 0 {
			score += min(1, idf[t]) * x / (x + k1)
		}
	}
	return score
}
