package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// upCmd runs every role in one process. After that it is its own client: what
// --docs and --ask do goes through gRPC like everyone else's calls.
type upCmd struct {
	server
	sources
	Docs             []string `env:"-" type:"path" placeholder:"PATH" help:"Ingest these files and folders first, and forget what is gone from them."`
	AllowMassRemoval bool     `env:"-" help:"Let that forget more than half of a folder's documents."`
	watchFlags
	Ask  string `env:"-" placeholder:"QUESTION" help:"Then ask this."`
	Once bool   `env:"-" help:"Exit after that instead of serving on."`
}

// errOnce ends the run after --once.
var errOnce = errors.New("done")

func (c *upCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	began, log := time.Now(), g.logger(term)
	if err := c.early(); err != nil {
		return err
	}
	n, err := openNode(ctx, &c.storage, need{server: true, migrate: true}, term, log)
	if err != nil {
		return err
	}
	defer n.close()
	srv, err := newServer(ctx, n, c.allowing(c.Docs), term, log)
	if err != nil {
		return err
	}
	w, err := ingest.NewWorker(n.jobs, n.ids, n.model, calmly(log), ingest.WorkerOptions{
		Exclusive: c.DatabaseURL == "", Situater: situating(n.situater), TokensPerMinute: c.EmbedRate,
	})
	if err != nil {
		return err
	}
	w.SetSources(c.reading(&c.storage))
	lis, err := listen(c.Listen)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { term.note("%s", stopping) })()
	err = runUntil(ctx, srv, lis, w, func(ctx context.Context) error {
		c.welcome(term, n, lis.Addr().String(), time.Since(began))
		return c.tour(ctx, g, term, dialable(lis.Addr()))
	})
	if errors.Is(err, errOnce) {
		return nil
	}
	return err
}

// early fails on what the user can put right, before anything takes long.
func (c *upCmd) early() error {
	for _, path := range c.Docs {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("--docs: %w", err)
		}
	}
	if err := c.watchFlags.check(c.Docs, false, false); err != nil {
		return err
	}
	lis, err := listen(c.Listen)
	if err != nil {
		return err
	}
	return lis.Close()
}

// allowing returns the serving flags with paths that StartImport may read too:
// who runs the server named them.
func (c *upCmd) allowing(paths []string) *serving {
	s := c.serving
	s.ImportRoots = slices.Clone(s.roots())
	for _, p := range paths {
		s.ImportRoots = append(s.ImportRoots, filepath.Clean(p))
	}
	return &s
}

func (c *upCmd) welcome(term *terminal, n *node, addr string, took time.Duration) {
	where := "private Postgres in " + c.dataDir()
	if c.DatabaseURL != "" {
		where = "your Postgres"
	}
	term.note("Quarry %s is ready in %s: gRPC on %s, %s (%s)", version(), duration(took), addr, where, n.versions)
}

// tour does what --docs, --ask and --once say, and says what can be done next.
func (c *upCmd) tour(ctx context.Context, g *globals, term *terminal, server string) error {
	if len(c.Docs) > 0 || c.Ask != "" {
		if err := withClient(server, func(cl *client) error { return c.firstSteps(ctx, cl, g, term) }); err != nil {
			return err
		}
	}
	if c.Once {
		return errOnce
	}
	c.nextSteps(term, server, g.Collection)
	if c.Watch {
		return withClient(server, func(cl *client) error { return keep(ctx, cl, term, c.watchFlags, c.imports(g)) })
	}
	<-ctx.Done()
	return nil
}

// imports is what --docs asks for.
func (c *upCmd) imports(g *globals) *quarryv1.StartImportRequest {
	return &quarryv1.StartImportRequest{Collection: g.Collection, Paths: c.Docs, Sync: true, AllowMassRemoval: c.AllowMassRemoval}
}

func (c *upCmd) firstSteps(ctx context.Context, cl *client, g *globals, term *terminal) error {
	if err := cl.ensureCollection(ctx, g.Collection); err != nil {
		return err
	}
	if len(c.Docs) > 0 {
		for _, p := range c.Docs {
			term.note("Ingesting %s", clean(p))
		}
		if err := importPaths(ctx, cl, term, c.imports(g)); err != nil {
			return err
		}
	}
	if err := settle(ctx, cl, term, g.Collection, nil); err != nil {
		return err
	}
	if c.Ask == "" {
		return nil
	}
	term.note("\nQ: %s", clean(c.Ask))
	return ask(ctx, cl, term, &quarryv1.AskRequest{Collection: g.Collection, Question: c.Ask})
}

func (c *upCmd) nextSteps(term *terminal, server, collection string) {
	flag := ""
	if server != "127.0.0.1:7447" {
		flag = " --server " + server
	}
	if collection != "default" {
		flag += " -c " + collection
	}
	term.note("\nServing until Ctrl-C. In another terminal:")
	term.note("  %s ask%s \"…\"\n  %s search%s \"…\"\n  %s ingest%s PATH…", term.program, flag, term.program, flag, term.program, flag)
	term.note("  grpcurl -plaintext -d '{\"collection\": %q, \"question\": \"…\"}' %s quarry.v1.QueryService/Ask", collection, server)
}

// dialable is the address by which this machine reaches a listener, which may
// listen on all interfaces.
func dialable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.String()
}
