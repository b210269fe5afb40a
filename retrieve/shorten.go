package retrieve

import (
	"sort"
	"strings"
)

// shorten cuts a chunk to its beginning, at most maxTokens long, that ends with
// a line or sentence, or at worst with a word. Text stays what the document has
// from Start to End. It is not ok when not even a word fits.
func shorten(h found, maxTokens int, tokens func(string) int) (found, bool) {
	for _, ends := range []func(string) []int{sentenceEnds, wordEnds} {
		at := ends(h.Text)
		// More text has no fewer tokens, so the cut can be searched for.
		n := sort.Search(len(at), func(i int) bool { return tokens(h.Text[:at[i]]) > maxTokens })
		if n > 0 {
			h.Text = h.Text[:at[n-1]]
			h.End, h.Tokens = h.Start+len(h.Text), tokens(h.Text)
			return h, true
		}
	}
	return found{}, false
}

// sentenceEnds are the ends of lines and sentences, without the white space
// after them, ascending.
func sentenceEnds(text string) []int {
	var out []int
	for i := 1; i < len(text); i++ {
		after := text[i] == '\n' || text[i] == ' ' && strings.IndexByte(".!?:;", text[i-1]) >= 0 && !numbered(text[:i])
		if after && !isSpace(text[i-1]) {
			out = append(out, i)
		}
	}
	return out
}

// numbered tells whether text ends with the number of a list's item, as in "1.".
func numbered(text string) bool {
	last := text[strings.LastIndexByte(text, '\n')+1:]
	return strings.Trim(last, " \t0123456789.") == ""
}

func wordEnds(text string) []int {
	var out []int
	for i := 1; i < len(text); i++ {
		if isSpace(text[i]) && !isSpace(text[i-1]) {
			out = append(out, i)
		}
	}
	return out
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
