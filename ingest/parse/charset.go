package parse

import (
	"strings"
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
	guess, guessErr := chardet.NewTextDetector().DetectBest(body[:min(len(body), 64<<10)])
	if guessErr != nil || guess.Confidence < 10 {
		return "", err
	}
	encoding, _ := charset.Lookup(guess.Charset)
	if encoding == nil {
		return "", err
	}
	decoded, decodeErr := encoding.NewDecoder().Bytes(body)
	if decodeErr != nil || strings.ContainsRune(string(decoded), utf8.RuneError) {
		return "", err
	}
	return canonical(string(decoded)), nil
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
