package api

import (
	"context"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// collections is CollectionService.
type collections struct {
	quarryv1.UnimplementedCollectionServiceServer
	catalog  *ingest.Catalog
	ingester *ingest.Ingester
	situater *generate.Situater
}

func (s *collections) CreateCollection(ctx context.Context, in *quarryv1.CreateCollectionRequest) (*quarryv1.CreateCollectionResponse, error) {
	c, err := s.catalog.Create(ctx, in.Name, in.Description, toSettings(in.Settings))
	if err != nil {
		return nil, err
	}
	return &quarryv1.CreateCollectionResponse{Collection: fromCollection(c)}, nil
}

func (s *collections) GetCollection(ctx context.Context, in *quarryv1.GetCollectionRequest) (*quarryv1.GetCollectionResponse, error) {
	c, err := s.catalog.Get(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return &quarryv1.GetCollectionResponse{Collection: fromCollection(c)}, nil
}

func (s *collections) ListCollections(ctx context.Context, _ *quarryv1.ListCollectionsRequest) (*quarryv1.ListCollectionsResponse, error) {
	all, err := s.catalog.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ListCollectionsResponse{}
	for _, c := range all {
		out.Collections = append(out.Collections, fromCollection(c))
	}
	return out, nil
}

func (s *collections) UpdateCollection(ctx context.Context, in *quarryv1.UpdateCollectionRequest) (*quarryv1.UpdateCollectionResponse, error) {
	c, err := s.catalog.Update(ctx, in.Name, toSettings(in.Settings))
	if err != nil {
		return nil, err
	}
	return &quarryv1.UpdateCollectionResponse{Collection: fromCollection(c)}, nil
}

func (s *collections) DeleteCollection(ctx context.Context, in *quarryv1.DeleteCollectionRequest) (*quarryv1.DeleteCollectionResponse, error) {
	if err := s.catalog.Delete(ctx, in.Name); err != nil {
		return nil, err
	}
	return &quarryv1.DeleteCollectionResponse{}, nil
}
