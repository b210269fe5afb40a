package api

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// What of a stream is in memory and put at a time, but for one larger document
// and the one that is being received.
const (
	putDocuments = 64
	putBytes     = 8 << 20
)

type putStream = grpc.BidiStreamingServer[quarryv1.PutDocumentsRequest, quarryv1.PutDocumentsResponse]

// PutDocuments puts what has arrived whenever the last batch is safe: large
// batches for a sender that is fast, and no waiting for one that is slow.
func (s *ingestion) PutDocuments(stream putStream) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	defer context.AfterFunc(s.stopping, func() { cancel(errStopping) })()
	in := newAssembler(stream)
	// It ends with the stream, which ends when this returns.
	go in.run(ctx)
	for {
		batch, more, err := in.batch(ctx)
		if err == nil && len(batch) > 0 {
			err = s.putBatch(ctx, stream, in.collection, batch)
			in.release(batch)
		}
		if err != nil && errors.Is(context.Cause(ctx), errStopping) {
			return errStopping
		}
		if err != nil || !more {
			return err
		}
	}
}

func (s *ingestion) putBatch(ctx context.Context, stream putStream, collection string, batch []ingest.Document) error {
	results, err := s.ingester.PutMany(ctx, collection, batch)
	if err != nil {
		return err
	}
	for _, r := range results {
		out := &quarryv1.PutDocumentsResponse{Uri: r.URI, Changed: r.Changed}
		if r.Err != nil {
			out.Error = r.Err.Error()
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
	return nil
}
