package retrieve

import (
	"context"
	"fmt"
	"strings"
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
	for i, c := range best {
		if f := rows[c.ChunkID]; f != nil {
			best[i].Proximity = proximity(r.analyzer.Terms(f.indexed()), r.terms.idf, r.collection.Settings.K1)
		}
	}
	Fuse(candidates, r.query.Fusion, r.weight())
	return nil
}

// indexed is the beginning of the text that the chunk's terms were made of, but for
// what a chat model wrote about it.
func (f found) indexed() string {
	text := strings.Join(append(append([]string{f.Title}, f.HeadingPath...), f.Header, f.Text), " ")
	return text[:min(len(text), proximityBytes)]
}

// proximity scores how close the query's terms stand in a text, in units of BM25:
// two different ones with none of the others between give each the idf of the
// other by the square of their distance, and the sum saturates as a frequency does
// (Büttcher, Clarke and Lushman, SIGIR 2006, without the length of the text).
func proximity(terms []string, idf map[string]float64, k1 float64) float64 {
	near := map[string]float64{}
	last, at := "", 0
	for i, t := range terms {
		if idf[t] == 0 {
			continue
		}
		if last != "" && last != t {
			d := float64(i - at)
			near[t] += idf[last] / (d * d)
			near[last] += idf[t] / (d * d)
		}
		last, at = t, i
	}
	var score float64
	for t, x := range near {
		score += min(1, idf[t]) * x / (x + k1)
	}
	return score
}
