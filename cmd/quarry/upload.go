package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// uploads is how many files are sent at once: enough to keep two cores embedding.
const uploads = 4

// uploadPaths walks the paths and puts each file. A file that the server refuses
// is counted and the rest goes on.
func uploadPaths(ctx context.Context, cl *client, term *terminal, collection string, paths []string) error {
	u := &uploader{client: cl, collection: collection, progress: newProgress(term, time.Now)}
	begun := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	files := make(chan string)
	g.Go(func() error {
		defer close(files)
		return walk(ctx, paths, files, u.skip)
	})
	for range uploads {
		g.Go(func() error {
			for path := range files {
				if err := u.put(ctx, path); err != nil {
					return fmt.Errorf("%s: %w", path, err)
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

// walk sends the regular files below paths. What cannot be read is skipped.
func walk(ctx context.Context, paths []string, files chan<- string, skip func(reason, path string)) error {
	for _, root := range paths {
		if _, err := os.Stat(root); err != nil {
			return err
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				skip("cannot be read", path)
				return nil
			case d.IsDir():
				return nil
			case !d.Type().IsRegular():
				skip("not a regular file", path)
				return nil
			}
			select {
			case files <- path:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// uploader counts as an import does. Safe for concurrent use.
type uploader struct {
	client     *client
	collection string

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
func (u *uploader) put(ctx context.Context, path string) error {
	body, err := readFile(path)
	if err != nil {
		u.skip(err.Error(), path)
		return nil
	}
	r, err := u.putRetrying(ctx, &quarryv1.PutDocumentRequest{Collection: u.collection, Uri: fileURI(path), Content: body, Wait: true})
	if status.Code(err) == codes.InvalidArgument {
		u.skip(explain(err), path)
		return nil
	}
	if err != nil {
		return err
	}
	u.count(r, int64(len(body)))
	return nil
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

var errTooLarge = fmt.Errorf("larger than %d MiB", ingest.MaxDocumentBytes>>20)

// readFile reads no more than a document may hold, whatever the file's size
// says. It opens without blocking: the file may have become a pipe meanwhile.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	body, err := io.ReadAll(io.LimitReader(f, ingest.MaxDocumentBytes+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(body) > ingest.MaxDocumentBytes {
		return nil, errTooLarge
	}
	return body, nil
}

// cause is an error without the path, so that equal reasons count together.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
