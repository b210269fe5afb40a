package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// partBytes is how much of a document one message of a stream carries.
const partBytes = 1 << 20

// uploadRecords sends the documents of JSONL files in one stream. They are safe
// when it returns, and are indexed afterwards.
func uploadRecords(ctx context.Context, cl *client, term *terminal, in *quarryv1.StartImportRequest) error {
	u := &uploader{client: cl, in: in, progress: newProgress(term, time.Now)}
	g, ctx := errgroup.WithContext(ctx)
	stream, err := cl.ingest.PutDocuments(ctx)
	if err != nil {
		return err
	}
	g.Go(func() error { return u.results(stream) })
	g.Go(func() error {
		for _, path := range in.Paths {
			// After io.EOF the stream's own error comes with its results.
			if err := u.sendRecords(stream, path); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return stream.CloseSend()
	})
	err = g.Wait()
	u.progress.end()
	if sumErr := term.summarizeRecords(&u.sum); err == nil {
		err = sumErr
	}
	return err
}

type putStream interface {
	Send(*quarryv1.PutDocumentsRequest) error
	Recv() (*quarryv1.PutDocumentsResponse, error)
}

// results counts what became of the documents sent.
func (u *uploader) results(stream putStream) error {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.Error != "" {
			u.skip(r.Error, r.Uri)
			continue
		}
		u.mu.Lock()
		u.sum.Listed++
		if r.Changed {
			u.sum.Queued++
		} else {
			u.sum.Unchanged++
		}
		u.progress.say(fmt.Sprintf("  %d documents sent", u.sum.Listed))
		u.mu.Unlock()
	}
}

// cause is an error without the path, which is said beside it.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func (u *uploader) sendRecords(stream putStream, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return cause(err)
	}
	defer f.Close()
	seed, seen := maphash.MakeSeed(), map[uint64]struct{}{}
	for n, err := range ingest.ReadRecords(f) {
		if err != nil {
			return err
		}
		if name := maphash.String(seed, n.Document.URI); n.Reason == "" {
			if _, twice := seen[name]; twice {
				n.Reason = ingest.SecondOfName
			}
			seen[name] = struct{}{}
		}
		if n.Reason != "" {
			u.skip(n.Reason, fmt.Sprintf("%s:%d", path, n.Line))
			continue
		}
		if err := u.sendDocument(stream, n.Document); err != nil {
			return err
		}
	}
	return nil
}

func (u *uploader) sendDocument(stream putStream, d ingest.Document) error {
	who, metadata, err := u.labels(d.Principals, d.Metadata)
	if err != nil {
		return fmt.Errorf("metadata of %q: %w", d.URI, err)
	}
	err = stream.Send(&quarryv1.PutDocumentsRequest{Part: &quarryv1.PutDocumentsRequest_Header{Header: &quarryv1.DocumentHeader{
		Collection: u.in.Collection, Uri: d.URI, MediaType: d.MediaType, Title: d.Title, Metadata: metadata, Principals: who,
	}}})
	for body := d.Body; err == nil && len(body) > 0; {
		n := min(len(body), partBytes)
		err = stream.Send(&quarryv1.PutDocumentsRequest{Part: &quarryv1.PutDocumentsRequest_Content{Content: body[:n]}})
		body = body[n:]
	}
	return err
}

// summarizeRecords prints what was sent: it is accepted, not yet indexed.
func (t *terminal) summarizeRecords(im *quarryv1.Import) error {
	if t.json {
		return t.printJSON(im)
	}
	s := fmt.Sprintf("Accepted: %d to index, %d unchanged", im.Queued, im.Unchanged)
	for _, k := range im.Skipped {
		s += fmt.Sprintf("\n  refused %d: %s (%s)", k.Count, line(k.Reason, 160), t.short(k.Example))
	}
	t.note("%s", s)
	return nil
}
