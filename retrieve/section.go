package retrieve

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

const (
	// sectionReach is how many chunks to each side of one that was found are looked
	// at: beyond, a section has no room in any budget of a question.
	sectionReach = 64
	// sectionTokens is the most that one passage grows by: the whole budget of a
	// question that sets none.
	sectionTokens = 2000
	// grownHits bounds the passages that grow, the best ones.
	grownHits = 100
)

// piece is a chunk that was picked: a hit, or text around one.
type piece struct {
	chunk             int64
	document, version int64
	ord               int
	start, end        int
	tokens            int
	header            string
	rank              int // of the hit
	path              []string
}

// The chunks around each hit, of the version that it was found in, by the unique
// key (collection, document, ord). No document's are read twice.
const aroundSQL = `
select distinct on (c.document_id, c.ord) c.chunk_id, c.document_id, x.version, c.ord, c.start_byte, c.end_byte, c.tokens, c.header, c.heading_path
  from unnest(@documents::bigint[], @versions::bigint[], @ords::int[]) as x(document_id, version, ord)
  join document d on d.collection_id = @collection and d.document_id = x.document_id and d.version = x.version
  join chunk c on c.collection_id = @collection and c.document_id = x.document_id
   and c.ord between x.ord - @reach::int and x.ord + @reach::int
 order by c.document_id, c.ord`

// around reads the chunks that the hits may grow by, in order of document and
// place, the hits among them.
func (r *search) around(ctx context.Context, hits []found) ([]piece, error) {
	hits = hits[:min(len(hits), grownHits)]
	if len(hits) == 0 {
		return nil, nil
	}
	var documents, versions []int64
	var ords []int
	for _, h := range hits {
		documents, versions, ords = append(documents, h.DocumentID), append(versions, h.Version), append(ords, h.ord)
	}
	reach := 1
	if r.query.Expand == Section {
		reach = sectionReach
	}
	rows, err := r.pool.Query(ctx, aroundSQL, pgx.NamedArgs{
		"collection": r.collection.ID, "documents": documents, "versions": versions, "ords": ords, "reach": reach,
	})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p piece, err error) {
		err = row.Scan(&p.chunk, &p.document, &p.version, &p.ord, &p.start, &p.end, &p.tokens, &p.header, &p.path)
		return p, err
	})
}

// growth picks the chunks of passages; each once.
type growth struct {
	around []piece
	hit    []int // by place in around: the rank of the hit there, or -1
	picked []bool
	left   int // tokens
	tokens func(header string) int
	out    []piece
}

// grow returns all hits and the chunks around them that fit into left tokens.
// Sections that several hits are in grow first, then the best hits'.
func (r *search) grow(hits []found, around []piece, left int) []piece {
	g := growth{around: around, hit: make([]int, len(around)), picked: make([]bool, len(around)), left: left, tokens: r.headerTokens}
	for i := range g.hit {
		g.hit[i] = -1
	}
	at := make([]int, len(hits)) // their places in around
	for i, h := range hits {
		at[i] = g.find(h)
		p := piece{h.chunkID, h.DocumentID, h.Version, h.ord, h.Start, h.End, h.Tokens, h.Header, i, h.HeadingPath}
		if g.out = append(g.out, p); at[i] >= 0 {
			g.hit[at[i]], g.picked[at[i]] = i, true
		}
	}
	grown := make([]bool, len(hits))
	steps := []func(place, rank int) bool{g.neighbours}
	if r.query.Expand == Section {
		steps = []func(place, rank int) bool{g.shared, g.section, g.neighbours}
	}
	for _, step := range steps {
		for i, place := range at {
			if place >= 0 && !grown[i] {
				grown[i] = step(place, i)
			}
		}
	}
	return g.out
}

func (g *growth) find(h found) int {
	i, ok := slices.BinarySearchFunc(g.around, h, func(p piece, h found) int {
		return cmp.Or(cmp.Compare(p.document, h.DocumentID), cmp.Compare(p.ord, h.ord))
	})
	if !ok || g.around[i].version != h.Version {
		return -1
	}
	return i
}

// shared takes the largest section around a hit that holds other hits too and has
// room, and tells whether it did.
func (g *growth) shared(place, rank int) bool {
	for n := 1; n <= len(g.around[place].path); n++ {
		if from, to := g.run(place, n, false); g.hits(from, to) > 1 && g.take(from, to, rank, sectionTokens) {
			return true
		}
	}
	return false
}

// section takes a hit's own section with those below it, and tells whether there
// was room; else it takes the section without them.
func (g *growth) section(place, rank int) bool {
	n := len(g.around[place].path)
	from, to := g.run(place, n, n == 0)
	if g.take(from, to, rank, sectionTokens) {
		return true
	}
	from, to = g.run(place, n, true)
	g.take(from, to, rank, sectionTokens)
	return false
}

// run is [from, to) around a place: the chunks whose paths begin with the first n
// headings of its own, or have only these, without a gap.
func (g *growth) run(place, n int, only bool) (from, to int) {
	section := g.around[place].path[:n]
	within := func(p piece) bool {
		return len(p.path) >= n && slices.Equal(p.path[:n], section) && (!only || len(p.path) == n)
	}
	from, to = place, place+1
	for from > 0 && g.follows(from-1) && within(g.around[from-1]) {
		from--
	}
	for to < len(g.around) && g.follows(to-1) && within(g.around[to]) {
		to++
	}
	return from, to
}

// follows tells whether the chunk at i+1 comes next after that at i.
func (g *growth) follows(i int) bool {
	a, b := g.around[i], g.around[i+1]
	return a.document == b.document && a.ord+1 == b.ord
}

func (g *growth) hits(from, to int) (n int) {
	for _, rank := range g.hit[from:to] {
		if rank >= 0 {
			n++
		}
	}
	return n
}

// take picks what is not yet picked of [from, to), when all of it has room, also
// within limit tokens, and tells whether it has.
func (g *growth) take(from, to, rank, limit int) bool {
	tokens := 0
	if !g.picked[from] {
		tokens = g.tokens(g.around[from].header)
	}
	for i := from; i < to; i++ {
		if !g.picked[i] {
			tokens += g.around[i].tokens
		}
	}
	if tokens > min(g.left, limit) {
		return false
	}
	g.left -= tokens
	for i := from; i < to; i++ {
		if g.picked[i] {
			continue
		}
		p := g.around[i]
		if p.rank = rank; i > from {
			p.header = "" // it stands above
		}
		g.picked[i] = true
		g.out = append(g.out, p)
	}
	return true
}

// neighbours takes the chunk before and the one after, each when it has room.
func (g *growth) neighbours(place, rank int) bool {
	if place > 0 && g.follows(place-1) {
		g.take(place-1, place, rank, unbounded)
	}
	if place+1 < len(g.around) && g.follows(place) {
		g.take(place+1, place+2, rank, unbounded)
	}
	return true
}

// ReadingOrder puts the passages of one document into the order of its text, in
// the places that they have among the others.
func ReadingOrder(passages []Passage) {
	places := map[int64][]int{}
	for i, p := range passages {
		places[p.DocumentID] = append(places[p.DocumentID], i)
	}
	for _, at := range places {
		sorted := make([]Passage, len(at))
		for i, place := range at {
			sorted[i] = passages[place]
		}
		slices.SortStableFunc(sorted, func(a, b Passage) int { return cmp.Compare(a.Start, b.Start) })
		for i, place := range at {
			passages[place] = sorted[i]
		}
	}
}
