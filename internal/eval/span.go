package eval

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// foundShare is the share of a quote that one passage must hold for the quote
// to count as found: the cut of a chunk may lose an edge of it, not more.
const foundShare = 0.9

// Quote is a stretch of a document that answers a query. Where End > Start it is
// the bytes [Start, End) of the document's canonical text, and Text is only for
// people; otherwise it is wherever Text is, whatever the white space.
type Quote struct {
	Start, End int
	Text       string
}

// Overlap counts, in characters, what passages and quotes share. It is the
// token-wise count of Smith and Troynikov (Evaluating Chunking Strategies for
// Retrieval, Chroma 2024) which their code, too, does in characters.
type Overlap struct {
	// Quoted is the length of all quotes, Shared the part of them that some
	// passage holds, Returned the length of all passages, with what they repeat.
	Quoted, Shared, Returned int
}

// Recall is the share of the quotes that the passages hold.
func (o Overlap) Recall() float64 { return ratio(float64(o.Shared), float64(o.Quoted)) }

// Precision is the share of the passages that is quotes.
func (o Overlap) Precision() float64 { return ratio(float64(o.Shared), float64(o.Returned)) }

// IoU is the shared part over all that is in either; passages that repeat text
// or come from another document make it smaller.
func (o Overlap) IoU() float64 {
	return ratio(float64(o.Shared), float64(o.Quoted+o.Returned-o.Shared))
}

// quoteCover follows how much of one quote the passages have covered so far.
type quoteCover struct {
	quote   Quote
	text    string // normalised; empty when the quote has offsets
	covered []bool // by byte of text, or of [Start, End)
	found   bool
}

func newQuoteCover(q Quote) *quoteCover {
	c := &quoteCover{quote: q}
	if q.End > q.Start {
		c.covered = make([]bool, q.End-q.Start)
		return c
	}
	c.text = normalise(q.Text)
	c.covered = make([]bool, len(c.text))
	return c
}

// add covers what p holds of the quote and tells whether p is the first passage
// that holds enough of it to count as found.
func (c *quoteCover) add(p Passage, normalised string) bool {
	from, to := max(p.Start, c.quote.Start)-c.quote.Start, min(p.End, c.quote.End)-c.quote.Start
	if c.text != "" {
		from, to = sharedPart(c.text, normalised)
	}
	for i := from; i < to; i++ {
		c.covered[i] = true
	}
	first := !c.found && float64(to-from) >= foundShare*float64(len(c.covered)) && to > from
	c.found = c.found || first
	return first
}

func (c *quoteCover) shared() (n int) {
	for _, b := range c.covered {
		if b {
			n++
		}
	}
	return n
}

// sharedPart returns the part [from, to) of quote that passage holds: all of it,
// its end at the passage's start, its start at the passage's end, or, where the
// quote holds the passage, all of that. Both must be normalised.
func sharedPart(quote, passage string) (from, to int) {
	if passage == "" || strings.Contains(passage, quote) {
		return 0, min(len(passage), len(quote))
	}
	if i := strings.Index(quote, passage); i >= 0 {
		return i, i + len(passage)
	}
	head, tail := border(quote, passage), border(passage, quote)
	if head >= tail {
		return 0, head
	}
	return len(quote) - tail, len(quote)
}

// border returns the length of the longest start of a that is an end of b, by
// the failure function of Knuth, Morris and Pratt.
func border(a, b string) int {
	fail := make([]int, len(a)+1)
	for i, k := 1, 0; i < len(a); i++ {
		for k > 0 && a[i] != a[k] {
			k = fail[k]
		}
		if a[i] == a[k] {
			k++
		}
		fail[i+1] = k
	}
	k := 0
	for i := range len(b) {
		for k > 0 && (k == len(a) || b[i] != a[k]) {
			k = fail[k]
		}
		if k < len(a) && b[i] == a[k] {
			k++
		}
	}
	return k
}

// normalise makes every run of white space one space and drops it at both ends.
func normalise(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == utf8.RuneError
	}), " ")
}
