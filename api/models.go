package api

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quarry-rag/quarry/generate"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// models is ModelService.
type models struct {
	quarryv1.UnimplementedModelServiceServer
	answerers []generate.Answerer
}

func (s *models) ListModels(context.Context, *quarryv1.ListModelsRequest) (*quarryv1.ListModelsResponse, error) {
	out, now := &quarryv1.ListModelsResponse{}, time.Now()
	for _, a := range s.answerers {
		out.Models = append(out.Models, fromAbout(generate.Describe(a, now)))
	}
	return out, nil
}

func fromAbout(a generate.About) *quarryv1.Model {
	out := &quarryv1.Model{
		Name: a.Name, Provider: a.Provider, Model: a.Model, Members: a.Members, Policy: a.Policy,
		ContextTokens: int32(a.ContextTokens), Resting: a.Resting,
	}
	out.Price, out.PriceDate = fromPrice(a.Price)
	if a.Resting != "" {
		out.RestingFor = durationpb.New(a.RestingFor)
	}
	return out
}
