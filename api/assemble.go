package api

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/semaphore"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// assembler makes documents of a stream's parts, and goes on while a batch of
// them is put: without what has arrived meanwhile there would be no batches.
type assembler struct {
	stream putStream
	docs   chan ingest.Document // closed at the end
	bytes  *semaphore.Weighted  // of docs and of the batch that is put
	// collection is set before the first document, err before docs is closed.
	collection string
	err        error
}

func newAssembler(stream putStream) *assembler {
	return &assembler{stream: stream, docs: make(chan ingest.Document, putDocuments), bytes: semaphore.NewWeighted(putBytes)}
}

// weight of a document in bytes; a larger one than fits is alone.
func weight(d ingest.Document) int64 { return int64(min(len(d.Body), putBytes)) }

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

// release makes room for further documents when those of a batch are done with.
func (a *assembler) release(batch []ingest.Document) {
	for _, d := range batch {
		a.bytes.Release(weight(d))
	}
}

func (a *assembler) run(ctx context.Context) {
	defer close(a.docs)
	defer func() {
		if p := recover(); p != nil {
			a.err = fmt.Errorf("assemble documents: panic: %v", p)
		}
	}()
	a.err = a.assemble(ctx)
}

func (a *assembler) assemble(ctx context.Context) error {
	var doc *ingest.Document
	for {
		in, err := a.stream.Recv()
		if errors.Is(err, io.EOF) {
			a.send(ctx, doc)
			return nil
		}
		if err != nil {
			return err
		}
		switch part := in.Part.(type) {
		case *quarryv1.PutDocumentsRequest_Header:
			if !a.send(ctx, doc) {
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
func (a *assembler) send(ctx context.Context, doc *ingest.Document) bool {
	if doc == nil {
		return true
	}
	if a.bytes.Acquire(ctx, weight(*doc)) != nil {
		return false
	}
	select {
	case a.docs <- *doc:
		return true
	case <-ctx.Done():
		return false
	}
}
