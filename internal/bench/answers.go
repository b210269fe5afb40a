package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/ingest"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/internal/runtime"
	"github.com/quarry-rag/quarry/migrations"
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed/onnx"
)

// runAnswers measures what lies between a model's tokens and the client's
// deltas: upstream, server and clients are this one process, so that all share
// its memory and the machine's cores, and figures are upper bounds.
func runAnswers(ctx context.Context) error {
	a := &answers{}
	defer func() { a.close() }()
	if err := a.open(ctx); err != nil {
		return err
	}
	defer func() { a.t.print(os.Stdout) }()
	for _, measure := range []func(context.Context) error{
		a.warm,
		func(ctx context.Context) error { return a.single(ctx, 200) },
		func(ctx context.Context) error { return a.many(ctx, 200, 20) },
		func(ctx context.Context) error { return a.many(ctx, 1000, 60) },
		a.slow, a.cancel,
	} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// answers is a server with a chat model at upstream, and clients.
type answers struct {
	upstream *upstream
	conns    []*grpc.ClientConn
	closers  []func()
	t        table
	asked    int
	busy     time.Duration // of the processor, while hold's answers came
}

func (a *answers) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
}

// collection of the one document that all questions find.
const collection = "answers"

// patience is longer than it takes to begin all streams on a busy machine.
const patience = 9 * time.Minute

// maxStreams is how many answers this server streams at once.
const maxStreams = 1100

func (a *answers) open(ctx context.Context) (err error) {
	if a.upstream, err = startUpstream(); err != nil {
		return err
	}
	a.closers = append(a.closers, a.upstream.stop)
	rt := runtime.At(os.Getenv("QUARRY_TEST_RUNTIME"))
	model, err := onnx.Open(rt.OnnxLib, rt.ModelDir, onnx.Options{})
	if err != nil {
		return fmt.Errorf("run `make bench`: %w", err)
	}
	a.closers = append(a.closers, func() { model.Close() })
	dsn, err := a.database(ctx)
	if err != nil {
		return err
	}
	pool, err := pgconn.Open(ctx, dsn, pgconn.Options{})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, pool.Close)
	source, err := ids.Open(ctx, pool)
	if err != nil {
		return err
	}
	ingester, err := ingest.New(pool, source, ingest.Options{})
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	worker, err := ingest.NewWorker(pool, source, model, log, ingest.WorkerOptions{Exclusive: true})
	if err != nil {
		return err
	}
	searcher := retrieve.New(pool, model, retrieve.Options{})
	// As a server builds it: a route around the model, and what it used in the ledger.
	config := generate.Config{Models: []generate.ModelConfig{{
		Name: "m", Provider: "openai", Model: "m", BaseURL: a.upstream.url, MaxTokens: 40_000, ContextTokens: 100_000,
		FirstTokenTimeout: patience, Timeout: patience,
	}}}
	answerers, err := config.Build(generate.Parts{Extractive: generate.NewExtractive(model, searcher), Source: searcher, Embed: model, Log: log})
	if err != nil {
		return err
	}
	server, err := api.New(api.Parts{
		Catalog: ingest.NewCatalog(pool, source, model.Info()), Ingester: ingester, Searcher: searcher,
		Answerers: answerers, Ledger: ledger.New(pool),
	}, log, api.Options{MaxAnswers: maxStreams, SendTimeout: slowAfter})
	if err != nil {
		return err
	}
	if err := a.serve(worker, server); err != nil {
		return err
	}
	return a.load(ctx)
}

// database makes an empty one, dropped at the end.
func (a *answers) database(ctx context.Context) (string, error) {
	server := os.Getenv("QUARRY_TEST_DATABASE_URL")
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", fmt.Errorf("run `make bench`: %w", err)
	}
	defer admin.Close(ctx)
	name := fmt.Sprintf("bench_answers_%d", os.Getpid())
	if _, err := admin.Exec(ctx, "create database "+name); err != nil {
		return "", err
	}
	config := admin.Config().Copy()
	dsn := fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s", config.Host, config.Port, config.User, config.Password, name)
	return dsn, migrations.Up(ctx, dsn)
}

// serve runs worker and server on a socket until close.
func (a *answers) serve(worker *ingest.Worker, server *api.Server) error {
	dir, err := os.MkdirTemp("", "quarry-bench-")
	if err != nil {
		return err
	}
	a.closers = append(a.closers, func() { os.RemoveAll(dir) })
	lis, err := net.Listen("unix", filepath.Join(dir, "grpc"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return worker.Run(ctx) })
	g.Go(func() error { return server.Run(ctx, lis) })
	a.closers = append(a.closers, func() {
		cancel()
		if err := g.Wait(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	})
	for range maxStreams/100 + 1 { // a connection carries up to 256 streams
		conn, err := grpc.NewClient("unix:"+lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		a.conns = append(a.conns, conn)
		a.closers = append(a.closers, func() { conn.Close() })
	}
	return nil
}

func (a *answers) load(ctx context.Context) error {
	if _, err := pb.NewCollectionServiceClient(a.conns[0]).CreateCollection(ctx, &pb.CreateCollectionRequest{Name: collection}); err != nil {
		return err
	}
	_, err := pb.NewIngestServiceClient(a.conns[0]).PutDocument(ctx, &pb.PutDocumentRequest{
		Collection: collection, Uri: "rivers.txt", MediaType: "text/plain", Wait: true,
		Content: []byte("The Daugava flows into the Gulf of Riga. It is 1,020 km long."),
	})
	return err
}

// stream is one question under way.
type stream struct {
	pb.QueryService_AskClient
	reader reader
	end    context.CancelFunc
}

// ask begins a question and returns when the model is asked it.
func (a *answers) ask(ctx context.Context) (*stream, error) {
	a.asked++
	client := pb.NewQueryServiceClient(a.conns[a.asked%len(a.conns)])
	ctx, cancel := context.WithTimeout(ctx, patience)
	s, err := client.Ask(ctx, &pb.AskRequest{Collection: collection, Question: fmt.Sprintf("How long is the Daugava, for the %d. time?", a.asked)})
	return &stream{QueryService_AskClient: s, end: cancel}, err
}

// step reads one event; io.EOF after the last.
func (s *stream) step() (*pb.AskResponse, error) {
	event, err := s.Recv()
	if err != nil {
		return nil, err
	}
	return event, s.reader.take(event.GetDelta().GetText(), now())
}

// finish reads to the end and checks that nothing was lost.
func (s *stream) finish(tokens int) error {
	defer s.end()
	for {
		_, err := s.step()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if s.reader.next != tokens {
		return fmt.Errorf("%d of %d tokens came", s.reader.next, tokens)
	}
	return nil
}
