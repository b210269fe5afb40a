package parse

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/net/html/charset"
)

// decodeAny is decode for formats whose old files come in the charset of their
// country: what is not UTF-8 is decoded as what it looks like. A text that is
// UTF-8 but for a few bytes is damaged, and an error, rather than foreign.
func decodeAny(body []byte) (string, error) {
	text, err := decode(body)
	if err == nil || mostlyUTF8(body) {
		return text, err
	}
	guesses, guessErr := chardet.NewTextDetector().DetectAll(body[:min(len(body), 64<<10)])
	if guessErr != nil {
		return "", err
	}
	slices.SortFunc(guesses, func(a, b chardet.Result) int { // equal ones come in any order
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Charset, b.Charset))
	})
	for _, guess := range guesses {
		if decoded, ok := decodeAs(guess.Charset, body); ok && guess.Confidence >= 10 {
			return canonical(decoded), nil
		}
	}
	return "", err
}

// decodeAs decodes a body if it is well-formed in a charset, and without the
// control characters that bytes of another charset turn into.
func decodeAs(name string, body []byte) (string, bool) {
	encoding, _ := charset.Lookup(name)
	if encoding == nil {
		return "", false
	}
	decoded, err := encoding.NewDecoder().Bytes(body)
	if err != nil || bytes.ContainsFunc(decoded, func(r rune) bool { return r == utf8.RuneError || r >= 0x7f && r <= 0x9f }) {
		return "", false
	}
	return string(decoded), true
}

// mostlyUTF8 reports whether sequences of several bytes are more often right
// than wrong; in another charset they are hardly ever right.
func mostlyUTF8(b []byte) bool {
	right, wrong := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			wrong++
		case n > 1:
			right++
		}
		b = b[n:]
	}
	return right > wrong
}
