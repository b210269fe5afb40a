package retrieve

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// arrange turns the chunks found into passages within the token budget, and
// joins them with their neighbours when the query says so.
func (r *search) arrange(ctx context.Context, hits []found) ([]Passage, error) {
	for _, h := range hits {
		r.set(h.chunkID, CutBudget)
	}
	hits, left := r.fit(hits)
	for _, h := range hits {
		r.set(h.chunkID, Returned)
	}
	if r.query.Expand == Alone {
		passages := make([]Passage, len(hits))
		for i, h := range hits {
			passages[i] = h.Passage
		}
		return passages, nil
	}
	defer r.stage("expand")()
	around, err := r.around(ctx, hits)
	if err != nil {
		return nil, fmt.Errorf("join neighbours: %w", err)
	}
	pieces := r.grow(hits, around, left)
	for _, p := range pieces[len(hits):] {
		r.set(p.chunk, Merged)
	}
	blocks := join(pieces)
	r.markMerged(hits, blocks)
	slices.SortFunc(blocks, func(a, b block) int { return cmp.Compare(a.rank, b.rank) })
	return r.read(ctx, hits, blocks)
}

// unbounded stands for no token budget.
const unbounded = 1 << 50

// fit keeps the hits that the budget has room for, in order, and returns the
// room left. A best hit that does not fit is cut to what does, and said to be:
// others that happen to be shorter do not stand in for it. A table's header is
// kept where there is room for it too.
func (r *search) fit(hits []found) ([]found, int) {
	left := cmp.Or(r.query.MaxTokens, unbounded)
	if len(hits) > 0 && hits[0].Tokens > left {
		best, ok := shorten(hits[0], left, r.model.Tokens)
		if !ok {
			return nil, left
		}
		r.result.Notes = append(r.result.Notes, fmt.Sprintf("The best passage is cut: %d of its %d tokens fit into max_tokens.", best.Tokens, hits[0].Tokens))
		best.Header = ""
		return []found{best}, 0
	}
	var out []found
	for _, h := range hits {
		if h.Tokens > left {
			continue
		}
		left -= h.Tokens
		if n := r.headerTokens(h.Header); n > left {
			h.Header = ""
		} else {
			left -= n
		}
		out = append(out, h)
	}
	return out, left
}

func (r *search) headerTokens(header string) int {
	if header == "" {
		return 0
	}
	return r.model.Tokens(header)
}

// markMerged notes the hits that are part of a better one's block.
func (r *search) markMerged(hits []found, blocks []block) {
	for i, h := range hits {
		if !slices.ContainsFunc(blocks, func(b block) bool { return b.rank == i }) {
			r.set(h.chunkID, Merged)
		}
	}
}

// block is a stretch of one document, with the rank of the best hit in it.
type block struct {
	document, version  int64
	lastOrd            int
	start, end, tokens int
	header             string
	rank               int
	pieces             int
}

// join makes blocks of the pieces that follow each other or overlap.
func join(pieces []piece) []block {
	slices.SortFunc(pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.document, b.document), cmp.Compare(a.version, b.version), cmp.Compare(a.ord, b.ord))
	})
	var out []block
	for _, p := range pieces {
		if n := len(out); n > 0 && out[n-1].continues(p) {
			b := &out[n-1]
			b.lastOrd, b.start, b.end = p.ord, min(b.start, p.start), max(b.end, p.end)
			b.tokens += p.tokens
			b.rank = min(b.rank, p.rank)
			b.pieces++
			continue
		}
		out = append(out, block{p.document, p.version, p.ord, p.start, p.end, p.tokens, p.header, p.rank, 1})
	}
	return out
}

// continues says that p belongs to the block: its text follows or overlaps.
func (b block) continues(p piece) bool {
	return b.document == p.document && b.version == p.version &&
		(p.ord == b.lastOrd+1 || p.start <= b.end)
}

// Ranges of stored texts. A version's text never changes, so that this may be
// another snapshot than the chunks'.
const rangesSQL = `
select x.nth - 1, substring(t.body from x.first + 1 for x.length)
  from unnest(@documents::bigint[], @versions::bigint[], @starts::int[], @lengths::int[])
       with ordinality as x(document_id, version, first, length, nth)
  join document_text t on t.collection_id = @collection and t.document_id = x.document_id and t.version = x.version`

// read makes passages of blocks: each is the best hit in it, widened. A block
// whose version is gone by now stays the hit alone, as does one that grew by no
// chunk.
func (r *search) read(ctx context.Context, hits []found, blocks []block) ([]Passage, error) {
	texts, err := r.ranges(ctx, blocks)
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	out := make([]Passage, len(blocks))
	for i, b := range blocks {
		out[i] = hits[b.rank].Passage
		if len(texts[i]) == b.end-b.start && b.pieces > 1 {
			out[i].Text = string(texts[i])
			out[i].Start, out[i].End, out[i].Tokens, out[i].Header = b.start, b.end, b.tokens, b.header
		}
	}
	return out, nil
}

// ranges reads the text of each block of more than one chunk.
func (r *search) ranges(ctx context.Context, blocks []block) ([][]byte, error) {
	texts := make([][]byte, len(blocks))
	var documents, versions []int64
	var starts, lengths, at []int
	for i, b := range blocks {
		if b.pieces > 1 {
			documents, versions = append(documents, b.document), append(versions, b.version)
			starts, lengths = append(starts, b.start), append(lengths, b.end-b.start)
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return texts, nil
	}
	rows, err := r.pool.Query(ctx, rangesSQL, pgx.NamedArgs{
		"collection": r.collection.ID,
		"documents":  documents, "versions": versions, "starts": starts, "lengths": lengths,
	})
	if err != nil {
		return nil, err
	}
	var nth int
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&nth, &body}, func() error {
		texts[at[nth]] = slices.Clone(body)
		return nil
	})
	return texts, err
}
