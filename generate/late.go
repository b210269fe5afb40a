package generate

import (
	"context"
	"fmt"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// likeAlone adds half the cosine of each candidate, alone below what places it, to
// its score: for models whose tokens have no vectors. It says that much less than
// late interaction does.
func (r *reading) likeAlone(ctx context.Context, m embed.Model, question string, all []candidate) ([]candidate, error) {
	texts := []string{question}
	for _, c := range all {
		place := placeOf(r.passages[c.passage])
		if place != "" {
			place += ". "
		}
		if c.header != "" {
			place += oneLine(c.header) + ". "
		}
		texts = append(texts, place+c.text)
	}
	vectors, err := m.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(texts) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(vectors), len(texts))
	}
	for i := range all {
		all[i].score += embed.Cosine(vectors[0], vectors[i+1]) / 2
	}
	return all, nil
}

// lateInteraction is the mean, over the question's tokens, of the best cosine to
// a token of the text: the late interaction of Khattab and Zaharia (ColBERT, SIGIR
// 2020), without training for it. It sees a word's counterpart where the vector
// of a whole sentence has blurred it. The text is given in parts. 0 where tokens
// have no vectors.
func lateInteraction(question [][]float32, text ...[][]float32) float64 {
	if len(question) == 0 {
		return 0
	}
	var sum float64
	for _, q := range question {
		var best float32
		for _, part := range text {
			for _, t := range part {
				if d := dot(q, t); d > best { // never with NaN
					best = d
				}
			}
		}
		sum += float64(best)
	}
	return sum / float64(len(question))
}

// dot product of two vectors; 0 when their dimensions differ. Four sums at once
// keep the processor busy: thousands are needed for an answer.
func dot(a, b []float32) float32 {
	if len(a) != len(b) {
		return 0
	}
	var s0, s1, s2, s3 float32
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
