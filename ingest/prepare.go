package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quarry-rag/quarry/ingest/parse"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// parseFor bounds the time that one document's parsing and splitting may take,
// lateFor what it may then take to say why it is late.
const (
	parseFor = time.Minute
	lateFor  = time.Second
)

// prepared is a document ready to be embedded and written, or a reason why it
// never will be.
type prepared struct {
	claim
	failure string
	text    string
	stated  json.RawMessage
	pieces  []piece
	// attachments are documents of their own from here on.
	attachments []parse.Attachment
	// embedded counts the chunks that needed the model, tokens theirs.
	embedded, tokens int64
}

// piece is a chunk with what is written of it.
type piece struct {
	Chunk
	hash   [sha256.Size]byte // of the text as embedded
	length int               // in index terms
	terms  []termCount       // by id, no id twice
	vector []float32
	given  bool // the vector, by the caller
}

type termCount struct {
	id   int64
	tf   int16
	term string
}

// prepare parses, splits and analyses a claimed document.
func (ix *indexer) prepare(ctx context.Context, t *target, c claim, body []byte) (*prepared, error) {
	p := &prepared{claim: c}
	err := guard(ctx, func(ctx context.Context) error { return ix.chunk(ctx, t, p, body) })
	var perm *parse.Error
	if errors.As(err, &perm) {
		return &prepared{claim: c, failure: perm.Reason}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("parse document %d: %w", c.id, err)
	}
	return p, nil
}

// guard runs f within parseFor. A panic and running out of time are permanent
// failures: the same bytes would do it again. f that does not heed its context
// is left behind; one that does has lateFor to say why it did not come to it.
func guard(ctx context.Context, f func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, parseFor)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- parse.Permanent("the parser crashed: %.200s", fmt.Sprint(r))
			}
		}()
		done <- f(limited)
	}()
	var err error
	select {
	case err = <-done:
	case <-limited.Done():
		late := time.NewTimer(lateFor)
		defer late.Stop()
		select {
		case err = <-done:
		case <-late.C:
			err = limited.Err()
		}
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return parse.Permanent("parsing takes longer than %s", parseFor)
	}
	return err
}

// chunk fills p from the document's bytes.
func (ix *indexer) chunk(ctx context.Context, t *target, p *prepared, body []byte) error {
	if p.mediaType == PreparedType {
		return ix.unpack(t, p, body)
	}
	if p.mediaType == "" {
		p.mediaType = parse.Detect(p.uri, body)
	}
	doc, err := parse.Parse(ctx, p.mediaType, body)
	if err != nil {
		return err
	}
	if !utf8.ValidString(doc.Text) || strings.ContainsRune(doc.Text, 0) {
		return parse.Permanent("the parser's text is not valid UTF-8")
	}
	if p.title == "" {
		p.title = clip(strings.ReplaceAll(doc.Title, "\x00", ""), maxTitleBytes)
	}
	p.text = doc.Text
	// What a document states of itself is a bonus: what does not fit is dropped.
	if p.stated, err = metadataJSON(doc.Metadata); err != nil {
		p.stated = json.RawMessage("{}")
	}
	chunks := withoutEncoded(Split(doc, p.title, SplitOptions{MaxTokens: t.settings.chunkTokens(), Count: ix.model.Tokens}))
	if p.attachments, err = attachments(p.uri, doc); err != nil {
		return err
	}
	if len(chunks) == 0 && len(p.attachments) == 0 {
		return parse.Permanent("there is no text in it")
	}
	p.pieces = make([]piece, len(chunks))
	for i, c := range chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.pieces[i] = newPiece(c, t.analyzer)
	}
	return nil
}

// embeddedText is the text of a chunk as the model reads it.
func embeddedText(c Chunk) string {
	if c.Context == "" {
		return c.Text
	}
	return c.Context + "\n" + c.Text
}

func newPiece(c Chunk, a *lexical.Analyzer) piece {
	p := piece{Chunk: c, hash: sha256.Sum256([]byte(embeddedText(c)))}
	counts := map[string]int{}
	for _, term := range a.Terms(c.Context + " " + c.Text) {
		counts[term]++
		p.length++
	}
	p.terms = make([]termCount, 0, len(counts))
	for term, n := range counts {
		p.terms = append(p.terms, termCount{lexical.TermID(term), capped(n), term})
	}
	slices.SortFunc(p.terms, func(a, b termCount) int {
		if a.id != b.id {
			return cmp.Compare(a.id, b.id)
		}
		return strings.Compare(a.term, b.term)
	})
	// Terms whose ids collide share a posting.
	kept := p.terms[:0]
	for _, tc := range p.terms {
		if n := len(kept); n > 0 && kept[n-1].id == tc.id {
			kept[n-1].tf = capped(int(kept[n-1].tf) + int(tc.tf))
			continue
		}
		kept = append(kept, tc)
	}
	p.terms = kept
	return p
}

// give sets a vector that the caller made. Its hash covers it, so that no text
// embedded by the model ever shares it.
func (p *piece) give(v []float32) {
	h := sha256.New()
	h.Write([]byte("given\x00"))
	h.Write(p.hash[:])
	for _, f := range v {
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(f)))
	}
	h.Sum(p.hash[:0])
	p.vector, p.given = v, true
}

// clip is s as valid UTF-8 of at most n bytes.
func clip(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }

// capped is n as posting stores it.
func capped(n int) int16 { return int16(min(n, math.MaxInt16)) }
