package embed

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// The real counts are those of all-MiniLM-L6-v2's and of cl100k_base's
// tokenizers, whichever is higher.
func TestEstimateIsHigh(t *testing.T) {
	for text, real := range map[string]int{
		"The quick brown fox jumps over the lazy dog.": 10,
		"func (r *Reader) Read(p []byte) (int, error)": 18,
		"123456789012345":  15,
		"日本語の文章です。":        9,
		"Übergrößenträger": 10,
		"Он пришёл домой поздно вечером и сразу лёг спать, потому что очень устал.": 61,
		"":                          0,
		strings.Repeat("word ", 99): 99,
	} {
		if got := estimateTokens(text); got < real || got > 3*real {
			t.Errorf("estimate of %q is %d, real %d", text, got, real)
		}
	}
}

func FuzzCutTokens(f *testing.F) {
	f.Add("some words, and 日本語", 5)
	f.Add("\xff\xfe\x80", 1)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit &= 0xff
		cut, n := cutTokens(text, limit)
		if !strings.HasPrefix(text, cut) || n > limit || n != estimateTokens(cut) {
			t.Fatalf("cutTokens(%q, %d) = %q, %d", text, limit, cut, n)
		}
		if utf8.ValidString(text) && !utf8.ValidString(cut) {
			t.Fatalf("%q is cut within a character: %q", text, cut)
		}
		if estimateTokens(text) <= limit && cut != text {
			t.Fatalf("%q fits %d tokens and was cut to %q", text, limit, cut)
		}
	})
}
