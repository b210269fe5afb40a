package api

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// What of a stream is put at a time.
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
	in := &assembler{stream: stream, docs: make(chan ingest.Document), done: ctx.Done()}
	// It ends with the stream, which ends when this returns.
	go in.run()
	for {
		batch, more, err := in.batch(ctx)
		if err == nil && len(batch) > 0 {
			err = s.putBatch(ctx, stream, in.collection, batch)
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

// assembler makes documents of a stream's parts.
type assembler struct {
	stream putStream
	docs   chan ingest.Document // closed at the end
	done   <-chan struct{}
	// collection is set before the first document, err before docs is closed.
	collection string
	err        error
}

// batch returns what has arrived, at least one document unless the stream has
// ended; more says whether it has not.
func (a *assembler) batch(ctx context.Context) (docs []ingest.Document, more bool, err error) {
	var d ingest.Document
	select {
	case d, more = <-a.docs:
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
	for size := 0; more; {
		docs = append(docs, d)
		if size += len(d.Body); len(docs) == putDocuments || size >= putBytes {
			return docs, true, nil
		}
		select {
		case d, more = <-a.docs:
		default:
			return docs, true, nil
		}
	}
	if len(docs) > 0 {
		return docs, true, nil // the next call finds the end
	}
	return nil, false, a.err
}

func (a *assembler) run() {
	defer close(a.docs)
	defer func() {
		if p := recover(); p != nil {
			a.err = fmt.Errorf("assemble documents: panic: %v", p)
		}
	}()
	a.err = a.assemble()
}

func (a *assembler) assemble() error {
	var doc *ingest.Document
	for {
		in, err := a.stream.Recv()
		if errors.Is(err, io.EOF) {
			a.send(doc)
			return nil
		}
		if err != nil {
			return err
		}
		switch part := in.Part.(type) {
		case *quarryv1.PutDocumentsRequest_Header:
			if !a.send(doc) {
				return nil
			}
			if doc, err = a.begin(part.Header); err != nil {
				return err
			}
		case *quarryv1.PutDocumentsRequest_Content:
			if doc == nil {
				return &fieldError{"content", "comes before a header"}
			}
			// One byte too many is enough to refuse the document.
			room := ingest.MaxDocumentBytes + 1 - len(doc.Body)
			doc.Body = append(doc.Body, part.Content[:min(room, len(part.Content))]...)
		default:
			return &fieldError{"part", "is neither a header nor content"}
		}
	}
}

func (a *assembler) begin(h *quarryv1.DocumentHeader) (*ingest.Document, error) {
	switch {
	case a.collection == "":
		a.collection = h.Collection
	case h.Collection != "" && h.Collection != a.collection:
		return nil, &fieldError{"header.collection", "differs from that of the first header"}
	}
	if a.collection == "" {
		return nil, &fieldError{"header.collection", "is missing on the first header"}
	}
	return &ingest.Document{
		URI: h.Uri, MediaType: h.MediaType, Title: h.Title, Metadata: h.Metadata.AsMap(), Principals: h.Principals,
	}, nil
}

// send hands a document over; it is false when nobody takes it any more.
func (a *assembler) send(doc *ingest.Document) bool {
	if doc == nil {
		return true
	}
	select {
	case a.docs <- *doc:
		return true
	case <-a.done:
		return false
	}
}
