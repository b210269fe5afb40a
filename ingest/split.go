package ingest

import (
	"strings"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// SplitOptions says how large chunks are.
type SplitOptions struct {
	// MaxTokens of a chunk's Text alone; 0 is 220. Context adds up to 64, of which
	// a model that reads 256 sees all when it is put first.
	MaxTokens int
	// Count counts tokens as the embedding model does. It is called for every
	// sentence, line and chunk; the sum over parts of a text that are divided by
	// white space should come to no less than the count of the whole.
	Count func(string) int
}

// Split cuts a document into chunks, in order and not overlapping, that hold
// every block of it. Each Text is exactly p.Text[Start:End], whole runes, and at
// most MaxTokens, unless one rune alone has more.
//
// Chunks follow the structure: a section begins a chunk, save that small ones
// are put together; a heading goes with what follows it, unless half the budget
// or more in dropped text stands between; long sections are cut
// between blocks where that leaves chunks reasonably full, else between
// sentences, list items, table rows or lines of code, and inside one of these
// only where it alone exceeds the budget, or what a heading right above leaves.
//
// HeadingPath is that of the chunk's own section; of several put together, what
// their paths begin with. It is pure: equal arguments give equal chunks. Time is
// linear in p.Text.
func Split(p parse.Parsed, title string, o SplitOptions) []Chunk {
	if o.MaxTokens <= 0 {
		o.MaxTokens = 220
	}
	s := splitter{
		text: p.Text, blocks: p.Blocks, title: cutName(title),
		max: o.MaxTokens, maxBytes: 32 * o.MaxTokens, count: o.Count,
		section: &section{},
	}
	for i, b := range p.Blocks {
		if strings.TrimSpace(p.Text[b.Start:b.End]) == "" {
			continue
		}
		if b.Kind == parse.Heading {
			s.heading(i)
		}
		s.block(i)
	}
	s.drain()
	s.flush()
	return s.chunks
}

// splitter makes chunks in three steps: blocks into atoms, which are not cut
// again; the atoms of a section into segments near the budget; segments into
// chunks.
type splitter struct {
	text   string
	blocks []parse.Block
	title  string
	count  func(string) int
	// max tokens and maxBytes of a chunk. White space and unknown words count
	// for little, so that tokens alone would not bound a chunk.
	max, maxBytes int

	longWord int // bytes of the last part of a word that was cut, or 0

	section *section
	atoms   []atom    // of the section, not yet in a segment
	tokens  int       // of atoms
	group   []segment // the open chunk
	lead    int       // tokens of group
	chunks  []Chunk
}

// section is a run of headings, none for what comes before the first, and what
// follows until the next.
type section struct {
	path []heading
	// first and last level of the section's own headings; 0 without any.
	first, last int
	begun       bool // it has a segment
}

type heading struct {
	level, block int
	name         string
}

// heading begins a section, or goes on with one that is all headings so far.
func (s *splitter) heading(i int) {
	b := s.blocks[i]
	level := max(1, b.Level)
	next := &section{first: level, last: level}
	if i > 0 && s.blocks[i-1].Kind == parse.Heading {
		next.first, next.begun = min(s.section.first, level), s.section.begun
	} else {
		s.drain()
	}
	path := s.section.path
	for len(path) > 0 && path[len(path)-1].level >= level {
		path = path[:len(path)-1]
	}
	next.path = append(path[:len(path):len(path)], heading{level, i, cutName(b.Heading(s.text))})
	s.section = next
}

// segment is a run of atoms of one section that fits the budget.
type segment struct {
	atomRange
	tokens  int
	section *section
	begins  bool // its section
	whole   bool // it is all of its section
}

// atomRange is a range of bytes and of the blocks they are in, the last included.
type atomRange struct{ start, end, firstBlock, lastBlock int }

// drain puts the atoms that are left into segments.
func (s *splitter) drain() {
	for len(s.atoms) > 0 {
		s.emit(true)
	}
}

// emit makes a segment of the first atoms; last says that no more will come.
func (s *splitter) emit(last bool) {
	n := s.bestCut(len(s.atoms), last)
	tokens := s.count(s.text[s.atoms[0].start:s.atoms[n-1].end])
	for tokens > s.max && n > 1 { // parts counted less than their whole
		n = s.bestCut(n-1, false)
		tokens = s.count(s.text[s.atoms[0].start:s.atoms[n-1].end])
	}
	first, end := s.atoms[0], s.atoms[n-1]
	s.add(segment{
		atomRange: atomRange{first.start, end.end, first.block, end.block},
		tokens:    tokens, section: s.section,
		begins: !s.section.begun, whole: !s.section.begun && last && n == len(s.atoms),
	})
	s.section.begun = true
	for _, a := range s.atoms[:n] {
		s.tokens -= a.gap + a.tokens
	}
	s.atoms = s.atoms[:copy(s.atoms, s.atoms[n:])]
}

// bestCut returns how many of the first atoms, at most limit, to put in a segment:
// of the cuts that fit, the one with the best sum of how good a place it is and
// how near it comes to the aim. The aim is a full segment, or half of what is
// left when two will do. All that is left is taken at once if it fits.
func (s *splitter) bestCut(limit int, last bool) int {
	aim := s.max
	if last && s.tokens <= 2*s.max {
		aim = s.tokens / 2
	}
	best, bestScore, size := 1, -1e9, 0
	for n := 1; n <= limit; n++ {
		if size += s.atoms[n-1].tokens; n > 1 {
			size += s.atoms[n-1].gap
		}
		if n > 1 && (size > s.max || s.atoms[n-1].end-s.atoms[0].start > s.maxBytes) {
			break
		}
		if n == len(s.atoms) {
			if last {
				return n
			}
			break
		}
		if score := s.atoms[n].cut - distance(size-aim)/float64(s.max); score >= bestScore {
			best, bestScore = n, score
		}
	}
	return best
}

func distance(n int) float64 { return float64(max(n, -n)) }

// add appends a segment to the open group, or begins the next with it.
func (s *splitter) add(p segment) {
	if !s.joins(p) {
		s.flush()
	}
	s.lead += p.tokens
	if n := len(s.group); n > 0 {
		s.lead += s.countGap(s.group[n-1].end, p.start)
	}
	s.group = append(s.group, p)
}

// joins reports whether a segment belongs in one chunk with the open group: below
// a lead of a sentence or so when it fits, and beside other small sections when
// together they take half a chunk.
func (s *splitter) joins(p segment) bool {
	if len(s.group) == 0 || !p.begins {
		return false
	}
	first, last := s.group[0], s.group[len(s.group)-1]
	total := s.lead + s.countGap(last.end, p.start) + p.tokens
	if total > s.max || p.end-first.start > s.maxBytes {
		return false
	}
	if p.section.first > last.section.last && s.lead <= s.max/8 && last.whole {
		return true
	}
	return first.whole && p.whole && p.section.first >= first.section.first &&
		total <= s.max/2 && p.tokens <= s.max/4
}

// flush makes a chunk of the open group, or one of each segment if they turn out
// to count more together than each alone.
func (s *splitter) flush() {
	if len(s.group) == 0 {
		return
	}
	first, last := s.group[0], s.group[len(s.group)-1]
	whole := first
	whole.end, whole.lastBlock = last.end, last.lastBlock
	if len(s.group) > 1 {
		whole.tokens = s.count(s.text[whole.start:whole.end])
	}
	if whole.tokens <= s.max || len(s.group) == 1 {
		s.chunk(whole, groupPath(s.group))
	} else {
		for _, p := range s.group {
			s.chunk(p, p.section.path)
		}
	}
	s.group, s.lead = s.group[:0], 0
}

// groupPath is the last path when each section is below the one before, and
// else what all paths begin with.
func groupPath(group []segment) []heading {
	path, descends := group[0].section.path, true
	for i, p := range group[1:] {
		descends = descends && p.section.first > group[i].section.last
		n := 0
		for n < min(len(path), len(p.section.path)) && path[n].block == p.section.path[n].block {
			n++
		}
		path = path[:n]
	}
	if descends {
		return group[len(group)-1].section.path
	}
	return path
}

func (s *splitter) chunk(p segment, path []heading) {
	names := make([]string, len(path))
	for i, h := range path {
		names[i] = h.name
	}
	s.chunks = append(s.chunks, Chunk{
		Ord: len(s.chunks), Start: p.start, End: p.end, Page: s.blocks[p.firstBlock].Page,
		HeadingPath: names, Text: s.text[p.start:p.end],
		Context: s.context(p.atomRange, path), Tokens: p.tokens,
		Header: oneLine(s.blocks[p.firstBlock].Header, maxHeaderBytes),
	})
}
