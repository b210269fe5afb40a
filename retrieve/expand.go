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
	if !r.query.Expand {
		passages := make([]Passage, len(hits))
		for i, h := range hits {
			passages[i] = h.Passage
		}
		return passages, nil
	}
	defer r.stage("expand")()
	blocks := join(pick(hits, left))
	r.markMerged(hits, blocks)
	slices.SortFunc(blocks, func(a, b block) int { return cmp.Compare(a.rank, b.rank) })
	return r.read(ctx, hits, blocks)
}

// unbounded stands for no token budget.
const unbounded = 1 << 50

// fit keeps the hits that the budget has room for, in order, and returns the
// room left. When none fits the best is cut to what does.
func (r *search) fit(hits []found) ([]found, int) {
	left := cmp.Or(r.query.MaxTokens, unbounded)
	var out []found
	for _, h := range hits {
		if h.Tokens <= left {
			out = append(out, h)
			left -= h.Tokens
		}
	}
	if len(out) == 0 && len(hits) > 0 {
		if h, ok := shorten(hits[0], left, r.model.Tokens); ok {
			return []found{h}, 0
		}
	}
	return out, left
}

// markMerged notes the hits that are part of a better one's block.
func (r *search) markMerged(hits []found, blocks []block) {
	for i, h := range hits {
		if !slices.ContainsFunc(blocks, func(b block) bool { return b.rank == i }) {
			r.set(h.chunkID, Merged)
		}
	}
}

// piece is a chunk that was picked: a hit, or the neighbour of one.
type piece struct {
	document, version int64
	ord               int
	start, end        int
	tokens            int
	rank              int // of the hit
}

// pick returns all hits and, best hit first, the neighbours that fit into left
// tokens; each chunk once.
func pick(hits []found, left int) []piece {
	type key struct {
		document, version int64
		ord               int
	}
	var out []piece
	picked := map[key]bool{}
	for i, h := range hits {
		picked[key{h.DocumentID, h.Version, h.ord}] = true
		out = append(out, piece{h.DocumentID, h.Version, h.ord, h.Start, h.End, h.Tokens, i})
	}
	for i, h := range hits {
		for j, n := range []neighbour{h.prev, h.next} {
			k := key{h.DocumentID, h.Version, h.ord - 1 + 2*j}
			if n.end == 0 || n.tokens > left || picked[k] {
				continue
			}
			picked[k] = true
			left -= n.tokens
			out = append(out, piece{h.DocumentID, h.Version, k.ord, n.start, n.end, n.tokens, i})
		}
	}
	return out
}

// block is a stretch of one document, with the rank of the best hit in it.
type block struct {
	document, version  int64
	lastOrd            int
	start, end, tokens int
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
		out = append(out, block{p.document, p.version, p.ord, p.start, p.end, p.tokens, p.rank, 1})
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
// whose version is gone by now stays the hit alone.
func (r *search) read(ctx context.Context, hits []found, blocks []block) ([]Passage, error) {
	texts, err := r.ranges(ctx, blocks)
	if err != nil {
		return nil, fmt.Errorf("join neighbours: %w", err)
	}
	out := make([]Passage, len(blocks))
	for i, b := range blocks {
		out[i] = hits[b.rank].Passage
		if len(texts[i]) == b.end-b.start && b.pieces > 1 {
			out[i].Text = string(texts[i])
			out[i].Start, out[i].End, out[i].Tokens = b.start, b.end, b.tokens
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
