package generate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/quarry-rag/quarry/internal/sentence"
	"github.com/quarry-rag/quarry/retrieve"
)

// Source reads stored text, to prove quotes. retrieve.Searcher is one.
type Source interface {
	// Bytes returns canonical[start:end] of p's document version;
	// retrieve.ErrGone when that is no longer stored.
	Bytes(ctx context.Context, p retrieve.Passage, start, end int) ([]byte, error)
}

// proves tells whether the stored text holds the passage's own bytes at
// [start, end), which are offsets in the document.
func proves(ctx context.Context, src Source, p retrieve.Passage, start, end int) (bool, error) {
	if start < p.Start || end-p.Start > len(p.Text) || start >= end {
		return false, nil
	}
	stored, err := src.Bytes(ctx, p, start, end)
	if errors.Is(err, retrieve.ErrGone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("verify quote in %q: %w", p.URI, err)
	}
	return bytes.Equal(stored, []byte(p.Text[start-p.Start:end-p.Start])), nil
}

// citer turns a model's deltas into answer text with proved citations. For each
// marker it looks for the sentence, or two neighbours, of the passage that hold
// most of the sentence before the marker, by weight of words. A marker that
// points nowhere, to a passage that has nothing of that sentence, or to text
// that is no longer stored, is removed and counted. One answer, one citer.
type citer struct {
	source   Source
	reading  *reading
	question []string // the claim of a marker that follows no words
	refusal  string   // a sentence that is never cited

	scan    scanner
	claim   []byte // text of the answer so far, its tail
	marked  int    // where in claim the last marker stood
	removed int
	cited   int
	failed  error // of the source: after it nothing more is proved
}

// maxClaim is how far back the sentence before a marker is looked for, in bytes.
const maxClaim = 2048

// push takes the next delta and returns the events that it completes: text at
// once, but for what may be the beginning of a marker, and each citation after
// its marker. Its error is ctx's.
func (c *citer) push(ctx context.Context, delta string) ([]Event, error) {
	return c.resolve(ctx, c.scan.push(delta))
}

// end returns the events of what was held back.
func (c *citer) end(ctx context.Context) ([]Event, error) {
	return c.resolve(ctx, c.scan.flush())
}

func (c *citer) resolve(ctx context.Context, pieces []piece) ([]Event, error) {
	var out []Event
	var text strings.Builder
	for _, p := range pieces {
		if p.numbers == nil {
			text.WriteString(p.text)
			c.remember(p.text)
			continue
		}
		citations := c.citations(ctx, p.numbers)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.marked = len(c.claim)
		if len(citations) == 0 {
			if openMarker.Match(c.claim[max(0, len(c.claim)-maxMarker):]) {
				text.WriteString("…") // or what follows would make a marker with it
				c.remember("…")
			}
			continue
		}
		text.WriteString(markerText(p, citations))
		out = append(out, Delta{text.String()})
		text.Reset()
		for _, q := range citations {
			out = append(out, q)
		}
	}
	if text.Len() > 0 {
		out = append(out, Delta{text.String()})
	}
	return out, nil
}

// openMarker is the beginning of a marker at the end of text.
var openMarker = regexp.MustCompile(`\[[\d ,;]*$`)

// markerText is the marker with the numbers that proved good.
func markerText(p piece, citations []Citation) string {
	if len(citations) == len(p.numbers) {
		return p.text
	}
	lead, _, _ := strings.Cut(p.text, "[")
	var numbers []string
	for _, c := range citations {
		numbers = append(numbers, fmt.Sprint(c.Passage))
	}
	return lead + "[" + strings.Join(numbers, ", ") + "]"
}

// citations resolves one marker's numbers, each once, and counts the bad ones.
func (c *citer) citations(ctx context.Context, numbers []int) []Citation {
	var out []Citation
	seen := map[int]bool{}
	claim, ok := c.sentence()
	for _, n := range numbers {
		if seen[n] {
			continue
		}
		seen[n] = true
		cite, found := Citation{}, false
		if ok && c.failed == nil && n >= 1 && n <= len(c.reading.passages) {
			cite, found = c.cite(ctx, n, claim)
		}
		if !found {
			c.removed++
			continue
		}
		c.cited++
		out = append(out, cite)
	}
	return out
}

// cite finds and proves the quote in passage n for a claim.
func (c *citer) cite(ctx context.Context, n int, claim []string) (Citation, bool) {
	start, end, ok := c.reading.quote(n-1, claim)
	if !ok {
		return Citation{}, false
	}
	p := c.reading.passages[n-1]
	ok, err := proves(ctx, c.source, p, p.Start+start, p.Start+end)
	c.failed = err
	return Citation{n, p.Start + start, p.Start + end, p.Text[start:end]}, ok && err == nil
}

// remember keeps the tail of the answer's text.
func (c *citer) remember(text string) {
	c.claim = append(c.claim, text...)
	if over := len(c.claim) - maxClaim; over > maxClaim {
		c.claim = append(c.claim[:0], c.claim[over:]...)
		c.marked = max(c.marked-over, 0)
	}
}

// sentence returns the terms of the sentence that a marker here stands for:
// what of it follows the marker before, if that is three terms or more; else all
// of it; without a word before the marker, the question. It is not ok for the
// refusal, which nothing supports.
func (c *citer) sentence() (terms []string, ok bool) {
	text := string(c.claim)
	for end := len(text); end > 0; {
		start := strings.LastIndexByte(text[:end], '\n') + 1
		spans := sentence.Spans(text[start:end])
		for i := len(spans) - 1; i >= 0; i-- {
			s, e := start+spans[i][0], start+spans[i][1]
			if sameSentence(text[s:e], c.refusal) {
				return nil, false
			}
			whole := c.reading.analyzer.Terms(text[s:e])
			if len(whole) == 0 {
				continue
			}
			if c.marked > s && c.marked < e {
				if own := c.reading.analyzer.Terms(text[c.marked:e]); len(own) >= 3 {
					return own, true
				}
			}
			return whole, true
		}
		end = start - 1
	}
	return c.question, true
}

// quote returns the range of the unit of passage i, or of two neighbouring
// sentences, that covers most of the claim's terms; not ok when none has any.
func (r *reading) quote(i int, claim []string) (start, end int, ok bool) {
	parts, best, score := r.parts[i], -1, 0.0
	for n, p := range parts {
		// Of equals the first, and a sentence before what it opens.
		s := r.coverage(claim, p.terms)
		if p.kind == listUnit || p.kind == codeUnit {
			s -= .05
		}
		if s > score {
			best, score = n, s
		}
	}
	if best < 0 {
		return 0, 0, false
	}
	start, end = parts[best].start, parts[best].end
	for _, n := range []int{best - 1, best + 1} {
		if n < 0 || n >= len(parts) || parts[n].kind != proseUnit || parts[best].kind != proseUnit {
			continue
		}
		if s := r.coverage(claim, parts[best].terms, parts[n].terms); s >= score+.2 && adds(claim, parts[best], parts[n]) {
			score = s
			start, end = min(parts[best].start, parts[n].start), max(parts[best].end, parts[n].end)
		}
	}
	return start, end, true
}

// adds tells whether a second sentence earns its place in a quote: it has two
// terms or more of the claim that the first has not.
func adds(claim []string, first, second part) bool {
	fresh := map[string]bool{}
	for _, t := range claim {
		if second.terms[t] && !first.terms[t] {
			fresh[t] = true
		}
	}
	return len(fresh) >= 2
}
