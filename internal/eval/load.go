package eval

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Loader takes documents in. Put is called concurrently and returns when the
// document can be found. Bytes that are there already cost little and return
// changed = false. A document that can never be taken in is a reason, not an error.
type Loader interface {
	Put(ctx context.Context, d Document) (changed bool, reason string, err error)
}

// Loaded counts documents.
type Loaded struct {
	Changed, Unchanged, Failed int
	// Reason says why one of the failed was not taken in.
	Reason string
}

// Total is the number of documents read.
func (l Loaded) Total() int { return l.Changed + l.Unchanged + l.Failed }

// Load puts all documents, so many at once, and holds no more than these. The
// first error of reading or storing ends it; started again it goes on where it
// was, since what is stored is unchanged. progress, if not nil, is called after
// each document, never concurrently.
func Load(ctx context.Context, to Loader, docs iter.Seq2[Document, error], concurrency int, progress func(Loaded)) (Loaded, error) {
	var mu sync.Mutex
	var done Loaded
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(concurrency)
	var readErr error
	for d, err := range docs {
		if readErr = err; err != nil || gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			changed, reason, err := to.Put(gctx, d)
			if err != nil {
				return fmt.Errorf("load document %q: %w", d.ID, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done.add(d.ID, changed, reason)
			if progress != nil {
				progress(done)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return done, err
	}
	if readErr != nil {
		return done, readErr
	}
	return done, ctx.Err()
}

func (l *Loaded) add(id string, changed bool, reason string) {
	switch {
	case reason != "":
		l.Failed++
		if l.Reason == "" {
			l.Reason = fmt.Sprintf("%q: %s", id, reason)
		}
	case changed:
		l.Changed++
	default:
		l.Unchanged++
	}
}
