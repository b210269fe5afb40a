package lexical

// maxCache bounds the words that one scanner remembers.
const maxCache = 1 << 14

// scanner walks a text once and appends its terms. It is reused for its cache,
// which holds most words of any text.
type scanner struct {
	language *language
	cache    map[string]entry
	buf      []byte
	words    []span // of the run at hand
	terms    []string
	asks     []bool // beside terms: a question word

	finder *Finder // nil: all terms are wanted, and no places
	places []Place
	at     int // terms so far
}

// span is the bytes [start, end) of the text.
type span struct{ start, end int }

func (a *Analyzer) scanner() *scanner {
	s, ok := a.scanners.Get().(*scanner)
	if !ok {
		s = &scanner{language: &a.language, cache: make(map[string]entry)}
	}
	s.asks = s.asks[:0]
	return s
}

func (s *scanner) scan(text string) {
	for i := 0; i < len(text); {
		class, width := classify(text[i:])
		switch class {
		case letter:
			i = s.run(text, i)
		case unspaced:
			i = s.pairs(text, i)
		default:
			i += width
		}
	}
}

// run adds the terms of the words from i that only joiners keep apart, and the
// whole as one term when it is an identifier. It returns the end.
func (s *scanner) run(text string, i int) int {
	start, end := i, i
	var joined joint
	s.words = s.words[:0]
	for {
		end = wordEnd(text, i)
		s.words = append(s.words, span{i, end})
		j, width := joiner(text[end:])
		if class, _ := classify(text[end+width:]); width == 0 || class != letter || end-start > maxTerm {
			break
		}
		if j&joined&slash != 0 {
			j |= deep
		}
		joined |= j
		i = end + width
	}
	whole := text[start:end]
	named := len(s.words) > 1 && (joined.named() || hasDigit(whole) ||
		joined&slash != 0 && start > 0 && text[start-1] == '/')
	for _, w := range s.words {
		s.word(cut(text[w.start:w.end]), named)
	}
	if named && len(whole) <= maxTerm {
		s.buf = lower(s.buf[:0], whole)
		s.add(entry{term: string(s.buf)})
	}
	return end
}

// word adds the term of one word, and of its parts when it is in camel case.
// Question words are that only on their own.
func (s *scanner) word(word string, named bool) {
	n := camelCut(word)
	e := s.lookup(word)
	e.asks = e.asks && !named && n == len(word)
	s.add(e)
	if n == len(word) {
		return
	}
	for word != "" {
		n = camelCut(word)
		if n > 1 {
			s.add(entry{term: s.lookup(word[:n]).term})
		}
		word = word[n:]
	}
}

// pairs adds each two neighbouring characters of a script that is written
// without spaces, the usual stand-in for its words; a lone one is itself.
func (s *scanner) pairs(text string, i int) int {
	_, width := classify(text[i:])
	last, end, count := i, i+width, 1
	for ; end < len(text); count++ {
		class, width := classify(text[end:])
		if class != unspaced && class != mark {
			break
		}
		s.add(s.lookup(text[last : end+width]))
		last, end = end, end+width
	}
	if count == 1 {
		s.add(s.lookup(text[i:end]))
	}
	return end
}

// lookup analyses a word, from the cache where it can.
func (s *scanner) lookup(word string) entry {
	if s.finder != nil {
		if e, sure := s.finder.sure(word); sure {
			return e
		}
	}
	s.buf = lower(s.buf[:0], word)
	e, ok := s.cache[string(s.buf)]
	if !ok {
		if len(s.cache) >= maxCache {
			clear(s.cache)
		}
		key := string(s.buf)
		e = s.language.entry(key)
		s.cache[key] = e
	}
	return e
}

func (s *scanner) add(e entry) {
	if e.term == "" {
		return
	}
	if s.finder != nil {
		if i, ok := s.finder.which(e.term); ok {
			s.places = append(s.places, Place{i, s.at})
		}
		s.at++
		return
	}
	s.terms = append(s.terms, e.term)
	s.asks = append(s.asks, e.asks)
}
