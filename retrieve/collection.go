package retrieve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// collection is what a search must know of one. It is read for every search, so
// that nothing of it can be stale.
type collection struct {
	ID          int64
	Settings    settings
	SpaceID     int64
	Model       string
	Fingerprint string
	Dim         int
	Documents   int64
	Chunks      int64
	LengthSum   int64 // terms of all chunks
	Restricted  bool  // some document is not for everyone
	Indexed     bool  // the space has an HNSW index to use
}

// settings of a collection that concern searching; absent ones keep the default.
type settings struct {
	Language    string  `json:"language"`
	K1          float64 `json:"bm25_k1"`
	B           float64 `json:"bm25_b"`
	DenseWeight float64 `json:"dense_weight"`
	MinCoverage float64 `json:"min_score"`
}

var defaults = settings{Language: "en", K1: 0.9, B: 0.4, DenseWeight: 0.55, MinCoverage: 0.375}

// The row, and how many chunks have each of some terms. to_regclass finds the
// index by the search path, as ingest made it; it is there but not valid while it
// is being built.
const collectionSQL = `
select c.collection_id, c.settings,
       coalesce(s.space_id, 0), coalesce(s.model, ''), coalesce(s.fingerprint, ''), coalesce(s.dim, 0),
       coalesce(st.documents, 0), coalesce(st.chunks, 0), coalesce(st.length_sum, 0),
       exists (select from document d where d.collection_id = c.collection_id and d.principals <> '{}'),
       coalesce((select i.indisvalid from pg_index i
                  where i.indexrelid = to_regclass('embedding_hnsw_' || s.space_id)), false),
       w.ids, w.frequencies
  from collection c
  left join collection_stats st on st.collection_id = c.collection_id
  left join space s on s.collection_id = c.collection_id and s.space_id = c.active_space_id
 cross join lateral (
  select array_agg(t.term_id) as ids, array_agg(t.df) as frequencies
    from term t where t.collection_id = c.collection_id and t.term_id = any(@terms::bigint[])) w
 where c.name = @name`

// readCollection reads the row named name, and how many chunks have each of the
// terms. No row is ErrUnknownCollection.
func (s *Searcher) readCollection(ctx context.Context, name string, terms []int64) (collection, frequencies, error) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return collection{}, nil, fmt.Errorf("%w: %q", ErrUnknownCollection, name)
	}
	var c collection
	var raw []byte
	var ids, counts []int64
	err := s.pool.QueryRow(ctx, collectionSQL, pgx.NamedArgs{"name": name, "terms": terms}).
		Scan(&c.ID, &raw, &c.SpaceID, &c.Model, &c.Fingerprint, &c.Dim, &c.Documents, &c.Chunks, &c.LengthSum, &c.Restricted, &c.Indexed, &ids, &counts)
	if errors.Is(err, pgx.ErrNoRows) {
		return collection{}, nil, fmt.Errorf("%w: %q", ErrUnknownCollection, name)
	}
	if err != nil {
		return collection{}, nil, fmt.Errorf("read collection %q: %w", name, err)
	}
	c.Settings = defaults
	if err := json.Unmarshal(raw, &c.Settings); err != nil {
		return collection{}, nil, fmt.Errorf("settings of collection %q: %w", name, err)
	}
	of := make(frequencies, len(ids))
	for i, id := range ids {
		of[id] = counts[i]
	}
	return c, of, nil
}

// base and slope are BM25's: k1·(1 − b) and k1·b/average length.
func (c collection) base() float64 { return c.Settings.K1 * (1 - c.Settings.B) }

func (c collection) slope() float64 {
	average := float64(c.LengthSum) / float64(max(c.Chunks, 1))
	return c.Settings.K1 * c.Settings.B / max(average, 1)
}

// checkModel tells whether the model at hand made the collection's vectors.
func (s *Searcher) checkModel(c collection) error {
	if info := s.model.Info(); c.Fingerprint != info.Fingerprint {
		return fmt.Errorf("%w: the collection was embedded by %s (%s), this server has %s (%s)",
			ErrModelMismatch, c.Model, c.Fingerprint, info.Name, info.Fingerprint)
	}
	return nil
}

// languages remembers those of the collections that can be searched, so that a
// search can begin with a query's words before it has read what language they are
// in. Safe for concurrent use.
type languages struct {
	mu sync.Mutex
	of map[string]string // by collection's name
}

// maxLanguages bounds the collections remembered.
const maxLanguages = 10_000

// last is the language that was noted last, "" when none is known.
func (l *languages) last(name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[name]
}

// note remembers the next language where it is not the last; "" forgets it.
func (l *languages) note(name, last, next string) {
	if next == last {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if next == "" {
		delete(l.of, name)
		return
	}
	if l.of == nil || len(l.of) >= maxLanguages {
		l.of = map[string]string{}
	}
	l.of[name] = next
}
