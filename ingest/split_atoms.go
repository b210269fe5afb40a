package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quarry-rag/quarry/ingest/parse"
	"github.com/quarry-rag/quarry/internal/sentence"
)

// atom is the smallest run of text that stays in one chunk: a sentence, table
// row or line of code, or a part of one that is too long.
type atom struct {
	start, end  int
	tokens, gap int // of its text, and of that between it and the atom before
	block       int
	cut         float64 // how good it is to cut before it
}

// How good it is to cut at a place, in the measure of how full a chunk is: a
// place that is 0.4 better is chosen though it leaves a chunk 0.4 emptier.
const (
	cutAfterHeading    = -3.0
	cutInHeading       = -2.0
	cutBetweenHeadings = -1.0
	cutInWord          = -0.2
	cutInSentence      = 0.0
	cutAfterHeader     = 0.1 // of a table
	cutLine            = 0.2 // of code
	cutTopLine         = 0.4 // of code, at its margin
	cutAfterBlank      = 0.5 // in code
	cutAfterIntro      = 0.5 // "…:" before a list, table or code
	cutSentence        = 0.6 // or at the margin after a blank line, in code
	cutItem            = 0.7 // or row
	cutBlock           = 1.0
)

// block puts a block's atoms behind those of the open section.
func (s *splitter) block(i int) {
	b := s.blocks[i]
	cut, limit := s.cutBefore(i), s.limit(i)
	switch b.Kind {
	case parse.Code:
		s.code(i, cut, limit)
	case parse.TableRow:
		s.atom(i, b.Start, b.End, cut, limit)
	case parse.Heading:
		s.atom(i, b.Start, b.End, cut, s.max/4)
	default:
		for from, to := range sentence.All(s.text[b.Start:b.End]) {
			s.atom(i, b.Start+from, b.Start+to, cut, min(limit, s.max/2))
			cut, limit = cutSentence, s.max
		}
	}
}

// limit is how many tokens the first row, line or sentence of a block may have
// and still be kept whole: all, or what a heading before it leaves.
func (s *splitter) limit(i int) int {
	if i == 0 || s.blocks[i-1].Kind != parse.Heading {
		return s.max
	}
	gap := s.countGap(s.blocks[i-1].End, s.blocks[i].Start)
	return max(s.max/4, s.max-s.max/4-gap)
}

// cutBefore says how good it is to cut between a block and the one before.
func (s *splitter) cutBefore(i int) float64 {
	if i == 0 {
		return cutBlock
	}
	before, kind := s.blocks[i-1], s.blocks[i].Kind
	switch {
	case before.Kind == parse.Heading && kind == parse.Heading:
		return cutBetweenHeadings
	case before.Kind == parse.Heading:
		return cutAfterHeading
	case before.Kind == parse.TableRow && kind == parse.TableRow:
		if before.Header == "" && s.blocks[i].Header != "" {
			return cutAfterHeader
		}
		return cutItem
	case before.Kind == parse.ListItem && kind == parse.ListItem:
		return cutItem
	case kind != parse.Paragraph && strings.HasSuffix(s.text[before.Start:before.End], ":"):
		return cutAfterIntro
	case kind == parse.Code && before.Kind == parse.Paragraph:
		return cutItem
	}
	return cutBlock
}

// code makes an atom of each line that is not blank.
func (s *splitter) code(i int, cut float64, limit int) {
	b := s.blocks[i]
	blank := false
	for at := b.Start; at < b.End; {
		end := b.End
		if n := strings.IndexByte(s.text[at:b.End], '\n'); n >= 0 {
			end = at + n + 1
		}
		line := s.text[at:end]
		switch trimmed := strings.TrimRightFunc(line, unicode.IsSpace); {
		case trimmed == "":
			blank = true
		case at == b.Start:
			s.atom(i, at, at+len(trimmed), cut, limit)
		default:
			s.atom(i, at, at+len(trimmed), cutCode(line[0], blank), s.max)
			blank = false
		}
		at = end
	}
}

// cutCode says how good it is to cut before a line of code that begins with c.
func cutCode(c byte, blank bool) float64 {
	top := strings.IndexByte(" \t})]", c) < 0
	switch {
	case top && blank:
		return cutSentence
	case blank:
		return cutAfterBlank
	case top:
		return cutTopLine
	}
	return cutLine
}

// atom adds text[start:end], of block i, in one or, if it has more than limit
// tokens, in parts of a quarter of the budget.
func (s *splitter) atom(i, start, end int, cut float64, limit int) {
	maxBytes := s.maxBytes / 2
	if s.blocks[i].Kind == parse.Heading {
		maxBytes = s.maxBytes / 4
	}
	if end-start <= maxBytes {
		if n := s.count(s.text[start:end]); n <= limit {
			s.push(atom{start: start, end: end, tokens: n, block: i, cut: cut})
			return
		}
	}
	inside := cutInSentence
	if s.blocks[i].Kind == parse.Heading {
		inside = cutInHeading
	}
	limit = max(1, s.max/4)
	part := atom{start: start, end: start, block: i, cut: cut}
	for at := start; at < end; {
		from, to, tokens, split := s.word(s.text, at, end, limit)
		if from == to {
			break
		}
		fits := part.tokens+tokens <= limit && to-part.start <= s.maxBytes/4
		if part.end > part.start && (!fits || split) {
			s.push(part)
			part.cut = inside
			if from == at {
				part.cut = min(inside, cutInWord)
			}
			part.tokens, part.start = 0, from
		}
		if part.end <= part.start {
			part.start = from
		}
		part.end, part.tokens = to, part.tokens+tokens
		at = to
	}
	s.push(part)
}

// word returns the next word of text[at:end], or as much of its beginning as
// has at most limit tokens; split says that it is only that. No more than 16
// bytes a token are taken for one word, and counting begins with twice what the
// last part of a long one came to, so that a run without white space costs no
// more than a few counts of each byte.
func (s *splitter) word(text string, at, end, limit int) (from, to, tokens int, split bool) {
	from = end - len(strings.TrimLeftFunc(text[at:end], unicode.IsSpace))
	size := 16 * limit
	if s.longWord > 0 {
		size = min(size, 2*s.longWord)
	}
	for {
		to, split = wordEnd(text, from, end, size)
		tokens = s.count(text[from:to])
		if !split || tokens > limit || size >= 16*limit {
			break
		}
		size *= 2
	}
	for tokens > limit {
		half := runeBefore(text, from, from+(to-from)/2)
		if half == to {
			break
		}
		to, split = half, true
		tokens = s.count(text[from:to])
	}
	s.longWord = 0
	if split {
		s.longWord = to - from
	}
	return from, to, tokens, split
}

// wordEnd is where the word that begins at from ends, or, when it is longer than
// size bytes, a rune near there.
func wordEnd(text string, from, end, size int) (to int, longer bool) {
	reach := min(end, from+size)
	if n := strings.IndexFunc(text[from:reach], unicode.IsSpace); n >= 0 {
		return from + n, false
	}
	if reach == end {
		return end, false
	}
	return runeBefore(text, from, reach), true
}

// runeBefore is the last start of a rune at or before i, but past the first
// rune after floor.
func runeBefore(text string, floor, i int) int {
	for i > floor && i < len(text) && !utf8.RuneStart(text[i]) {
		i--
	}
	if i == floor && i < len(text) {
		_, n := utf8.DecodeRuneInString(text[i:])
		i += n
	}
	return i
}

// push adds an atom to the section and makes segments once there are enough
// for more than two.
func (s *splitter) push(a atom) {
	if a.start == a.end {
		return
	}
	if n := len(s.atoms); n > 0 {
		a.gap = s.countGap(s.atoms[n-1].end, a.start)
		if a.gap > s.max/2 || a.start-s.atoms[n-1].end > s.maxBytes/4 {
			s.drain()
			a.gap = 0
		}
	}
	s.atoms = append(s.atoms, a)
	s.tokens += a.gap + a.tokens
	for s.tokens > 2*s.max || len(s.atoms) > 0 && a.end-s.atoms[0].start > 2*s.maxBytes {
		s.emit(false)
	}
}

// countGap counts the tokens between two atoms: those of markup.
func (s *splitter) countGap(from, to int) int {
	if strings.TrimFunc(s.text[from:to], unicode.IsSpace) == "" {
		return 0
	}
	return s.count(s.text[from:to])
}
