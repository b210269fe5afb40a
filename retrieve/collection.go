package retrieve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// collection is what a search must know of one. It is read for every search, a
// third of a millisecond, so that nothing of it can be stale.
type collection struct {
	ID          int64
	Settings    settings
	SpaceID     int64
	Model       string
	Fingerprint string
	Dim         int
	Documents   int64
	Chunks      int64
	Restricted  bool // some document is not for everyone
	Indexed     bool // the space has an HNSW index to use
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

// to_regclass finds the index by the search path, as ingest made it; it is there
// but not valid while it is being built.
const collectionSQL = `
select c.collection_id, c.settings,
       coalesce(s.space_id, 0), coalesce(s.model, ''), coalesce(s.fingerprint, ''), coalesce(s.dim, 0),
       coalesce(st.documents, 0), coalesce(st.chunks, 0),
       exists (select from document d where d.collection_id = c.collection_id and d.principals <> '{}'),
       coalesce((select i.indisvalid from pg_index i
                  where i.indexrelid = to_regclass('embedding_hnsw_' || s.space_id)), false)
  from collection c
  left join collection_stats st on st.collection_id = c.collection_id
  left join space s on s.collection_id = c.collection_id and s.space_id = c.active_space_id
 where c.name = @name`

// readCollection reads the row named name. None is ErrUnknownCollection.
func (s *Searcher) readCollection(ctx context.Context, name string) (collection, error) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return collection{}, fmt.Errorf("%w: %q", ErrUnknownCollection, name)
	}
	var c collection
	var raw []byte
	err := s.pool.QueryRow(ctx, collectionSQL, pgx.NamedArgs{"name": name}).
		Scan(&c.ID, &raw, &c.SpaceID, &c.Model, &c.Fingerprint, &c.Dim, &c.Documents, &c.Chunks, &c.Restricted, &c.Indexed)
	if errors.Is(err, pgx.ErrNoRows) {
		return collection{}, fmt.Errorf("%w: %q", ErrUnknownCollection, name)
	}
	if err != nil {
		return collection{}, fmt.Errorf("read collection %q: %w", name, err)
	}
	c.Settings = defaults
	if err := json.Unmarshal(raw, &c.Settings); err != nil {
		return collection{}, fmt.Errorf("settings of collection %q: %w", name, err)
	}
	return c, nil
}

// checkModel tells whether the model at hand made the collection's vectors.
func (s *Searcher) checkModel(c collection) error {
	if info := s.model.Info(); c.Fingerprint != info.Fingerprint {
		return fmt.Errorf("%w: the collection was embedded by %s (%s), this server has %s (%s)",
			ErrModelMismatch, c.Model, c.Fingerprint, info.Name, info.Fingerprint)
	}
	return nil
}
