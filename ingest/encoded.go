package ingest

import "strings"

// encodedKept is how many of a document's chunks of encoded data are indexed.
// One such chunk costs the model as much as one of prose, and a file of a
// megabyte has thousands: nobody will ever search for what they say. All of it
// stays in the document's text.
const encodedKept = 32

// encodedWord is the shortest word, in bytes, that is taken for encoded data:
// lines of base64 have 64 or 76, keys and digests in hexadecimal 40 and more.
const encodedWord = 40

// withoutEncoded returns the chunks, numbered anew, without those of encoded data
// after the first encodedKept.
func withoutEncoded(chunks []Chunk) []Chunk {
	encoded := 0
	kept := chunks[:0]
	for _, c := range chunks {
		if isEncoded(c.Text) {
			if encoded++; encoded > encodedKept {
				continue
			}
		}
		c.Ord = len(kept)
		kept = append(kept, c)
	}
	return kept
}

// isEncoded reports whether a text is words of encoded data and, where a line of
// it was cut, at most one short word besides. A digest beside the name of its
// file, a link and a path are none.
func isEncoded(text string) bool {
	encoded, others := 0, 0
	for w := range strings.FieldsSeq(text) {
		if len(w) >= encodedWord && isEncodedWord(w) {
			encoded++
		} else if others++; others > 1 || len(w) >= encodedWord {
			return false
		}
	}
	return encoded > 0
}

// isEncodedWord reports whether a word is hexadecimal, or of base64's letters
// with capitals, small letters and digits among them.
func isEncodedWord(w string) bool {
	hex, upper, lower, digit := true, false, false, false
	for i := range len(w) {
		c := w[i]
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= c && c <= 'z':
			lower, hex = true, hex && c <= 'f'
		case 'A' <= c && c <= 'Z':
			upper, hex = true, hex && c <= 'F'
		case strings.IndexByte("+/=-_", c) >= 0:
			hex = false
		default:
			return false
		}
	}
	return digit && (hex || upper && lower)
}
