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

// decode returns the canonical text of a body in UTF-8 or, with a byte order
// mark, UTF-16.
func decode(body []byte) (string, error) {
	if hasUTF16BOM(body) {
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

func hasUTF16BOM(body []byte) bool {
	return bytes.HasPrefix(body, bomUTF16LE) || bytes.HasPrefix(body, bomUTF16BE)
}

func decodeUTF16(body []byte) (string, error) {
	b, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(body)
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
