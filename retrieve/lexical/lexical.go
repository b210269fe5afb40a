// Package lexical turns text into index terms, for documents and for queries
// alike, so that what ingest writes is what retrieve looks up. Words are lower
// case and stemmed by Snowball, stop words dropped; identifiers (HTTP_404,
// getUserById, v1.4.2, src/main.go) are terms as a whole and in their parts.
package lexical

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
)

// maxTerm is the longest term, in bytes. Longer words are cut there; longer
// identifiers are found by their parts.
const maxTerm = 64

// Analyzer makes the terms of one language. Safe for concurrent use.
type Analyzer struct {
	language language
	scanners sync.Pool // of *scanner: their caches need no lock
}

// For returns the analyzer of an ISO 639-1 language code, always the same one.
// A code not in Languages is an error.
func For(code string) (*Analyzer, error) {
	if a, ok := analyzers()[code]; ok {
		return a, nil
	}
	return nil, fmt.Errorf("language %q is not one of %v", code, Languages())
}

// Terms returns the index terms of text, in order and with repeats; their number
// is BM25's document length.
func (a *Analyzer) Terms(text string) []string {
	s := a.scanner()
	defer a.scanners.Put(s)
	s.terms = make([]string, 0, len(text)/7+1)
	s.scan(text)
	return s.terms
}

// Query returns the terms to look up for a question, each once, in order.
// Question words ("what", "does") are left out unless nothing else is there.
// Text of stop words only has no terms.
func (a *Analyzer) Query(text string) []string {
	s := a.scanner()
	defer a.scanners.Put(s)
	s.terms = nil
	s.scan(text)
	if terms := unique(s.terms, s.asks); len(terms) > 0 {
		return terms
	}
	return unique(s.terms, make([]bool, len(s.terms)))
}

// unique returns the first of each term that is not skipped.
func unique(terms []string, skip []bool) []string {
	var out []string
	seen := make(map[string]bool, len(terms))
	for i, t := range terms {
		if !skip[i] && !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

// TermID is the key of a term in the tables term and posting: the first 8 bytes
// of its SHA-256, big-endian.
func TermID(term string) int64 {
	h := sha256.Sum256([]byte(term))
	return int64(binary.BigEndian.Uint64(h[:8]))
}
