// Package wordpiece is the tokenizer of uncased BERT models: text to the ids
// that Hugging Face's BertTokenizer gives, except that text which spells a
// special token, as in "[SEP]", stays text.
package wordpiece

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Version names the rules. It changes whenever equal text could give other ids.
const Version = "wordpiece-1"

// maxWord is the longest word, in characters after normalisation, that is
// looked up; a longer one is unknown.
const maxWord = 100

const (
	maxVocabBytes = 16 << 20
	maxVocabWords = 1 << 20
)

// Tokenizer holds a vocabulary. Safe for concurrent use.
type Tokenizer struct {
	words         map[string]int32 // pieces that begin a word
	continuations map[string]int32 // pieces written "##…", without the mark
	longest       int              // bytes of the longest piece
	size          int
	unknown       int32
	start, end    int32
}

// New reads a vocabulary: one piece a line, its id the line's number from 0.
// It must hold [UNK], [CLS] and [SEP] and no piece twice.
func New(r io.Reader) (*Tokenizer, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxVocabBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read vocabulary: %w", err)
	}
	if len(data) > maxVocabBytes {
		return nil, fmt.Errorf("vocabulary of more than %d bytes", maxVocabBytes)
	}
	t := &Tokenizer{words: make(map[string]int32), continuations: make(map[string]int32)}
	for line := range bytes.Lines(data) {
		if err := t.add(string(bytes.TrimRight(line, "\r\n"))); err != nil {
			return nil, fmt.Errorf("vocabulary line %d: %w", t.size+1, err)
		}
	}
	for name, id := range map[string]*int32{"[UNK]": &t.unknown, "[CLS]": &t.start, "[SEP]": &t.end} {
		known, ok := t.words[name]
		if !ok {
			return nil, fmt.Errorf("vocabulary of %d pieces lacks %s", t.size, name)
		}
		*id = known
	}
	return t, nil
}

func (t *Tokenizer) add(piece string) error {
	if t.size == maxVocabWords {
		return fmt.Errorf("more than %d pieces", maxVocabWords)
	}
	into := t.words
	if rest, ok := strings.CutPrefix(piece, "##"); ok && rest != "" {
		into, piece = t.continuations, rest
	}
	if _, ok := into[piece]; ok {
		return errors.New("piece appears twice")
	}
	into[piece] = int32(t.size)
	t.longest = max(t.longest, len(piece))
	t.size++
	return nil
}

// Size is the number of pieces; every id is below it.
func (t *Tokenizer) Size() int { return t.size }

// Encode returns the ids of text between those of [CLS] and [SEP]: at most max
// ids in all, the text's end cut off. max below 2 counts as 2. It reads no
// further than it must, and takes any bytes: invalid UTF-8 is dropped.
func (t *Tokenizer) Encode(text string, max int) []int64 {
	ids, _ := t.encode(scanner{text: text}, max)
	return ids
}

// EncodeSpans is Encode with the place of each token but [CLS] and [SEP]: its first
// and last character are those of text[span[0]:span[1]]. Spans are in order, never
// empty and begin and end between characters. They overlap only where one character
// decomposes into several tokens, and leave out what is dropped.
func (t *Tokenizer) EncodeSpans(text string, max int) (ids []int64, spans [][2]int) {
	return t.encode(scanner{text: text, trace: true}, max)
}

func (t *Tokenizer) encode(s scanner, max int) (ids []int64, spans [][2]int) {
	room := max - 2
	ids = make([]int64, 1, 16)
	ids[0] = int64(t.start)
	var pieces [maxWord]piece
	for room > 0 && s.next() {
		n, from := min(t.split(&s, &pieces), room), 0
		for _, p := range pieces[:n] {
			ids = append(ids, int64(p.id))
			if s.trace {
				spans = append(spans, [2]int{s.spans[from][0], s.spans[p.end-1][1]})
				from = p.end
			}
		}
		room -= n
	}
	return append(ids, int64(t.end)), spans
}

// Count returns how many ids text has, [CLS] and [SEP] not counted. It does
// not allocate.
func (t *Tokenizer) Count(text string) int {
	s := scanner{text: text}
	var pieces [maxWord]piece
	count := 0
	for s.next() {
		count += t.split(&s, &pieces)
	}
	return count
}

// piece is a part of a word, up to its byte end.
type piece struct {
	id  int32
	end int
}

// split puts the pieces of the scanner's word into pieces, longest match first,
// and returns their number, at least 1. A word that does not divide into known
// pieces without rest is unknown as a whole.
func (t *Tokenizer) split(s *scanner, pieces *[maxWord]piece) int {
	pieces[0] = piece{t.unknown, s.size}
	if s.tooLong {
		return 1
	}
	word := s.word[:s.size]
	if id, ok := t.words[string(word)]; ok {
		pieces[0].id = id
		return 1
	}
	from := t.words
	for n, end := 0, 0; ; n++ {
		id, size := t.longestPiece(from, word[end:])
		if size == 0 {
			pieces[0] = piece{t.unknown, s.size}
			return 1
		}
		end += size
		pieces[n] = piece{id, end}
		if end == len(word) {
			return n + 1
		}
		from = t.continuations
	}
}

func (t *Tokenizer) longestPiece(from map[string]int32, word []byte) (id int32, size int) {
	for size := min(len(word), t.longest); size > 0; size-- {
		if id, ok := from[string(word[:size])]; ok {
			return id, size
		}
	}
	return 0, 0
}
