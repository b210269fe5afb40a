package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/ingest"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/pgconn"
	quarryrt "github.com/quarry-rag/quarry/internal/runtime"
	"github.com/quarry-rag/quarry/migrations"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
	"github.com/quarry-rag/quarry/retrieve/embed/onnx"
)

// runAnswersServer is the process that answers: a server on a socket, with a chat
// model at upstream. It says a line when it is ready, and for each line that it
// reads one of what it holds and has used; the end of its input ends it.
func runAnswersServer(ctx context.Context, upstream, socket, profiles string) (err error) {
	rt := quarryrt.At(os.Getenv("QUARRY_TEST_RUNTIME"))
	model, err := onnx.Open(rt.OnnxLib, rt.ModelDir, onnx.Options{})
	if err != nil {
		return fmt.Errorf("run `make bench`: %w", err)
	}
	defer model.Close()
	dsn, err := emptyDatabase(ctx)
	if err != nil {
		return err
	}
	pool, err := pgconn.Open(ctx, dsn, pgconn.Options{})
	if err != nil {
		return err
	}
	defer pool.Close()
	worker, server, err := answering(ctx, pool, model, upstream)
	if err != nil {
		return err
	}
	lis, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error { return worker.Run(ctx) })
	g.Go(func() error { return server.Run(ctx, lis) })
	defer func() {
		cancel()
		err = errors.Join(err, g.Wait())
	}()
	return (&gauge{profiles: profiles}).serve(os.Stdin, os.Stdout)
}

// answering is a worker and a server as `quarry serve` builds them: a route around
// the model, and what it used in the ledger.
func answering(ctx context.Context, pool *pgxpool.Pool, model embed.Model, upstream string) (*ingest.Worker, *api.Server, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	source, err := ids.Open(ctx, pool)
	if err != nil {
		return nil, nil, err
	}
	ingester, err := ingest.New(pool, source, ingest.Options{})
	if err != nil {
		return nil, nil, err
	}
	worker, err := ingest.NewWorker(pool, source, model, log, ingest.WorkerOptions{Exclusive: true})
	if err != nil {
		return nil, nil, err
	}
	searcher := retrieve.New(pool, model, retrieve.Options{})
	config := generate.Config{Models: []generate.ModelConfig{{
		Name: "m", Provider: "openai", Model: "m", BaseURL: upstream, MaxTokens: 40_000, ContextTokens: 100_000,
		FirstTokenTimeout: patience, Timeout: patience,
	}}}
	answerers, err := config.Build(generate.Parts{Extractive: generate.NewExtractive(model, searcher), Source: searcher, Embed: model, Log: log})
	if err != nil {
		return nil, nil, err
	}
	server, err := api.New(api.Parts{
		Catalog: ingest.NewCatalog(pool, source, model.Info()), Ingester: ingester, Searcher: searcher,
		Answerers: answerers, Ledger: ledger.New(pool),
	}, log, api.Options{MaxAnswers: maxStreams, SendTimeout: slowAfter})
	return worker, server, err
}

// emptyDatabase makes one on the throwaway server.
func emptyDatabase(ctx context.Context) (dsn string, err error) {
	admin, err := pgx.Connect(ctx, os.Getenv("QUARRY_TEST_DATABASE_URL"))
	if err != nil {
		return "", fmt.Errorf("run `make bench`: %w", err)
	}
	defer admin.Close(ctx)
	name := fmt.Sprintf("bench_answers_%d", os.Getpid())
	if _, err := admin.Exec(ctx, "create database "+name); err != nil {
		return "", err
	}
	c := admin.Config()
	dsn = fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s", c.Host, c.Port, c.User, c.Password, name)
	return dsn, migrations.Up(ctx, dsn)
}

// gauge tells what its process holds and has used.
type gauge struct {
	profiles string // folder of profiles, one of each kind at every reading; "": none
	readings int
	cpu      *os.File
}

func (g *gauge) serve(in io.Reader, out io.Writer) error {
	defer g.stop()
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		used := processor()
		if err := g.profile(); err != nil {
			return err
		}
		heap, stacks := memory()
		if _, err := fmt.Fprintln(out, heap, stacks, int64(used), int64(processor())); err != nil {
			return err
		}
	}
	return nil
}

// profile writes what is held now, and ends the record of what used the
// processor since the reading before.
func (g *gauge) profile() error {
	if g.profiles == "" {
		return nil
	}
	g.stop()
	g.readings++
	for _, name := range []string{"heap", "goroutine"} {
		f, err := os.Create(filepath.Join(g.profiles, fmt.Sprintf("%s-%d", name, g.readings)))
		if err != nil {
			return err
		}
		runtime.GC()
		if err := errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close()); err != nil {
			return err
		}
	}
	var err error
	if g.cpu, err = os.Create(filepath.Join(g.profiles, fmt.Sprintf("cpu-%d", g.readings))); err != nil {
		return err
	}
	return pprof.StartCPUProfile(g.cpu)
}

func (g *gauge) stop() {
	pprof.StopCPUProfile()
	if g.cpu != nil {
		g.cpu.Close()
	}
}

// processor is the time that this process has had of all cores.
func processor() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// memory is what the process holds once what nothing uses is freed, in bytes.
func memory() (heap, stacks uint64) {
	runtime.GC()
	runtime.GC() // what pools hold is freed by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse, m.StackInuse
}
