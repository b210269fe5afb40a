package eval

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// maxResponse bounds a search's answer: 1,000 passages of long chunks.
const maxResponse = 64 << 20

// Server is a Quarry server as a Target and a Loader, through its public API.
// Search and Put may be called concurrently; the other methods may not, and not
// beside these.
type Server struct {
	collections pb.CollectionServiceClient
	ingest      pb.IngestServiceClient
	query       pb.QueryServiceClient
	name        string
	collection  string // name, or the one of the setting's chunk_tokens
	narrow      *pb.SearchOptions
	model       string // that Ask asks; empty: the server's default
	found       map[string]*pb.CollectionSettings
	current     map[string]*pb.CollectionSettings
}

// NewServer returns the named collection on the server that conn leads to.
func NewServer(conn grpc.ClientConnInterface, collection string) *Server {
	return &Server{
		collections: pb.NewCollectionServiceClient(conn),
		ingest:      pb.NewIngestServiceClient(conn),
		query:       pb.NewQueryServiceClient(conn),
		name:        collection,
		collection:  collection,
		found:       map[string]*pb.CollectionSettings{},
		current:     map[string]*pb.CollectionSettings{},
	}
}

// Search implements Target.
func (s *Server) Search(ctx context.Context, query string, limit int, set Setting) (Result, error) {
	req := &pb.SearchRequest{Collection: s.collection, Query: query, Options: s.options(limit, set)}
	resp, err := retry(ctx, func() (*pb.SearchResponse, error) {
		return s.query.Search(ctx, req, grpc.MaxCallRecvMsgSize(maxResponse))
	})
	if err != nil {
		return Result{}, err
	}
	r := Result{Coverage: resp.GetReport().GetCoverage(), Degraded: resp.GetReport().GetDegraded()}
	for _, p := range resp.GetPassages() {
		r.Passages = append(r.Passages, Passage{
			URI: p.GetUri(), HeadingPath: p.GetHeadingPath(), Text: p.GetText(), Score: p.GetScore(),
			Start: int(p.GetRange().GetStart()), End: int(p.GetRange().GetEnd()),
		})
	}
	return r, nil
}

// Put implements Loader: the document's id becomes its URI.
func (s *Server) Put(ctx context.Context, d Document) (changed bool, reason string, err error) {
	req := &pb.PutDocumentRequest{
		Collection: s.collection, Uri: d.ID, Title: d.Title, Content: []byte(d.Text), MediaType: "text/plain", Wait: true,
	}
	resp, err := retry(ctx, func() (*pb.PutDocumentResponse, error) { return s.ingest.PutDocument(ctx, req) })
	if status.Code(err) == codes.InvalidArgument {
		return false, status.Convert(err).Message(), nil
	}
	if err != nil {
		return false, "", err
	}
	if doc := resp.GetDocument(); doc.GetState() == pb.DocumentState_DOCUMENT_STATE_FAILED {
		return false, cmp.Or(doc.GetReason(), "the server gives no reason"), nil
	}
	return resp.GetChanged(), "", nil
}

// URIs yields the URIs of the collection's documents, until the first error.
func (s *Server) URIs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		req := &pb.ListDocumentsRequest{Collection: s.collection, PageSize: 1000}
		for {
			resp, err := s.ingest.ListDocuments(ctx, req)
			if err != nil {
				yield("", fmt.Errorf("list documents of %q: %w", s.collection, err))
				return
			}
			for _, d := range resp.GetDocuments() {
				if !yield(d.GetUri(), nil) {
					return
				}
			}
			if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
				return
			}
		}
	}
}

// patience is how long a call that the server asks to repeat is repeated.
const patience = 2 * time.Minute

// retry calls again when the server says by RetryInfo that it is worth it.
func retry[T any](ctx context.Context, call func() (T, error)) (T, error) {
	giveUp := time.Now().Add(patience)
	for {
		v, err := call()
		wait := retryAfter(err)
		if wait <= 0 || time.Now().Add(wait).After(giveUp) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(wait):
		}
	}
}

func retryAfter(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.GetRetryDelay().AsDuration()
		}
	}
	return 0
}
