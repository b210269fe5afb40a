package ingest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// Collection is a set of documents that are searched together.
type Collection struct {
	ID                int64
	Name, Description string
	Settings          Settings
	// Space is the embedding space that searches read.
	Space Space
	// Documents and Chunks that can be found now.
	Documents, Chunks int64
	// Version grows with every change of content.
	Version   int64
	CreatedAt time.Time
}

// Space is an embedding space: the vectors of one model.
type Space struct {
	ID          int64
	Model       string
	Dim         int
	Fingerprint string
}

// Catalog keeps collections. Safe for concurrent use.
type Catalog struct {
	pool  *pgxpool.Pool
	ids   *ids.Source
	model embed.Info
	queue *queue
}

// NewCatalog returns a Catalog whose new collections are embedded by model.
func NewCatalog(pool *pgxpool.Pool, ids *ids.Source, model embed.Info) *Catalog {
	return &Catalog{pool: pool, ids: ids, model: model, queue: newQueue(pool)}
}

var collectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Create makes an empty collection. It gives ErrCollectionExists when the name
// is taken, and an *Invalid for a name or settings that cannot be.
func (c *Catalog) Create(ctx context.Context, name, description string, s Settings) (Collection, error) {
	if !collectionName.MatchString(name) {
		return Collection{}, &Invalid{"name", `must be 1 to 63 lower-case letters, digits, "-", "_" or ".", the first a letter or digit`}
	}
	if !utf8.ValidString(description) {
		return Collection{}, &Invalid{"description", "is not valid UTF-8"}
	}
	if err := s.Validate(); err != nil {
		return Collection{}, err
	}
	id, space := c.ids.Next(), c.ids.Next()
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`insert into collection (collection_id, name, description, settings, active_space_id) values ($1, $2, $3, $4, $5)`,
			id, name, description, s, space)
		b.Queue(`insert into space (collection_id, space_id, model, fingerprint, dim, state) values ($1, $2, $3, $4, $5, 'ready')`,
			id, space, c.model.Name, c.model.Fingerprint, c.model.Dim)
		b.Queue(`insert into collection_stats (collection_id) values ($1)`, id)
		return tx.SendBatch(ctx, b).Close()
	})
	if pe := (*pgconn.PgError)(nil); errors.As(err, &pe) && pe.ConstraintName == "collection_name_key" {
		return Collection{}, fmt.Errorf("create collection %q: %w", name, ErrCollectionExists)
	}
	if err != nil {
		return Collection{}, fmt.Errorf("create collection %q: %w", name, err)
	}
	return c.Get(ctx, name)
}

const selectCollection = `
	select c.collection_id, c.name, c.description, c.settings, s.space_id, s.model, s.dim, s.fingerprint,
	       t.documents, t.chunks, t.version, c.created_at
	  from collection c
	  join space s on s.collection_id = c.collection_id and s.space_id = c.active_space_id
	  join collection_stats t on t.collection_id = c.collection_id`

func scanCollection(row pgx.CollectableRow) (c Collection, err error) {
	err = row.Scan(&c.ID, &c.Name, &c.Description, &c.Settings, &c.Space.ID, &c.Space.Model, &c.Space.Dim,
		&c.Space.Fingerprint, &c.Documents, &c.Chunks, &c.Version, &c.CreatedAt)
	return c, err
}

// Get gives ErrUnknownCollection when there is no collection of that name.
func (c *Catalog) Get(ctx context.Context, name string) (Collection, error) {
	if !collectionName.MatchString(name) {
		return Collection{}, fmt.Errorf("collection %q: %w", name, ErrUnknownCollection)
	}
	rows, err := c.pool.Query(ctx, selectCollection+` where c.name = $1`, name)
	if err != nil {
		return Collection{}, fmt.Errorf("collection %q: %w", name, err)
	}
	got, err := pgx.CollectExactlyOneRow(rows, scanCollection)
	return got, orUnknown(err, ErrUnknownCollection, "collection %q", name)
}

// List returns all collections by name.
func (c *Catalog) List(ctx context.Context) ([]Collection, error) {
	rows, err := c.pool.Query(ctx, selectCollection+` where c.name not like '~%' order by c.name collate "C"`)
	if err != nil {
		return nil, fmt.Errorf("list collections: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanCollection)
	if err != nil {
		return nil, fmt.Errorf("list collections: %w", err)
	}
	return all, nil
}

// Update replaces the settings.
func (c *Catalog) Update(ctx context.Context, name string, s Settings) (Collection, error) {
	if err := s.Validate(); err != nil {
		return Collection{}, err
	}
	if !collectionName.MatchString(name) {
		return Collection{}, fmt.Errorf("collection %q: %w", name, ErrUnknownCollection)
	}
	// The version moves too: what was cached of the old settings is stale.
	_, err := c.pool.Exec(ctx, `
		with u as (update collection set settings = $2 where name = $1 returning collection_id)
		update collection_stats t set version = t.version + 1 from u where t.collection_id = u.collection_id`, name, s)
	if err != nil {
		return Collection{}, fmt.Errorf("update collection %q: %w", name, err)
	}
	return c.Get(ctx, name)
}

// Delete makes the collection unknown at once; a job removes its rows. Its name
// is free when Delete returns.
func (c *Catalog) Delete(ctx context.Context, name string) error {
	if !collectionName.MatchString(name) {
		return fmt.Errorf("delete collection %q: %w", name, ErrUnknownCollection)
	}
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		var id int64
		// Changing a unique column waits for every transaction that holds the
		// row for key share, so no writer is left behind (see lockCollection).
		err := tx.QueryRow(ctx, `update collection set name = '~' || collection_id where name = $1 returning collection_id`, name).Scan(&id)
		if err != nil {
			return err
		}
		return c.queue.insert(ctx, tx, dropArgs{CollectionID: id}, 1)
	})
	return orUnknown(err, ErrUnknownCollection, "delete collection %q", name)
}

// orUnknown wraps err, with unknown in place of "no rows". nil stays nil.
func orUnknown(err, unknown error, format string, a ...any) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = unknown
	}
	return fmt.Errorf(format+": %w", append(a, err)...)
}
