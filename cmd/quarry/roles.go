package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/conversation"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/ingest"
	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/migrations"
	"github.com/quarry-rag/quarry/retrieve"
)

// stopping is said when a role was told to stop.
const stopping = "Stopping: running calls and jobs get up to 10 seconds; Ctrl-C again to end at once"

// serveCmd runs the gRPC server over a database that workers share.
type serveCmd struct{ server }

func (c *serveCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	log := g.logger(term)
	n, err := openNode(ctx, &c.storage, need{}, term, log)
	if err != nil {
		return err
	}
	defer n.close()
	srv, err := newServer(ctx, n, &c.serving, term, log)
	if err != nil {
		return err
	}
	lis, err := listen(c.Listen)
	if err != nil {
		return err
	}
	term.note("Serving gRPC on %s (%s)", lis.Addr(), n.versions)
	defer context.AfterFunc(ctx, func() { term.note("%s", stopping) })()
	return srv.Run(ctx, lis)
}

// workCmd runs one ingestion worker; any number of them may run.
type workCmd struct {
	storage
	sources
	chatting
}

func (c *workCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	log := g.logger(term)
	n, err := openNode(ctx, &c.storage, need{}, term, log)
	if err != nil {
		return err
	}
	defer n.close()
	answerers, _, err := newAnswerers(ctx, n, &c.chatting, retrieve.New(n.jobs, n.queries, retrieve.Options{}), log)
	if err != nil {
		return err
	}
	n.situater = newSituater(answerers, ledger.New(n.pool), log)
	w, err := ingest.NewWorker(n.jobs, n.ids, n.model, calmly(log), ingest.WorkerOptions{
		Situater: situating(n.situater), TokensPerMinute: c.EmbedRate,
	})
	if err != nil {
		return err
	}
	w.SetSources(c.reading(&c.storage))
	term.note("Working (%s)", n.versions)
	defer context.AfterFunc(ctx, func() { term.note("%s", stopping) })()
	return w.Run(ctx)
}

// setupCmd makes the runtime folder and nothing else.
type setupCmd struct{ storage }

func (c *setupCmd) Run(ctx context.Context, term *terminal) error {
	rt, err := ensureRuntime(ctx, &c.storage, term)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(term.out, rt.Dir)
	return err
}

// migrateCmd brings a database of the user's own to this version.
type migrateCmd struct{ storage }

func (c *migrateCmd) Run(ctx context.Context, term *terminal) error {
	if c.DatabaseURL == "" {
		return errors.New("set --database-url (QUARRY_DATABASE_URL); `quarry up` migrates its private database by itself")
	}
	if err := pgconn.Check(ctx, c.DatabaseURL); err != nil {
		return err
	}
	if err := migrations.Up(ctx, c.DatabaseURL); err != nil {
		return err
	}
	term.note("The database is at this version's schema")
	return nil
}

// newServer wires the gRPC server to the node.
func newServer(ctx context.Context, n *node, s *serving, term *terminal, log *slog.Logger) (*api.Server, error) {
	ingester, err := ingest.New(n.pool, n.ids, ingest.Options{})
	if err != nil {
		return nil, err
	}
	reranker, err := s.reranker()
	if err != nil {
		return nil, err
	}
	// Answerers only read stored bytes through it; the one that searches needs them.
	source := retrieve.New(n.search, n.queries, retrieve.Options{})
	answerers, why, err := newAnswerers(ctx, n, &s.chatting, source, log)
	if err != nil {
		return nil, err
	}
	searcher := retrieve.New(n.search, n.queries, retrieve.Options{
		Reranker: reranker, Rewriter: rewriter(answerers, ledger.New(n.pool), log), Log: log,
	})
	n.situater = newSituater(answerers, ledger.New(n.pool), log)
	term.note("%s", why)
	cache, err := newCache(n, s, searcher, log)
	if err != nil {
		return nil, err
	}
	return api.New(api.Parts{
		Catalog:       ingest.NewCatalog(n.pool, n.ids, n.model.Info()),
		Ingester:      ingester,
		Searcher:      searcher,
		Answerers:     answerers,
		Ledger:        ledger.New(n.pool),
		Prompts:       prompt.NewLibrary(n.pool),
		Situater:      n.situater,
		Conversations: conversation.NewStore(n.pool),
		Cache:         cache,
	}, log, api.Options{ImportRoots: s.roots(), ImportURLs: s.urls()})
}

// listen opens the gRPC port, and says what to do when it is taken.
func listen(addr string) (net.Listener, error) {
	lis, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken, perhaps by another Quarry: stop that one, or choose another with --listen HOST:PORT", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return lis, nil
}

// runUntil runs the server, and the worker for as long as the server: jobs go on
// while the last calls finish. It returns when both have stopped.
func runUntil(ctx context.Context, srv *api.Server, lis net.Listener, w *ingest.Worker, also func(context.Context) error) error {
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer stopWorking()
		return srv.Run(ctx, lis)
	})
	g.Go(func() error { return w.Run(working) })
	g.Go(func() error { return also(ctx) })
	return g.Wait()
}
