package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// uploads is how many files are sent at once: enough to keep two cores embedding.
const uploads = 4

// uploadPaths walks the paths and puts each file. A file that the server refuses
// is counted and the rest goes on.
func uploadPaths(ctx context.Context, cl *client, term *terminal, in *quarryv1.StartImportRequest) error {
	u := &uploader{client: cl, in: in, progress: newProgress(term, time.Now)}
	var roots []iter.Seq[ingest.File]
	for _, path := range in.Paths {
		root, done, err := ingest.Files(path)
		if err != nil {
			return err
		}
		defer done()
		roots = append(roots, root)
	}
	begun := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	files := make(chan ingest.File)
	g.Go(func() error {
		defer close(files)
		return u.walk(ctx, roots, files)
	})
	for range uploads {
		g.Go(func() error {
			for f := range files {
				if err := u.put(ctx, f); err != nil {
					return fmt.Errorf("%s: %w", f.Path, err)
				}
			}
			return nil
		})
	}
	err := g.Wait()
	u.progress.end()
	if sumErr := term.summarize(&u.sum); err == nil {
		err = sumErr
	}
	if err == nil && !term.json {
		term.note("Uploaded in %s", duration(time.Since(begun)))
	}
	return err
}

// walk sends the files of the roots on, and skips what an import would.
func (u *uploader) walk(ctx context.Context, roots []iter.Seq[ingest.File], files chan<- ingest.File) error {
	for _, root := range roots {
		for f := range root {
			if f.Reason != "" {
				u.skip(f.Reason, f.Path)
				continue
			}
			select {
			case files <- f:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// uploader counts as an import does. Safe for concurrent use.
type uploader struct {
	client *client
	in     *quarryv1.StartImportRequest // what the server would be asked for, could it read the files

	mu       sync.Mutex
	progress *progress
	sum      quarryv1.Import
}

func (u *uploader) skip(reason, path string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sum.Listed++
	i := slices.IndexFunc(u.sum.Skipped, func(s *quarryv1.Skipped) bool { return s.Reason == reason })
	if i < 0 {
		u.sum.Skipped = append(u.sum.Skipped, &quarryv1.Skipped{Reason: reason, Example: path})
		i = len(u.sum.Skipped) - 1
	}
	u.sum.Skipped[i].Count++
}

// put sends one file and waits until it is indexed. It returns only errors that
// every other file would meet too.
func (u *uploader) put(ctx context.Context, f ingest.File) error {
	body, reason := f.Read()
	if reason != "" {
		u.skip(reason, f.Path)
		return nil
	}
	who, metadata, err := u.labels(f.Principals, f.Metadata)
	if err != nil {
		u.skip(err.Error(), f.Path)
		return nil
	}
	r, err := u.putRetrying(ctx, &quarryv1.PutDocumentRequest{
		Collection: u.in.Collection, Uri: fileURI(f.Path), Content: body, Wait: true, Principals: who, Metadata: metadata,
	})
	if status.Code(err) == codes.InvalidArgument {
		u.skip(explain(err), f.Path)
		return nil
	}
	if err != nil {
		return err
	}
	u.count(r, int64(len(body)))
	return nil
}

// labels are a document's principals and metadata: what the command line says of
// all documents goes over what this one's own source says.
func (u *uploader) labels(principals []string, metadata map[string]any) ([]string, *structpb.Struct, error) {
	if len(u.in.Principals) > 0 {
		principals = u.in.Principals
	}
	all := map[string]any{}
	maps.Copy(all, metadata)
	maps.Copy(all, u.in.Metadata.AsMap())
	// By way of JSON, which holds less than YAML.
	text, err := json.Marshal(all)
	if err != nil {
		return nil, nil, err
	}
	s := &structpb.Struct{}
	return principals, s, s.UnmarshalJSON(text)
}

// putRetrying obeys the server's advice on when to try again.
func (u *uploader) putRetrying(ctx context.Context, in *quarryv1.PutDocumentRequest) (*quarryv1.PutDocumentResponse, error) {
	for try := 1; ; try++ {
		r, err := u.client.ingest.PutDocument(ctx, in)
		wait := retryAfter(status.Convert(err))
		if err == nil || wait == 0 || try == 10 {
			return r, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (u *uploader) count(r *quarryv1.PutDocumentResponse, size int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sum.Listed++
	switch {
	case !r.Changed:
		u.sum.Unchanged++
	case r.Document.State == quarryv1.DocumentState_DOCUMENT_STATE_FAILED:
		u.sum.Queued++
		u.sum.Failed++
	default:
		u.sum.Queued++
		u.sum.Indexed++
		u.sum.Chunks += int64(r.Document.Chunks)
		u.sum.IndexedBytes += size
	}
	u.progress.show(&u.sum)
}
