package generate

import "github.com/quarry-rag/quarry/retrieve/embed"

// likeness of a question to a text: lateInteraction or, where tokens have no
// vectors, half the cosine, which says that much less.
func likeness(question, text embed.Tokens) float64 {
	if len(question.Each) == 0 {
		return embed.Cosine(question.Whole, text.Whole) / 2
	}
	return lateInteraction(question, text)
}

// lateInteraction is the mean, over the question's tokens, of the best cosine to
// a token of the text: the late interaction of Khattab and Zaharia (ColBERT, SIGIR
// 2020), without training for it. It sees a word's counterpart where the vector
// of a whole sentence has blurred it. 0 where tokens have no vectors.
func lateInteraction(question, text embed.Tokens) float64 {
	if len(question.Each) == 0 {
		return 0
	}
	var sum float64
	for _, q := range question.Each {
		var best float32
		for _, t := range text.Each {
			if d := dot(q, t); d > best { // never with NaN
				best = d
			}
		}
		sum += float64(best)
	}
	return sum / float64(len(question.Each))
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
