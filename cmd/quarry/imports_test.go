package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// endless is a server whose imports do not end.
type endless struct {
	quarryv1.IngestServiceClient
	watched func()
}

func (e *endless) StartImport(context.Context, *quarryv1.StartImportRequest, ...grpc.CallOption) (*quarryv1.StartImportResponse, error) {
	return &quarryv1.StartImportResponse{Import: &quarryv1.Import{Id: "77", Collection: "docs"}}, nil
}

func (e *endless) WatchImport(ctx context.Context, _ *quarryv1.WatchImportRequest, _ ...grpc.CallOption) (grpc.ServerStreamingClient[quarryv1.WatchImportResponse], error) {
	e.watched()
	<-ctx.Done()
	return nil, ctx.Err()
}

// Who leaves an import is told that it goes on, and how to see and to end it.
func TestLeavingAnImport(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	term, out := testTerminal()
	cl := &client{ingest: &endless{watched: leave}}
	err := importPaths(ctx, cl, term, &quarryv1.StartImportRequest{Collection: "docs", Paths: []string{"/docs"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, want := range []string{"goes on", "imports watch 77", "imports cancel 77"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %q", want, out)
		}
	}
}
