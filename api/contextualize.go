package api

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/generate"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// ContextualizeCollection plans first, so that what it says is of before the job.
func (s *collections) ContextualizeCollection(ctx context.Context, in *quarryv1.ContextualizeCollectionRequest) (*quarryv1.ContextualizeCollectionResponse, error) {
	if s.situater == nil && !in.Off {
		return nil, status.Error(codes.FailedPrecondition, "this server has no chat model to write contexts with: give it one with QUARRY_MODEL or QUARRY_MODELS")
	}
	plan, err := s.ingester.ContextPlan(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ContextualizeCollectionResponse{Chunks: plan.Chunks, Waiting: plan.Waiting}
	if s.situater != nil {
		fromEstimate(out, s.situater.Estimate(plan.Waiting, plan.TextTokens))
	}
	if in.DryRun {
		return out, nil
	}
	return out, s.ingester.Contextualize(ctx, in.Name, !in.Off)
}

func fromEstimate(out *quarryv1.ContextualizeCollectionResponse, e generate.Estimate) {
	out.Model, out.InputTokens, out.OutputTokens, out.PriceDate = e.Model, e.InputTokens, e.OutputTokens, e.Date
	if e.Known {
		out.Cost = &e.Dollars
	}
}
