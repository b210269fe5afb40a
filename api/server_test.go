package api_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/conversation"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/ingest"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/modeltest"
	"github.com/quarry-rag/quarry/internal/pgtest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// rig is a whole server in memory: real Postgres, real model, real worker.
type rig struct {
	conn        *grpc.ClientConn
	collections quarryv1.CollectionServiceClient
	ingest      quarryv1.IngestServiceClient
	query       quarryv1.QueryServiceClient
	// stop ends the server, and the database pool with it; it may be called early.
	stop      context.CancelFunc
	stopped   chan struct{}
	closePool func()
	// stopWorker ends the worker and waits for it; it may be called early.
	stopWorker func()
}

// chatAt is where a test's chat model runs; empty: there is none.
type chatAt string

func newRig(t *testing.T, o api.Options, chat chatAt) *rig {
	t.Helper()
	return newRigOf(t, o, chat, nil)
}

// newRigOf is newRig with more parts.
func newRigOf(t *testing.T, o api.Options, chat chatAt, more func(*pgxpool.Pool, *api.Parts)) *rig {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	pool := pgtest.Pool(t)
	source, err := ids.Open(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	model := modeltest.New(t)
	ingester, err := ingest.New(pool, source, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	worker, err := ingest.NewWorker(pool, source, model, log, ingest.WorkerOptions{Exclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	searcher := retrieve.New(pool, model, retrieve.Options{})
	all := answerers(t, generate.NewExtractive(model, searcher), searcher, chat, log)
	var situater *generate.Situater
	if writer, ok := all[0].(generate.Shorter); ok {
		situater = &generate.Situater{Model: writer}
	}
	parts := api.Parts{
		Catalog:   ingest.NewCatalog(pool, source, model.Info()),
		Ingester:  ingester,
		Searcher:  searcher,
		Answerers: all,
		Situater:  situater,
		Ledger:    ledger.New(pool),
		Prompts:   prompt.NewLibrary(pool),

		Conversations: conversation.NewStore(pool),
	}
	if more != nil {
		more(pool, &parts)
	}
	srv, err := api.New(parts, log, o)
	if err != nil {
		t.Fatal(err)
	}
	r := serve(t, srv, worker)
	r.closePool = pool.Close
	return r
}

func answerers(t *testing.T, x *generate.Extractive, src generate.Source, chat chatAt, log *slog.Logger) []generate.Answerer {
	t.Helper()
	if chat == "" {
		return []generate.Answerer{x}
	}
	var config generate.ChatConfig
	config.Model, config.BaseURL = "chat", string(chat)
	c, err := generate.NewChat(config, src, log)
	if err != nil {
		t.Fatal(err)
	}
	return []generate.Answerer{c, x}
}

// serve runs the server and the worker until the test ends.
func serve(t *testing.T, srv *api.Server, worker *ingest.Worker) *rig {
	t.Helper()
	lis := bufconn.Listen(1 << 20)
	ctx, stop := context.WithCancel(context.Background())
	working, stopWorking := context.WithCancel(context.Background())
	done, worked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Run(ctx, lis); err != nil {
			t.Error(err)
		}
	}()
	go func() {
		defer close(worked)
		if err := worker.Run(working); err != nil && working.Err() == nil {
			t.Error(err)
		}
	}()
	conn, err := grpc.NewClient("passthrough:///mem", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	stopWorker := func() {
		stopWorking()
		<-worked
	}
	t.Cleanup(func() {
		conn.Close()
		stop()
		<-done
		stopWorker()
	})
	return &rig{
		conn: conn, stop: stop, stopped: done, stopWorker: stopWorker,
		collections: quarryv1.NewCollectionServiceClient(conn),
		ingest:      quarryv1.NewIngestServiceClient(conn),
		query:       quarryv1.NewQueryServiceClient(conn),
	}
}

// within bounds a call of a test.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func (r *rig) create(t *testing.T, name string) {
	t.Helper()
	if _, err := r.collections.CreateCollection(within(t), &quarryv1.CreateCollectionRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
}

// put stores a Markdown document and waits until it can be found.
func (r *rig) put(t *testing.T, collection, uri, text string) *quarryv1.PutDocumentResponse {
	t.Helper()
	out, err := r.ingest.PutDocument(within(t), &quarryv1.PutDocumentRequest{
		Collection: collection, Uri: uri, Content: []byte(text), MediaType: "text/markdown", Wait: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.Document.State != quarryv1.DocumentState_DOCUMENT_STATE_READY {
		t.Fatalf("%s is %v: %s", uri, out.Document.State, out.Document.Reason)
	}
	return out
}

// ask returns all events of an answer.
func (r *rig) ask(t *testing.T, in *quarryv1.AskRequest) ([]*quarryv1.AskResponse, error) {
	t.Helper()
	stream, err := r.query.Ask(within(t), in)
	if err != nil {
		t.Fatal(err)
	}
	var events []*quarryv1.AskResponse
	for {
		e, err := stream.Recv()
		if err == io.EOF {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
}
