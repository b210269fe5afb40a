// Package api is Quarry's gRPC face: it translates between the protocol of
// proto/quarry/v1 and the packages that do the work, and bounds what clients can
// make the server do. Nothing below it knows protobuf or gRPC.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/answercache"
	"github.com/quarry-rag/quarry/generate/conversation"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// Parts are what the server serves.
type Parts struct {
	Catalog  *ingest.Catalog
	Ingester *ingest.Ingester
	Searcher *retrieve.Searcher
	// Answerers by the name of their Plan().Model; the first is the default.
	Answerers []generate.Answerer
	// Situater writes contexts of chunks; nil: there is no chat model to do it.
	Situater *generate.Situater
	// Ledger of what answers use; nil: none is kept.
	Ledger *ledger.Ledger
	// Prompts of collections; nil: the built-in one answers, and there is no
	// PromptService.
	Prompts *prompt.Library
	// Conversations; nil: none are kept.
	Conversations *conversation.Store
	// Cache of answers; nil: each is made anew.
	Cache *answercache.Cache
}

// Options bounds the server. The zero value is good for one machine.
type Options struct {
	// ImportRoots are the absolute folders under which StartImport may read.
	// None: StartImport is refused.
	ImportRoots []string
	// ImportURLs are what begins the URLs that StartImport may read, up to a slash:
	// "https://docs.example.com/", or a scheme alone, "s3://". None: no URLs.
	ImportURLs []string
	// MaxSearches, MaxAnswers and MaxPuts run at once; calls beyond are refused
	// with RESOURCE_EXHAUSTED. 0 means 8 for each core, 1024 and 16. Of the answers
	// as many as MaxSearches search or quote at once; the others wait up to 10 s.
	MaxSearches, MaxAnswers, MaxPuts int
	// SendTimeout is how long a client may take nothing of what it is sent; then
	// its call ends with DEADLINE_EXCEEDED. 0 means 30 s.
	SendTimeout time.Duration
	// StopGrace is how long running calls may take once the server stops.
	// 0 means 10 s.
	StopGrace time.Duration
}

// Validate says which option makes no sense.
func (o Options) Validate() error {
	for _, root := range o.ImportRoots {
		if !filepath.IsAbs(root) || root != filepath.Clean(root) {
			return fmt.Errorf("import root %q: must be a clean absolute path", root)
		}
	}
	for _, u := range o.ImportURLs {
		if !strings.Contains(u, "://") {
			return fmt.Errorf("import URL %q: must begin with a scheme, as in https://docs.example.com/", u)
		}
	}
	if o.MaxSearches < 0 || o.MaxAnswers < 0 || o.MaxPuts < 0 || o.StopGrace < 0 || o.SendTimeout < 0 {
		return fmt.Errorf("limits must not be negative")
	}
	return nil
}

func (o Options) withDefaults() Options {
	fill := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	fill(&o.MaxSearches, 8*runtime.GOMAXPROCS(0))
	fill(&o.MaxAnswers, 1024)
	fill(&o.MaxPuts, 16)
	if o.SendTimeout == 0 {
		o.SendTimeout = 30 * time.Second
	}
	if o.StopGrace == 0 {
		o.StopGrace = 10 * time.Second
	}
	return o
}

// Messages hold a document of ingest.MaxDocumentBytes with its metadata.
const maxMessage = ingest.MaxDocumentBytes + 4<<20

// Server is a gRPC server with all services, health and reflection.
type Server struct {
	grpc     *grpc.Server
	health   *health.Server
	grace    time.Duration
	stopping context.Context
	stop     context.CancelFunc
	over     context.Context // ends with the grace of a stop
	endCalls context.CancelFunc
	cache    *answercache.Cache
}

// New returns a server that is not listening yet.
func New(p Parts, log *slog.Logger, o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("make the validator: %w", err)
	}
	s := &Server{grpc: grpc.NewServer(transport()...), health: health.NewServer(), grace: o.StopGrace, cache: p.Cache}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.over, s.endCalls = context.WithCancel(context.Background())
	g := &guard{log: log, validate: validator, limits: limits(o), sendTimeout: o.SendTimeout, over: s.over}
	g.register(s.grpc, quarryv1.CollectionService_ServiceDesc, &collections{catalog: p.Catalog, ingester: p.Ingester, situater: p.Situater})
	g.register(s.grpc, quarryv1.IngestService_ServiceDesc, &ingestion{ingester: p.Ingester, may: readable{o.ImportRoots, o.ImportURLs}, stopping: s.stopping})
	g.register(s.grpc, quarryv1.QueryService_ServiceDesc, newQueries(p, o, log))
	g.register(s.grpc, quarryv1.ConversationService_ServiceDesc, &conversations{store: p.Conversations})
	g.register(s.grpc, quarryv1.UsageService_ServiceDesc, &usage{ledger: p.Ledger})
	g.register(s.grpc, quarryv1.ModelService_ServiceDesc, &models{answerers: p.Answerers})
	if p.Prompts != nil {
		g.register(s.grpc, quarryv1.PromptService_ServiceDesc, &prompts{library: p.Prompts})
	}
	healthpb.RegisterHealthServer(s.grpc, briefHealth{s.health})
	reflection.Register(s.grpc)
	for name := range s.grpc.GetServiceInfo() {
		s.health.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	return s, nil
}

func transport() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec()),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
		grpc.MaxConcurrentStreams(256),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			// Connections are renewed now and then, so that clients find new servers.
			MaxConnectionAge:      time.Hour,
			MaxConnectionAgeGrace: 10 * time.Minute,
			Time:                  time.Minute,
			Timeout:               20 * time.Second,
		}),
	}
}

// limits are the deadlines and the admission of each method.
func limits(o Options) map[string]limit {
	return map[string]limit{
		"": {byDefault: 30 * time.Second, atMost: 2 * time.Minute},
		quarryv1.QueryService_Search_FullMethodName:           {10 * time.Second, time.Minute, make(chan struct{}, o.MaxSearches)},
		quarryv1.QueryService_Ask_FullMethodName:              {2 * time.Minute, 10 * time.Minute, make(chan struct{}, o.MaxAnswers)},
		quarryv1.IngestService_PutDocument_FullMethodName:     {2 * time.Minute, 10 * time.Minute, make(chan struct{}, o.MaxPuts)},
		quarryv1.IngestService_PutDocuments_FullMethodName:    {24 * time.Hour, 7 * 24 * time.Hour, make(chan struct{}, max(1, o.MaxPuts/4))},
		quarryv1.IngestService_CheckCollection_FullMethodName: {10 * time.Minute, time.Hour, make(chan struct{}, 1)},
		quarryv1.IngestService_WatchImport_FullMethodName:     {24 * time.Hour, 7 * 24 * time.Hour, make(chan struct{}, 1024)},
	}
}

// cutAfter is the time for calls to end by themselves once the grace of a stop is
// over; then connections are cut.
const cutAfter = time.Second

// Run serves on lis until ctx ends, and then stops: health says NOT_SERVING
// first, running calls get StopGrace to finish, and what is left ends with
// UNAVAILABLE. It returns nil after a stop by ctx.
func (s *Server) Run(ctx context.Context, lis net.Listener) error {
	if s.cache != nil {
		pruning, stop := context.WithCancel(ctx)
		var pruned sync.WaitGroup
		pruned.Go(func() { s.cache.Run(pruning) })
		defer pruned.Wait()
		defer stop()
	}
	served := make(chan error, 1)
	go func() { served <- s.grpc.Serve(lis) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve gRPC on %s: %w", lis.Addr(), err)
	case <-ctx.Done():
	}
	s.health.Shutdown()
	s.stop()
	defer s.endCalls()
	defer time.AfterFunc(s.grace, s.endCalls).Stop()
	defer time.AfterFunc(s.grace+cutAfter, s.grpc.Stop).Stop()
	s.grpc.GracefulStop()
	<-served
	return nil
}
