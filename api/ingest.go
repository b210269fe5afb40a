package api

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"google.golang.org/grpc"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// ingestion is IngestService.
type ingestion struct {
	quarryv1.UnimplementedIngestServiceServer
	ingester *ingest.Ingester
	may      readable
	// stopping ends when the server begins to stop: streams that would outlive it end too.
	stopping context.Context
}

func (s *ingestion) PutDocument(ctx context.Context, in *quarryv1.PutDocumentRequest) (*quarryv1.PutDocumentResponse, error) {
	rec, changed, err := s.ingester.Put(ctx, in.Collection, toDocument(in))
	if err != nil {
		return nil, err
	}
	if in.Wait {
		if rec, err = s.ingester.Wait(ctx, in.Collection, in.Uri); err != nil {
			return nil, err
		}
	}
	doc, err := fromRecord(rec)
	if err != nil {
		return nil, err
	}
	return &quarryv1.PutDocumentResponse{Document: doc, Changed: changed}, nil
}

func (s *ingestion) StartImport(ctx context.Context, in *quarryv1.StartImportRequest) (*quarryv1.StartImportResponse, error) {
	spec := toImportSpec(in)
	if err := spec.Check(); err != nil { // what can never be read is not for the operator to allow
		return nil, err
	}
	if err := s.may.read(in); err != nil {
		return nil, err
	}
	im, err := s.ingester.StartImport(ctx, in.Collection, spec)
	if err != nil {
		return nil, err
	}
	return &quarryv1.StartImportResponse{Import: fromImport(im)}, nil
}

func (s *ingestion) WatchImport(in *quarryv1.WatchImportRequest, stream grpc.ServerStreamingServer[quarryv1.WatchImportResponse]) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	defer context.AfterFunc(s.stopping, func() { cancel(errStopping) })()
	id, err := toImportID(in.Id)
	if err != nil {
		return err
	}
	for im, err := range s.ingester.WatchImport(ctx, in.Collection, id) {
		if err != nil && errors.Is(context.Cause(ctx), errStopping) {
			return errStopping
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&quarryv1.WatchImportResponse{Import: fromImport(im)}); err != nil {
			return err
		}
	}
	return nil
}

func (s *ingestion) ListImports(ctx context.Context, in *quarryv1.ListImportsRequest) (*quarryv1.ListImportsResponse, error) {
	after, err := afterToken(in.PageToken)
	if err != nil {
		return nil, err
	}
	var before int64
	if after != "" {
		if before, err = toImportID(after); err != nil {
			return nil, &fieldError{"page_token", "not a token of this server"}
		}
	}
	limit := cmp.Or(int(in.PageSize), 100)
	page, err := s.ingester.Imports(ctx, in.Collection, before, limit)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ListImportsResponse{}
	for _, im := range page {
		out.Imports = append(out.Imports, fromImport(im))
	}
	if len(page) == limit {
		out.NextPageToken = pageToken(out.Imports[limit-1].Id)
	}
	return out, nil
}

func (s *ingestion) CancelImport(ctx context.Context, in *quarryv1.CancelImportRequest) (*quarryv1.CancelImportResponse, error) {
	id, err := toImportID(in.Id)
	if err != nil {
		return nil, err
	}
	im, err := s.ingester.CancelImport(ctx, in.Collection, id)
	if err != nil {
		return nil, err
	}
	return &quarryv1.CancelImportResponse{Import: fromImport(im)}, nil
}

func toImportID(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, ingest.ErrUnknownImport
	}
	return id, nil
}

func (s *ingestion) ListDocuments(ctx context.Context, in *quarryv1.ListDocumentsRequest) (*quarryv1.ListDocumentsResponse, error) {
	after, err := afterToken(in.PageToken)
	if err != nil {
		return nil, err
	}
	o := ingest.ListOptions{Reader: toReader(in.Principals), State: toState(in.State), After: after, Limit: int(in.PageSize)}
	if o.Limit == 0 {
		o.Limit = 100
	}
	page, err := s.ingester.Documents(ctx, in.Collection, o)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ListDocumentsResponse{}
	for _, rec := range page {
		doc, err := fromRecord(rec)
		if err != nil {
			return nil, err
		}
		out.Documents = append(out.Documents, doc)
	}
	out.NextPageToken, err = s.nextPage(ctx, in.Collection, o, page)
	return out, err
}

// nextPage is empty when nothing follows the page.
func (s *ingestion) nextPage(ctx context.Context, collection string, o ingest.ListOptions, page []ingest.Record) (string, error) {
	if len(page) < o.Limit {
		return "", nil
	}
	o.After, o.Limit = page[len(page)-1].URI, 1
	rest, err := s.ingester.Documents(ctx, collection, o)
	if err != nil || len(rest) == 0 {
		return "", err
	}
	return pageToken(o.After), nil
}

func (s *ingestion) GetDocument(ctx context.Context, in *quarryv1.GetDocumentRequest) (*quarryv1.GetDocumentResponse, error) {
	reader := toReader(in.Principals)
	rec, err := s.ingester.Document(ctx, in.Collection, in.Uri, reader)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.GetDocumentResponse{}
	if out.Document, err = fromRecord(rec); err != nil {
		return nil, err
	}
	if in.WithText {
		out.Text, err = s.ingester.Text(ctx, in.Collection, in.Uri, reader)
	}
	return out, err
}

func (s *ingestion) DeleteDocument(ctx context.Context, in *quarryv1.DeleteDocumentRequest) (*quarryv1.DeleteDocumentResponse, error) {
	if err := s.ingester.Delete(ctx, in.Collection, in.Uri); err != nil {
		return nil, err
	}
	return &quarryv1.DeleteDocumentResponse{}, nil
}

func (s *ingestion) RetryDocuments(ctx context.Context, in *quarryv1.RetryDocumentsRequest) (*quarryv1.RetryDocumentsResponse, error) {
	n, err := s.ingester.Retry(ctx, in.Collection, in.Uris)
	if err != nil {
		return nil, err
	}
	return &quarryv1.RetryDocumentsResponse{Retried: n}, nil
}

func (s *ingestion) CheckCollection(ctx context.Context, in *quarryv1.CheckCollectionRequest) (*quarryv1.CheckCollectionResponse, error) {
	findings, err := s.ingester.Check(ctx, in.Collection)
	if err != nil {
		return nil, err
	}
	return &quarryv1.CheckCollectionResponse{Findings: findings}, nil
}
