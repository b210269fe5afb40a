package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/retrieve"
)

// Store is the tables conversation and message. Safe for concurrent use.
type Store struct{ pool *pgxpool.Pool }

// NewStore returns the store of a migrated database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool} }

// What is kept of texts, in bytes.
const (
	maxTitle  = 200
	maxAnswer = 256 << 10
)

// New begins a conversation of a collection. It is stored with its first
// message, so that a question that fails leaves nothing behind.
func (s *Store) New(ctx context.Context, collection string, owner Owner) (*Conversation, error) {
	c := &Conversation{ID: newID(), owner: owner, fresh: true}
	err := s.pool.QueryRow(ctx, `select collection_id from collection where name = $1`, collection).Scan(&c.collection)
	if errors.Is(err, pgx.ErrNoRows) {
		err = retrieve.ErrUnknownCollection
	}
	if err != nil {
		return nil, fmt.Errorf("begin a conversation in %q: %w", collection, err)
	}
	return c, nil
}

// Create stores a conversation without messages.
func (s *Store) Create(ctx context.Context, collection string, owner Owner) (*Conversation, error) {
	c, err := s.New(ctx, collection, owner)
	if err != nil {
		return nil, err
	}
	err = s.pool.QueryRow(ctx, `
		insert into conversation (collection_id, conversation_id, owner) values ($1, $2, $3) returning created_at, updated_at`,
		c.collection, c.ID, owner[:]).Scan(&c.CreatedAt, &c.UpdatedAt)
	if err != nil {
		return nil, fmt.Errorf("create a conversation in %q: %w", collection, err)
	}
	c.fresh = false
	return c, nil
}

const selectConversation = `
select v.collection_id, v.conversation_id, v.title, v.turns, v.summary, v.summarized, v.created_at, v.updated_at
  from conversation v join collection c using (collection_id)
 where c.name = @collection and v.owner = @owner`

func scanConversation(row pgx.CollectableRow) (c Conversation, err error) {
	err = row.Scan(&c.collection, &c.ID, &c.Title, &c.Turns, &c.summary, &c.summarized, &c.CreatedAt, &c.UpdatedAt)
	return c, err
}

// Open returns a conversation of owner's; ErrUnknown when it is another's too.
func (s *Store) Open(ctx context.Context, collection, id string, owner Owner) (*Conversation, error) {
	if !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return nil, fmt.Errorf("conversation %q: %w", id, ErrUnknown)
	}
	rows, err := s.pool.Query(ctx, selectConversation+` and v.conversation_id = @id`,
		pgx.NamedArgs{"collection": collection, "owner": owner[:], "id": id})
	if err != nil {
		return nil, fmt.Errorf("conversation %q: %w", id, err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanConversation)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrUnknown
	}
	if err != nil {
		return nil, fmt.Errorf("conversation %q: %w", id, err)
	}
	c.owner = owner
	return &c, nil
}

// List returns owner's conversations, the last one used first: at most limit of
// those used before a time, and of that very time those with a smaller id. A zero
// time is the beginning.
func (s *Store) List(ctx context.Context, collection string, owner Owner, before time.Time, id string, limit int) ([]Conversation, error) {
	rows, err := s.pool.Query(ctx, selectConversation+`
		   and (@first or (v.updated_at, v.conversation_id) < (@before::timestamptz, @id))
		 order by v.updated_at desc, v.conversation_id desc limit @limit`, pgx.NamedArgs{
		"collection": collection, "owner": owner[:], "first": before.IsZero(), "before": before, "id": id, "limit": limit,
	})
	if err != nil {
		return nil, fmt.Errorf("list conversations of %q: %w", collection, err)
	}
	all, err := pgx.CollectRows(rows, scanConversation)
	if err != nil {
		return nil, fmt.Errorf("list conversations of %q: %w", collection, err)
	}
	return all, nil
}

// Delete removes a conversation and its messages, and in the same transaction has
// forget remove what else is kept of the questions that were answered, as they were
// searched for. A conversation that is not owner's is ErrUnknown.
func (s *Store) Delete(ctx context.Context, collection, id string, owner Owner,
	forget func(ctx context.Context, tx pgx.Tx, collection int64, questions []string) error,
) error {
	c, err := s.Open(ctx, collection, id, owner)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The lock comes first: what Append adds before it is read, and nothing after.
		var asked []string
		if _, err := tx.Exec(ctx, `select from conversation where collection_id = $1 and conversation_id = $2 for update`, c.collection, c.ID); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `select coalesce(array_agg(standalone), '{}') from message where collection_id = $1 and conversation_id = $2`,
			c.collection, c.ID).Scan(&asked)
		if err != nil {
			return err
		}
		if err := forget(ctx, tx, c.collection, asked); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from conversation where collection_id = $1 and conversation_id = $2`, c.collection, c.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete conversation %q: %w", id, err)
	}
	return nil
}

// Messages returns at most limit messages after a turn, in order.
func (s *Store) Messages(ctx context.Context, c *Conversation, after, limit int) ([]Message, error) {
	return s.messages(ctx, c, `turn > @after order by turn limit @limit`, after, limit)
}

// last returns at most limit messages after a turn, the last ones, in order.
func (s *Store) last(ctx context.Context, c *Conversation, after, limit int) ([]Message, error) {
	all, err := s.messages(ctx, c, `turn > @after order by turn desc limit @limit`, after, limit)
	slices.Reverse(all)
	return all, err
}

func (s *Store) messages(ctx context.Context, c *Conversation, which string, after, limit int) ([]Message, error) {
	rows, err := s.pool.Query(ctx, `
		select turn, question, standalone, answer, model, verdict, citations, created_at
		  from message where collection_id = @collection and conversation_id = @id and `+which,
		pgx.NamedArgs{"collection": c.collection, "id": c.ID, "after": after, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("messages of %q: %w", c.ID, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Message, err error) {
		err = row.Scan(&m.Turn, &m.Question, &m.Standalone, &m.Answer, &m.Model, &m.Verdict, &m.Citations, &m.CreatedAt)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("messages of %q: %w", c.ID, err)
	}
	return all, nil
}

// The row of the conversation is locked, so that turns asked at once get numbers
// one after the other.
const appendSQL = `
with v as (
  update conversation set turns = turns + 1, title = case when turns = 0 then @title else title end, updated_at = now()
   where collection_id = @collection and conversation_id = @id returning turns)
insert into message (collection_id, conversation_id, turn, question, standalone, answer, model, verdict, citations)
select @collection, @id, v.turns, @question, @standalone, @answer, @model, @verdict, @citations from v`

// Append adds a message, whose turn is the next. A conversation that was deleted
// meanwhile stays deleted, and that is no error.
func (s *Store) Append(ctx context.Context, c *Conversation, m Message) error {
	if m.Citations == nil {
		m.Citations = []Citation{}
	}
	args := pgx.NamedArgs{
		"collection": c.collection, "id": c.ID, "title": cut(m.Question, maxTitle),
		"question": storable(m.Question), "standalone": storable(m.Standalone), "answer": cut(m.Answer, maxAnswer),
		"model": m.Model, "verdict": m.Verdict, "citations": m.Citations,
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if c.fresh {
			_, err := tx.Exec(ctx, `insert into conversation (collection_id, conversation_id, owner) values ($1, $2, $3)`,
				c.collection, c.ID, c.owner[:])
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, appendSQL, args)
		return err
	})
	if err != nil {
		return fmt.Errorf("add to conversation %q: %w", c.ID, err)
	}
	c.fresh = false
	return nil
}

// summarize stores what stands for the turns up to one, unless a later summary
// came first.
func (s *Store) summarize(ctx context.Context, c *Conversation, summary string, turn int) error {
	_, err := s.pool.Exec(ctx, `
		update conversation set summary = $3, summarized = $4
		 where collection_id = $1 and conversation_id = $2 and summarized < $4`, c.collection, c.ID, storable(summary), turn)
	if err != nil {
		return fmt.Errorf("summarize conversation %q: %w", c.ID, err)
	}
	return nil
}

// storable is s as Postgres takes it.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// cut is the start of s of at most n bytes, whole in its runes.
func cut(s string, n int) string {
	if s = storable(s); len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
