package main

import (
	"context"
	"log/slog"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/retrieve"
)

// rewriter has the first chat model of the answerers rewrite queries; nil without
// any.
func rewriter(answerers []generate.Answerer, book *ledger.Ledger, log *slog.Logger) retrieve.Rewriter {
	model := firstShorter(answerers)
	if model == nil {
		return nil
	}
	return &generate.Rewriter{Model: model, Record: recorder(book, log)}
}

// firstShorter is the default answerer, or the next, that a chat model is behind.
func firstShorter(answerers []generate.Answerer) generate.Shorter {
	for _, a := range answerers {
		if s, ok := a.(generate.Shorter); ok {
			return s
		}
	}
	return nil
}

func recorder(book *ledger.Ledger, log *slog.Logger) func(ctx context.Context, collection string, tries []generate.Try) {
	return func(ctx context.Context, collection string, tries []generate.Try) {
		if err := book.Record(ctx, collection, tries); err != nil {
			log.Error("usage is lost", "collection", collection, "err", err)
		}
	}
}
