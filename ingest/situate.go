package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

const (
	// contextsAtOnce is how many chunks a model is asked about at the same time;
	// contextPage is how many are written in one transaction, so that little is
	// paid for twice after a crash.
	contextsAtOnce = 4
	contextPage    = 16
)

// waiting is a chunk without a context.
type waiting struct {
	id, document    int64
	ord, start, end int
	headings        []string
	header, body    string
	title           string
	sentence, model string
	vector          []float32
	err             error
	opening, around []byte
	aroundStart     int
}

// writeContexts is the work of a context job: pass after pass over the collection,
// until none finds a chunk that can be done, since documents may change meanwhile.
func (ix *indexer) writeContexts(ctx context.Context, s Situater, col int64) error {
	t, err := ix.target(ctx, col)
	if errors.Is(err, ErrUnknownCollection) || err == nil && !t.settings.contextual() {
		return nil
	}
	if err != nil {
		return err
	}
	for {
		done, err := ix.contextPass(ctx, s, t)
		if errors.Is(err, ErrUnknownCollection) {
			return nil
		}
		if err != nil || done == 0 {
			return err
		}
	}
}

// contextPass goes over the chunks once, in order of document and place, and
// returns how many it settled. A chunk that fails is left for the next time, and
// its error returned in the end; a page of which all fail ends the pass.
func (ix *indexer) contextPass(ctx context.Context, s Situater, t *target) (done int, failed error) {
	var document int64
	for ord := -1; ; {
		page, err := ix.waitingChunks(ctx, t.col, document, ord)
		if err != nil || len(page) == 0 {
			return done, errors.Join(err, failed)
		}
		last := page[len(page)-1]
		document, ord = last.document, last.ord
		if err := ix.situate(ctx, s, t, page); err != nil {
			return done, err
		}
		for _, w := range page {
			if w.err != nil {
				failed = fmt.Errorf("context of chunk %d: %w", w.id, w.err)
			}
		}
		page = slices.DeleteFunc(page, func(w *waiting) bool { return w.err != nil })
		if len(page) == 0 {
			return done, failed
		}
		if err := ix.settleContexts(ctx, t, page); err != nil {
			return done, err
		}
		done += len(page)
	}
}

const waitingSQL = `
select c.chunk_id, c.document_id, c.ord, c.start_byte, c.end_byte, c.heading_path, c.header, c.body, d.title,
       case when c.start_byte > $4 then substring(t.body for $5) else '' end,
       substring(t.body from greatest(c.start_byte - $4, 0) + 1 for least(c.start_byte, $4) + c.end_byte - c.start_byte + $6),
       greatest(c.start_byte - $4, 0)` + waitingFrom + ` and (c.document_id, c.ord) > ($2, $3)
 order by c.document_id, c.ord limit $7`

const waitingFrom = `
  from chunk c
  join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
  join document_text t on t.collection_id = d.collection_id and t.document_id = d.document_id and t.version = d.version
  left join chunk_context x on x.collection_id = c.collection_id and x.chunk_id = c.chunk_id
 where c.collection_id = $1 and x.chunk_id is null`

// contextsWait reports whether a chunk of a collection that wants contexts has none.
func contextsWait(ctx context.Context, tx pgx.Tx, a contextArgs) (wait bool, err error) {
	err = tx.QueryRow(ctx, "select exists (select"+waitingFrom+`
   and exists (select from collection o where o.collection_id = $1 and o.settings @> '{"contextual": true}'))`, a.CollectionID).Scan(&wait)
	return wait, err
}

// waitingChunks returns the next page of chunks without a context, after a place.
func (ix *indexer) waitingChunks(ctx context.Context, col, document int64, ord int) ([]*waiting, error) {
	rows, err := ix.pool.Query(ctx, waitingSQL, col, document, ord, beforeBytes, openingBytes, afterBytes, contextPage)
	if err != nil {
		return nil, fmt.Errorf("read chunks without context: %w", err)
	}
	page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*waiting, error) {
		w := &waiting{}
		return w, row.Scan(&w.id, &w.document, &w.ord, &w.start, &w.end, &w.headings, &w.header, &w.body, &w.title,
			&w.opening, &w.around, &w.aroundStart)
	})
	if err != nil {
		return nil, fmt.Errorf("read chunks without context: %w", err)
	}
	return page, nil
}

func (w *waiting) situation() Situation {
	from, to := w.start-w.aroundStart, w.end-w.aroundStart
	valid := func(b []byte) string { return strings.ToValidUTF8(string(b), "") } // cut anywhere
	return Situation{
		Title: w.title, HeadingPath: w.headings, Opening: valid(w.opening),
		Before: valid(w.around[:from]), Chunk: w.body, After: valid(w.around[to:]),
	}
}

// situate has a page's sentences written and its texts embedded. A sentence that
// the model fails to write is the chunk's error; the end of ctx and a failing
// embedder are the page's.
func (ix *indexer) situate(ctx context.Context, s Situater, t *target, page []*waiting) error {
	var g errgroup.Group
	g.SetLimit(contextsAtOnce)
	for _, w := range page {
		g.Go(func() error {
			sentence, model, err := s.Situate(ctx, t.name, w.situation())
			w.sentence, w.model, w.err = sentenceLine(sentence), model, err
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	var texts []string
	var of []*waiting
	for _, w := range page {
		if w.err == nil && w.sentence != "" {
			texts, of = append(texts, w.embeddedText()), append(of, w)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	vectors, err := ix.model.Embed(ctx, texts)
	if err != nil {
		return fmt.Errorf("embed %d chunks with their contexts: %w", len(texts), err)
	}
	for i, w := range of {
		if len(vectors[i]) != t.space.Dim {
			return fmt.Errorf("embed: the model gave %d dimensions, the space has %d", len(vectors[i]), t.space.Dim)
		}
		w.vector = vectors[i]
	}
	return nil
}

// sentenceLine is what is kept of a model's text.
func sentenceLine(s string) string {
	return clip(oneLine(strings.ReplaceAll(s, "\x00", ""), 4*maxSentence), maxSentence)
}

// embeddedText is a chunk with its context as the model reads it: the names that
// place it, the sentence, and its text.
func (w *waiting) embeddedText() string {
	names := append([]string{cutName(w.title)}, w.headings...)
	if len(w.headings) > 0 && strings.EqualFold(names[0], w.headings[0]) || names[0] == "" {
		names = names[1:]
	}
	if w.header != "" {
		names = append(names, w.header)
	}
	line := oneLine(strings.Join(names, " > "), maxNames)
	return strings.TrimSpace(line+"\n"+w.sentence) + "\n" + w.body
}

// maxNames bounds the names in the embedded text, in bytes: some 40 tokens.
const maxNames = 160
