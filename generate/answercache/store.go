package answercache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgvector/pgvector-go"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/retrieve"
)

// Get returns the answer of a slot; nil when there is none. Each of its quotes
// was compared with the stored bytes. What goes wrong is a miss, and logged; only
// ctx's end is an error.
func (c *Cache) Get(ctx context.Context, s *Slot) (*Entry, error) {
	e, err := c.get(ctx, s)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		c.o.Log.Warn("the answer cache was not read", "err", err)
		return nil, nil
	}
	return e, nil
}

func (c *Cache) get(ctx context.Context, s *Slot) (*Entry, error) {
	var body []byte
	var madeAt time.Time
	var cost *int64
	err := c.pool.QueryRow(ctx, `
		select body, created_at, nano_dollars from cached_answer
		 where collection_id = $1 and key = $2 and content_version = $3 and created_at <= $4 and expires_at > $4`,
		s.collection, s.Key[:], s.version, c.o.Now()).Scan(&body, &madeAt, &cost)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.proved(ctx, body, madeAt, cost)
}

// proved reads an entry; nil when a quote of it is not what is stored.
func (c *Cache) proved(ctx context.Context, body []byte, madeAt time.Time, cost *int64) (*Entry, error) {
	e, err := read(body)
	if err != nil {
		return nil, err
	}
	e.MadeAt, e.NanoDollars = madeAt, cost
	for _, event := range e.Events {
		cited, ok := event.(generate.Citation)
		if !ok {
			continue
		}
		if cited.Passage < 1 || cited.Passage > len(e.Found.Passages) {
			return nil, fmt.Errorf("a citation of passage %d of %d", cited.Passage, len(e.Found.Passages))
		}
		stored, err := c.source.Bytes(ctx, e.Found.Passages[cited.Passage-1], cited.Start, cited.End)
		if errors.Is(err, retrieve.ErrGone) || err == nil && string(stored) != cited.Quote {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

const putSQL = `
insert into cached_answer (collection_id, key, scope, content_version, question, vector, body, nano_dollars, created_at, expires_at)
select @collection, @key, @scope, @version, @question, @vector, @body, @cost, @now, @expires
 where exists (select from collection where collection_id = @collection)
    on conflict (collection_id, key) do update
   set body = excluded.body, vector = excluded.vector, nano_dollars = excluded.nano_dollars,
       created_at = excluded.created_at, expires_at = excluded.expires_at`

// pruneEach so many puts, the oldest and the stale are removed.
const pruneEach = 100

// Put keeps an answer that was made for a slot after it was read, when it is worth
// keeping: whole, answered or not in the documents, by a search that missed
// nothing, and by a model that no spent budget chose. What goes wrong is logged.
func (c *Cache) Put(ctx context.Context, s *Slot, e *Entry) {
	if !worth(e) {
		return
	}
	body, err := write(e)
	if err == nil {
		now := c.o.Now()
		_, cost := Paid(e.Events[len(e.Events)-1].(generate.Done))
		_, err = c.pool.Exec(ctx, putSQL, pgx.NamedArgs{
			"collection": s.collection, "key": s.Key[:], "scope": s.scope[:], "version": s.version, "question": s.question,
			"vector": vectorOf(e), "body": body, "cost": cost, "now": now, "expires": now.Add(c.o.TTL),
		})
	}
	var pg *pgconn.PgError
	switch {
	case err == nil && c.puts.Add(1)%pruneEach == 0:
		err = c.Prune(ctx)
	case errors.Is(err, errTooLarge), errors.As(err, &pg) && pg.Code == "23503": // the collection went meanwhile
		err = nil
	}
	if err != nil && ctx.Err() == nil {
		c.o.Log.Warn("an answer was not kept", "err", err)
	}
}

// vectorOf is nil where there is none.
func vectorOf(e *Entry) any {
	if len(e.Found.Vector) == 0 {
		return nil
	}
	return pgvector.NewHalfVector(e.Found.Vector)
}

// worth tells whether an answer may be given again.
func worth(e *Entry) bool {
	if len(e.Events) == 0 || len(e.Found.Degraded) > 0 {
		return false
	}
	done, whole := e.Events[len(e.Events)-1].(generate.Done)
	if !whole || done.FinishReason != "stop" || slices.ContainsFunc(done.Tries, func(t generate.Try) bool { return t.Code == generate.CodeBudget }) {
		return false
	}
	for _, event := range e.Events {
		if v, ok := event.(generate.Verdict); ok {
			return v.Outcome == generate.Answered || v.Outcome == generate.NotInDocuments
		}
	}
	return false
}

// Forget removes the answers to questions that were asked of a collection, whoever
// asked them: for those whose conversation is deleted, by tx. It is no matter
// whether answers are kept now: another process may keep them, or did.
func Forget(ctx context.Context, tx pgx.Tx, collection int64, questions []string) error {
	asked := make([]string, len(questions))
	for i, q := range questions {
		asked[i] = normal(q)
	}
	if _, err := tx.Exec(ctx, `delete from cached_answer where collection_id = $1 and question = any($2)`, collection, asked); err != nil {
		return fmt.Errorf("forget answers: %w", err)
	}
	return nil
}

// Prune removes what may not be given again any more, and the oldest of what is
// too many.
func (c *Cache) Prune(ctx context.Context) error {
	now := c.o.Now()
	b := &pgx.Batch{}
	b.Queue(`delete from cached_answer a using collection_stats t
		where t.collection_id = a.collection_id and (a.content_version < t.version or a.expires_at <= $1)`, now)
	b.Queue(`delete from cached_answer where (collection_id, key) in
		(select collection_id, key from cached_answer order by created_at desc, key offset $1)`, c.o.MaxEntries)
	if err := c.pool.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("prune the answer cache: %w", err)
	}
	return nil
}

// pruneEvery so long, also when nobody asks: text of deleted documents does not stay.
const pruneEvery = time.Minute

// Run prunes now and then until ctx ends.
func (c *Cache) Run(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := c.Prune(ctx); err != nil && ctx.Err() == nil {
				c.o.Log.Warn("the answer cache was not pruned", "err", err)
			}
		}
	}
}
