package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// defaultMinScore is the protocol's default of CollectionSettings.min_score.
const defaultMinScore = 0.375

// Configure implements Target: BM25's parameters become the collection's, for
// everyone, until Restore; chunk_tokens chooses the collection that Create made
// for it.
func (s *Server) Configure(ctx context.Context, set Setting) error {
	s.use(set)
	k1, hasK1 := set.Get("bm25_k1")
	b, hasB := set.Get("bm25_b")
	if _, changed := s.found[s.collection]; !changed && !hasK1 && !hasB {
		return nil
	}
	wanted, err := s.settings(ctx)
	if err != nil {
		return err
	}
	if hasK1 {
		wanted.Bm25K1 = &k1
	}
	if hasB {
		wanted.Bm25B = &b
	}
	return s.update(ctx, s.collection, wanted)
}

// use makes the setting's collection the current one.
func (s *Server) use(set Setting) { s.collection = s.nameOf(set) }

// nameOf is the collection that a setting searches.
func (s *Server) nameOf(set Setting) string {
	if n, ok := set.Get("chunk_tokens"); ok {
		return fmt.Sprintf("%s-chunk%d", s.name, int(n))
	}
	return s.name
}

// settings returns a copy of what the collection had before any Configure.
func (s *Server) settings(ctx context.Context) (*pb.CollectionSettings, error) {
	if _, known := s.found[s.collection]; !known {
		c, err := s.Collection(ctx)
		if err != nil {
			return nil, err
		}
		found := cmp.Or(c.GetSettings(), &pb.CollectionSettings{})
		s.found[s.collection], s.current[s.collection] = found, found
	}
	return proto.CloneOf(s.found[s.collection]), nil
}

func (s *Server) update(ctx context.Context, collection string, wanted *pb.CollectionSettings) error {
	if proto.Equal(wanted, s.current[collection]) {
		return nil
	}
	_, err := s.collections.UpdateCollection(ctx, &pb.UpdateCollectionRequest{Name: collection, Settings: wanted})
	if err != nil {
		return fmt.Errorf("update collection %q: %w", collection, err)
	}
	s.current[collection] = wanted
	return nil
}

// Restore puts back the settings that Configure changed, even when ctx is done.
func (s *Server) Restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var errs []error
	for name, found := range s.found {
		errs = append(errs, s.update(ctx, name, found))
	}
	return errors.Join(errs...)
}

// Store makes the parameters of set, and minScore unless it is nil, the
// collection's own; Restore then leaves them.
func (s *Server) Store(ctx context.Context, set Setting, minScore *float64) error {
	s.collection = s.name
	wanted, err := s.settings(ctx)
	if err != nil {
		return err
	}
	for name, field := range map[string]**float64{
		"dense_weight": &wanted.DenseWeight, "bm25_k1": &wanted.Bm25K1, "bm25_b": &wanted.Bm25B,
	} {
		if v, ok := set.Get(name); ok {
			*field = &v
		}
	}
	if minScore != nil {
		wanted.MinScore = minScore
	}
	if err := s.update(ctx, s.collection, wanted); err != nil {
		return err
	}
	s.found[s.collection] = wanted
	return nil
}

// Collection returns the collection as it is.
func (s *Server) Collection(ctx context.Context) (*pb.Collection, error) {
	resp, err := s.collections.GetCollection(ctx, &pb.GetCollectionRequest{Name: s.collection})
	if status.Code(err) == codes.NotFound && s.collection != s.name {
		return nil, fmt.Errorf("no collection %q: each value of chunk_tokens has one of its own, which --load makes", s.collection)
	}
	if err != nil {
		return nil, fmt.Errorf("get collection %q: %w", s.collection, err)
	}
	return resp.GetCollection(), nil
}

// MinScore is the collection's threshold for "not in the documents".
func (s *Server) MinScore(ctx context.Context) (float64, error) {
	c, err := s.Collection(ctx)
	if err != nil || c.GetSettings() == nil || c.Settings.MinScore == nil {
		return defaultMinScore, err
	}
	return c.Settings.GetMinScore(), nil
}

// Create chooses the setting's collection and makes it if it is not there.
func (s *Server) Create(ctx context.Context, set Setting) error {
	s.use(set)
	settings := &pb.CollectionSettings{}
	if n, ok := set.Get("chunk_tokens"); ok {
		settings.ChunkTokens = proto.Int32(int32(n))
	}
	_, err := s.collections.CreateCollection(ctx, &pb.CreateCollectionRequest{
		Name: s.collection, Description: "made by quarry eval", Settings: settings,
	})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("create collection %q: %w", s.collection, err)
	}
	return nil
}
