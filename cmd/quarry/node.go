package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/generate"
	formats "github.com/quarry-rag/quarry/ingest/parse"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/internal/pgserver"
	"github.com/quarry-rag/quarry/internal/runtime"
	"github.com/quarry-rag/quarry/migrations"
	"github.com/quarry-rag/quarry/retrieve/embed"
	"github.com/quarry-rag/quarry/retrieve/embed/onnx"
)

// node is what every server role stands on: a migrated database and the
// embedding model. close gives it all back.
type node struct {
	pool     *pgxpool.Pool // of those who call
	search   *pgxpool.Pool // of searches, whose statements need no planning anew
	jobs     *pgxpool.Pool // of the worker, so that callers cannot starve it
	ids      *ids.Source
	model    embed.Model
	queries  *embed.Breaker     // the model, for what somebody waits for
	situater *generate.Situater // nil without a chat model
	versions string             // of Postgres, pgvector and the model, for people
	closers  []func()
}

// need says which parts a role uses.
type need struct {
	// server: start a private Postgres unless the user named one.
	server bool
	// migrate the database, rather than trust that someone did.
	migrate bool
}

// openNode makes the runtime where it is missing, and then opens the database
// and the model side by side.
func openNode(ctx context.Context, s *storage, want need, term *terminal, log *slog.Logger) (_ *node, err error) {
	if s.DatabaseURL == "" && !want.server {
		return nil, errors.New("this role needs a database that others share: set --database-url (QUARRY_DATABASE_URL), or run `quarry up`")
	}
	n := &node{}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	rt, err := ensureRuntime(ctx, s, term)
	if err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	var db, model node
	g.Go(func() error { return db.openDatabase(gctx, s, rt, want, term, log) })
	g.Go(func() error { return model.openModel(s, rt) })
	err = g.Wait()
	*n = db
	n.queries = embed.NewBreaker(model.model)
	n.model, n.closers = model.model, append(n.closers, model.closers...)
	if err != nil {
		return nil, err
	}
	n.versions += ", " + n.model.Info().Name
	return n, nil
}

// ensureRuntime returns the runtime folder, made if need be, with its progress shown.
func ensureRuntime(ctx context.Context, s *storage, term *terminal) (runtime.Runtime, error) {
	formats.CacheDir = filepath.Join(s.home(), "cache", "pdf")
	if s.Runtime != "" {
		return runtime.At(s.Runtime), nil
	}
	if s.DatabaseURL != "" && s.EmbedModel != "" {
		return runtime.Runtime{}, nil // nothing of it is used
	}
	p := newProgress(term, time.Now)
	defer p.end()
	return runtime.Ensure(ctx, runtime.Options{Home: s.home(), Progress: func(e runtime.Event) {
		switch {
		case e.Done:
			p.end()
			term.note("%s: %s", e.Step, duration(e.Took))
		case e.Total > 0:
			p.say(fmt.Sprintf("%s: %s of %s", e.Step, size(e.Bytes), size(e.Total)))
		default:
			p.step(e.Step)
		}
	}})
}

func (n *node) openDatabase(ctx context.Context, s *storage, rt runtime.Runtime, want need, term *terminal, log *slog.Logger) error {
	dsn := s.DatabaseURL
	if dsn == "" {
		url, err := n.startPostgres(ctx, s, rt, term, log)
		if err != nil {
			return err
		}
		dsn = url
	}
	if err := pgconn.Check(ctx, dsn); err != nil {
		return err
	}
	if err := schema(ctx, dsn, want.migrate); err != nil {
		return err
	}
	var err error
	if n.pool, err = pgconn.Open(ctx, dsn, pgconn.Options{}); err != nil {
		return err
	}
	n.closers = append(n.closers, n.pool.Close)
	if n.search, err = pgconn.Open(ctx, dsn, pgconn.Options{FixedPlans: true}); err != nil {
		return err
	}
	n.closers = append(n.closers, n.search.Close)
	if n.jobs, err = pgconn.Open(ctx, dsn, pgconn.Options{}); err != nil {
		return err
	}
	n.closers = append(n.closers, n.jobs.Close)
	if n.ids, err = ids.Open(ctx, n.pool); err != nil {
		return err
	}
	return n.pool.QueryRow(ctx, `select 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) || ', pgvector ' ||
		(select extversion from pg_extension where extname = 'vector')`).Scan(&n.versions)
}

// schema brings the database to this version, or makes sure that someone has.
func schema(ctx context.Context, dsn string, migrate bool) error {
	if migrate {
		return migrations.Up(ctx, dsn)
	}
	err := migrations.Check(ctx, dsn)
	if errors.Is(err, migrations.ErrBehind) {
		return fmt.Errorf("%w: run `quarry migrate`", err)
	}
	return err
}

// stopPostgres bounds a clean shutdown of the private server.
const stopPostgres = 30 * time.Second

func (n *node) startPostgres(ctx context.Context, s *storage, rt runtime.Runtime, term *terminal, log *slog.Logger) (string, error) {
	pg, err := pgserver.Start(ctx, pgserver.Options{
		Bin: rt.PostgresBin, Data: s.dataDir(), Logger: log,
		Progress: func(step string, took time.Duration) {
			if took > time.Second {
				term.note("%s: %s", step, duration(took))
			}
		},
	})
	if err != nil {
		return "", err
	}
	n.closers = append(n.closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopPostgres)
		defer cancel()
		if err := pg.Stop(ctx); err != nil {
			log.Error("stop Postgres", "err", err)
		}
	})
	return pg.URL(), nil
}

func (n *node) openModel(s *storage, rt runtime.Runtime) error {
	if s.EmbedModel != "" {
		m, err := embed.NewOpenAI(embed.OpenAIConfig{BaseURL: s.EmbedBaseURL, Key: s.EmbedKey, Model: s.EmbedModel, Dim: s.EmbedDim})
		n.model = m
		return err
	}
	m, err := onnx.Open(rt.OnnxLib, rt.ModelDir, onnx.Options{})
	if err != nil {
		return err
	}
	n.model = m
	n.closers = append(n.closers, func() { m.Close() })
	return nil
}

// close gives back what was opened, the last first.
func (n *node) close() {
	for i := len(n.closers) - 1; i >= 0; i-- {
		n.closers[i]()
	}
	n.closers = nil
}
