package embed

import "unicode/utf8"

// estimateTokens is a high guess at what a text costs in the subword tokenizers
// in use (byte-pair, WordPiece, unigram), whose real count needs the model's own
// vocabulary. In thirds of a token: an ASCII letter or white space 1, any other
// ASCII character 3, others 2 a byte. English prose comes out 1.3 to 1.7 times
// too high, CJK up to 2 times. Runs of random letters (base64) can exceed it. The
// tighter estimate of prompts, fitted to tokenizers of chat models, is no substitute:
// WordPiece makes a third more of Cyrillic.
func estimateTokens(text string) int {
	thirds := 0
	for i := range len(text) {
		thirds += byteThirds(text[i])
	}
	return (thirds + 2) / 3
}

func byteThirds(b byte) int {
	switch {
	case b|0x20 >= 'a' && b|0x20 <= 'z', b == ' ', b == '\n', b == '\t', b == '\r':
		return 1
	case b < utf8.RuneSelf:
		return 3
	}
	return 2
}

// cutTokens returns the longest beginning of text that is estimated at most at
// max tokens and does not split a character, and its estimate.
func cutTokens(text string, max int) (string, int) {
	thirds := 0
	for i := range len(text) {
		t := byteThirds(text[i])
		if thirds+t > 3*max {
			for i > 0 && !utf8.RuneStart(text[i]) {
				i--
			}
			return text[:i], estimateTokens(text[:i])
		}
		thirds += t
	}
	return text, (thirds + 2) / 3
}
