package api

import (
	"context"
	"errors"
	"iter"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/answercache"
)

// recorded is the answer to a, with what it used in the ledger before its last
// event. Breaking off ends the model call, and what it used till then is recorded.
func (s *queries) recorded(ctx context.Context, a *asking, found *answercache.Found) iter.Seq2[generate.Event, error] {
	return func(yield func(generate.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		gone := false
		for event, err := range a.answerer.Answer(ctx, a.request(found)) {
			if failed, ok := errors.AsType[*generate.TriesError](err); ok {
				s.record(ctx, a.in.Collection, failed.Tries)
			}
			if done, ok := event.(generate.Done); ok {
				s.record(ctx, a.in.Collection, done.Tries)
			}
			if !gone && !yield(event, err) {
				// The rest is not sent; the stream's last word is what was used.
				gone = true
				cancel()
			}
		}
	}
}

func (s *queries) record(ctx context.Context, collection string, tries []generate.Try) {
	if s.ledger == nil || len(tries) == 0 {
		return
	}
	if err := s.ledger.Record(ctx, collection, tries); err != nil {
		s.log.Error("usage is lost", "collection", collection, "err", err)
	}
}
