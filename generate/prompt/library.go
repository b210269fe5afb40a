package prompt

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Library is the prompts of a migrated database. Safe for concurrent use.
type Library struct {
	pool *pgxpool.Pool

	mu   sync.Mutex
	read map[Ref]*Template // versions do not change
}

// NewLibrary returns the library of a migrated database.
func NewLibrary(pool *pgxpool.Pool) *Library { return &Library{pool: pool, read: map[Ref]*Template{}} }

// maxRead bounds the templates held in memory.
const maxRead = 128

// Ref names a prompt. Version 0 is its newest.
type Ref struct {
	Name    string
	Version int
}

// ParseRef reads "support" or "support@3". Its error is an *Invalid.
func ParseRef(s string) (Ref, error) {
	name, version, exact := strings.Cut(s, "@")
	n, err := strconv.Atoi(version)
	if !validName.MatchString(name) || exact && (err != nil || n < 1) {
		return Ref{}, invalid("prompt", "%.100q: want a name, or a name and a version as in support@3", s)
	}
	return Ref{name, n}, nil
}

func (r Ref) String() string {
	if r.Version == 0 {
		return r.Name
	}
	return fmt.Sprintf("%s@%d", r.Name, r.Version)
}

// builtIn tells whether the prompt is the one of this binary. Its name is taken.
func (r Ref) builtIn() bool { return r.Name == Default().Name }

// Stored is a version in the library.
type Stored struct {
	*Template
	CreatedAt time.Time // zero of the built-in one
	CreatedBy string    // as the client named itself
}

// Push checks a file and stores it as its prompt's next version, unless it is
// the newest already; created tells which. An *Invalid says what is wrong.
func (l *Library) Push(ctx context.Context, source, by string) (t *Template, created bool, err error) {
	t, err = Parse(source)
	if err != nil {
		return nil, false, err
	}
	if (Ref{Name: t.Name}).builtIn() {
		return nil, false, invalid("source", "name %q: this prompt is built in; give yours another name", t.Name)
	}
	for range 8 {
		if created, err = l.insert(ctx, t, by); !collided(err) {
			break
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("push prompt %q: %w", t.Name, err)
	}
	return t, created, nil
}

// insert gives t its version. Another push may take the number at the same time.
func (l *Library) insert(ctx context.Context, t *Template, by string) (created bool, err error) {
	err = l.pool.QueryRow(ctx, `
		with newest as (select version, source from prompt where name = @name order by version desc limit 1),
		added as (
		  insert into prompt (name, version, source, created_by)
		  select @name, coalesce((select version from newest), 0) + 1, @source, @by
		   where not exists (select from newest where source = @source)
		  returning version)
		select version, true from added union all
		select version, false from newest where not exists (select from added)`,
		pgx.NamedArgs{"name": t.Name, "source": t.Source, "by": by}).Scan(&t.Version, &created)
	return created, err
}

func collided(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "23505"
}

// Get returns a version, or ErrUnknown.
func (l *Library) Get(ctx context.Context, r Ref) (Stored, error) {
	if r.builtIn() {
		if r.Version != 0 && r.Version != Default().Version {
			return Stored{}, fmt.Errorf("prompt %s: %w", r, ErrUnknown)
		}
		return Stored{Template: Default()}, nil
	}
	rows, err := l.pool.Query(ctx, `
		select name, version, source, created_at, created_by from prompt
		 where name = @name and (@version = 0 or version = @version) order by version desc limit 1`,
		pgx.NamedArgs{"name": r.Name, "version": r.Version})
	if err != nil {
		return Stored{}, fmt.Errorf("get prompt %s: %w", r, err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, stored)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrUnknown
	}
	if err != nil {
		return Stored{}, fmt.Errorf("get prompt %s: %w", r, err)
	}
	return s, nil
}

func stored(row pgx.CollectableRow) (Stored, error) {
	var s Stored
	var r Ref
	var source string
	if err := row.Scan(&r.Name, &r.Version, &source, &s.CreatedAt, &s.CreatedBy); err != nil {
		return s, err
	}
	t, err := Parse(source)
	if err != nil { // stored by a version that allowed more
		return s, fmt.Errorf("prompt %s no longer passes: %v", r, err)
	}
	t.Version = r.Version
	s.Template = t
	return s, nil
}

// Template is Get for answering: what was read once is not read again.
func (l *Library) Template(ctx context.Context, r Ref) (*Template, error) {
	l.mu.Lock()
	t := l.read[r]
	l.mu.Unlock()
	if t != nil {
		return t, nil
	}
	s, err := l.Get(ctx, r)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.read) >= maxRead {
		clear(l.read)
	}
	if r.Version != 0 {
		l.read[r] = s.Template
	}
	return s.Template, nil
}

// Info is what a list says of a version.
type Info struct {
	Ref
	CreatedAt time.Time
	CreatedBy string
}

// maxList of versions or activations.
const maxList = 1000

// List returns the newest 1,000 versions, by name and the newest first; the
// built-in prompt is not among them.
func (l *Library) List(ctx context.Context) ([]Info, error) {
	rows, err := l.pool.Query(ctx, `
		select name, version, created_at, created_by from
		  (select * from prompt order by created_at desc limit @limit) p
		 order by name, version desc`, pgx.NamedArgs{"limit": maxList})
	if err != nil {
		return nil, fmt.Errorf("list prompts: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Info, error) {
		var i Info
		return i, row.Scan(&i.Name, &i.Version, &i.CreatedAt, &i.CreatedBy)
	})
	if err != nil {
		return nil, fmt.Errorf("list prompts: %w", err)
	}
	return out, nil
}
