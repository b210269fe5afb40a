package main

import (
	"context"
	"log/slog"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/ingest"
)

// newSituater has the first chat model of the answerers place chunks in their
// documents; nil without any.
func newSituater(answerers []generate.Answerer, book *ledger.Ledger, log *slog.Logger) *generate.Situater {
	model := firstShorter(answerers)
	if model == nil {
		return nil
	}
	return &generate.Situater{Model: model, Record: recorder(book, log)}
}

// situating is a Situater as ingest wants it; nil stays nil.
func situating(s *generate.Situater) ingest.Situater {
	if s == nil {
		return nil
	}
	return situates{s}
}

type situates struct{ s *generate.Situater }

func (x situates) Situate(ctx context.Context, collection string, s ingest.Situation) (sentence, model string, err error) {
	return x.s.Situate(ctx, collection, generate.Situation(s))
}
