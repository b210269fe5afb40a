package ingest

import (
	"strings"
	"unicode/utf8"
)

// Limits of a chunk's context, in tokens.
const (
	contextTokens = 64
	// namesTokens is the part of title and headings when a table's header follows.
	namesTokens = 32
)

// maxHeaderBytes bounds what is stored of a table's header for each chunk.
const maxHeaderBytes = 1 << 10

// cutName puts a title or heading on one line of at most 256 bytes.
func cutName(s string) string {
	const limit = 256
	s = strings.Join(strings.Fields(s[:min(len(s), 4*limit)]), " ")
	n := min(len(s), limit)
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.ToValidUTF8(s[:n], "")
}

// context is what places a chunk: a line of the title and the headings above,
// except those in its text, and one of the header of the table that it begins in.
func (s *splitter) context(r atomRange, path []heading) string {
	var names []string
	if s.title != "" && (len(path) == 0 || !strings.EqualFold(s.title, path[0].name)) {
		names = append(names, s.title)
	}
	for _, h := range path {
		if h.name != "" && (h.block < r.firstBlock || h.block > r.lastBlock) {
			names = append(names, h.name)
		}
	}
	header := s.blocks[r.firstBlock].Header
	if header == "" {
		return s.joinNames(names, contextTokens)
	}
	line := s.joinNames(names, namesTokens)
	left := contextTokens - s.count(line)
	return strings.TrimSpace(line + "\n" + s.cutTokens(oneLine(header, 16*left), left))
}

// joinNames joins names to one line of at most limit tokens. The first and the
// last matter most.
func (s *splitter) joinNames(names []string, limit int) string {
	line := strings.Join(names, " > ")
	for len(names) > 2 && s.count(line) > limit {
		names = append(names[:1:1], names[2:]...)
		line = strings.Join(names, " > ")
	}
	return s.cutTokens(line, limit)
}

// oneLine collapses the white space of the first bytes of s.
func oneLine(s string, bytes int) string {
	return strings.ToValidUTF8(strings.Join(strings.Fields(s[:min(len(s), bytes)]), " "), "")
}

// cutTokens cuts a line after as many words as have limit tokens.
func (s *splitter) cutTokens(line string, limit int) string {
	if s.count(line) <= limit {
		return line
	}
	end, tokens := 0, 0
	for end < len(line) {
		_, to, n, split := s.word(line, end, len(line), limit)
		if tokens += n; tokens > limit || split && end > 0 {
			break
		}
		end = to
		if split {
			break
		}
	}
	return strings.TrimRight(line[:end], " >")
}
