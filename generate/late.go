package generate

import "github.com/quarry-rag/quarry/retrieve/embed"

// lateWeight of lateInteraction beside the cosine of whole texts.
const lateWeight = .75

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
		best := 0.0
		for _, t := range text.Each {
			best = max(best, cosine(q, t))
		}
		sum += best
	}
	return sum / float64(len(question.Each))
}
