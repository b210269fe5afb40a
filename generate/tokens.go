package generate

import (
	"strings"
	"sync"
	"unicode"

	"github.com/tiktoken-go/tokenizer/codec"
)

// counter counts the tokens of a text.
type counter func(text string) int

// estimateTokens is a high estimate for a model whose tokenizer is not known. It
// was fitted to what OpenAI's two tokenizers and Gemma's make of prose, code,
// tables of numbers, base64 and a dozen scripts: over the largest of the three
// everywhere, by a tenth to a third for English and code, and by more for scripts
// that one of them splits into bytes. Digits count one each, since some models
// read them one by one.
func estimateTokens(s string) int {
	var e estimate
	for _, r := range s {
		e.add(r)
	}
	e.endWord()
	return int(e.tokens + float64(e.blanks) + 1 - 1e-9)
}

// estimate is the sum so far, and the word and the white space that are not ended.
type estimate struct {
	tokens                    float64
	letters, capitals, blanks int // capitals but for the first letter
}

func (e *estimate) add(r rune) {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	if !letter {
		e.endWord()
	}
	if strings.ContainsRune(" \t\r\n", r) {
		e.blanks++
		return
	}
	// One blank belongs to the word that follows, but not to a digit.
	if e.blanks > 1 || e.blanks == 1 && r >= '0' && r <= '9' {
		e.tokens += 1 + float64(e.blanks-1)/4
	}
	e.blanks = 0
	if letter {
		if e.letters > 0 && r <= 'Z' {
			e.capitals++
		}
		e.letters++
		return
	}
	e.tokens += runeTokens(r)
}

// endWord adds a run of letters: capitals inside of it are names and encodings,
// which come in small pieces.
func (e *estimate) endWord() {
	if e.letters > 0 {
		e.tokens += max(1, .5+float64(e.letters)/5) + .85*float64(e.capitals)
	}
	e.letters, e.capitals = 0, 0
}

// runeTokens is for what is no Latin letter without a mark, and no blank.
func runeTokens(r rune) float64 {
	switch {
	case r >= '0' && r <= '9':
		return 1
	case r < 0x80:
		return .8
	case r < 0x530: // Latin with marks, Greek, Cyrillic
		return .75
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
		return 1.3
	case r < 0x3000: // at most a token a byte
		return 2.7
	}
	return 3
}

// Tokenizers by name, each made when it is first needed: that takes 0.1 s and some
// memory.
var tokenizers = map[string]counter{
	"o200k_base":  counting(codec.NewO200kBase),
	"cl100k_base": counting(codec.NewCl100kBase),
}

func counting(load func() *codec.Codec) counter {
	loaded := sync.OnceValue(load)
	return func(text string) int {
		n, err := loaded().Count(text)
		if err != nil {
			return estimateTokens(text)
		}
		return n
	}
}

// tokenizerOf names the tokenizer of a model of OpenAI's; empty when it is not known.
func tokenizerOf(model string) string {
	for _, known := range []struct{ prefix, name string }{
		{"gpt-4o", "o200k_base"},
		{"gpt-4.1", "o200k_base"},
		{"gpt-5", "o200k_base"},
		{"o1", "o200k_base"},
		{"o3", "o200k_base"},
		{"o4-", "o200k_base"},
		{"gpt-4-", "cl100k_base"},
		{"gpt-3.5-", "cl100k_base"},
	} {
		if strings.HasPrefix(model, known.prefix) {
			return known.name
		}
	}
	return ""
}
