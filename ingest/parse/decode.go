package parse

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

var (
	bomUTF8    = []byte("\xef\xbb\xbf")
	bomUTF16LE = []byte("\xff\xfe")
	bomUTF16BE = []byte("\xfe\xff")
)

// decode returns the canonical text of a body in UTF-8 or UTF-16.
func decode(body []byte) (string, error) {
	if isUTF16(body) {
		text, err := decodeUTF16(body)
		if err != nil {
			return "", Permanent("not valid UTF-16: %v", err)
		}
		return canonical(text), nil
	}
	text := bytes.TrimPrefix(body, bomUTF8)
	if i := invalidAt(text); i >= 0 {
		return "", Permanent("not valid UTF-8 at byte %d", i+len(body)-len(text))
	}
	return canonical(string(text)), nil
}

// isUTF16 reports whether a body begins with UTF-16's byte order mark or, as
// databases export it, is that without one: text whose characters have a zero
// byte, most of them, and all of those on one side.
func isUTF16(body []byte) bool {
	if bytes.HasPrefix(body, bomUTF16LE) || bytes.HasPrefix(body, bomUTF16BE) {
		return true
	}
	low, high, pairs := zeros(body)
	if pairs < 4 || min(low, high) > 0 || 2*max(low, high) < pairs {
		return false
	}
	text, err := decodeUTF16(body[:2*pairs])
	return err == nil && !isBinary([]byte(text))
}

// zeros counts the zero bytes at even and at odd places of a body's beginning.
func zeros(body []byte) (even, odd, pairs int) {
	pairs = min(len(body), 4<<10) / 2
	for i := range pairs {
		if body[2*i] == 0 {
			even++
		}
		if body[2*i+1] == 0 {
			odd++
		}
	}
	return even, odd, pairs
}

func decodeUTF16(body []byte) (string, error) {
	order := unicode.BigEndian
	if even, odd, _ := zeros(body); odd > even {
		order = unicode.LittleEndian
	}
	b, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(body)
	return string(b), err
}

// invalidAt is the offset of the first byte that is not UTF-8, or -1.
func invalidAt(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")

// canonical makes every line end "\n" and drops NUL and a byte order mark.
func canonical(s string) string {
	s = strings.TrimPrefix(s, "\ufeff")
	if !strings.ContainsAny(s, "\r\x00") {
		return s
	}
	return lineEnds.Replace(s)
}
