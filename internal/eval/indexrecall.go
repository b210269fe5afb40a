package eval

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// indexDepth is where the index is compared with the exact plan.
const indexDepth = 10

// IndexRecall is how much of what the exact plan finds the HNSW index finds.
type IndexRecall struct {
	// Queries compared; those without a result are not counted.
	Queries int `json:"queries"`
	// Mean part of the exact plan's top 10 that the index finds, 0 to 1.
	Mean float64 `json:"recall_at_10"`
	// Worst is the least of any query.
	Worst float64 `json:"worst"`
	// Whole is how many queries have all ten.
	Whole int `json:"whole"`
}

// RecallOfIndex runs every query of d with both plans of the dense leg. A
// collection that is searched without an index is an error.
func (s *Server) RecallOfIndex(ctx context.Context, d Dataset) (IndexRecall, error) {
	out := IndexRecall{Worst: 1}
	var sum float64
	for _, q := range d.Queries {
		exact, _, err := s.nearest(ctx, q.Text, pb.DensePlan_DENSE_PLAN_EXACT)
		if err != nil {
			return out, err
		}
		index, plan, err := s.nearest(ctx, q.Text, pb.DensePlan_DENSE_PLAN_HNSW)
		if err != nil {
			return out, err
		}
		if len(exact) == 0 {
			continue
		}
		if plan != "hnsw" {
			return out, fmt.Errorf("collection %q has no HNSW index: every search of it is exact", s.collection)
		}
		recall := shared(exact, index)
		out.Queries++
		sum += recall
		out.Worst = min(out.Worst, recall)
		if recall == 1 {
			out.Whole++
		}
	}
	if out.Queries == 0 {
		return out, fmt.Errorf("none of the %d queries finds anything", len(d.Queries))
	}
	out.Mean = sum / float64(out.Queries)
	return out, nil
}

// chunkAt tells passages apart.
type chunkAt struct {
	document string
	start    int64
}

func (s *Server) nearest(ctx context.Context, query string, plan pb.DensePlan) ([]chunkAt, string, error) {
	req := &pb.SearchRequest{
		Collection: s.collection, Query: query,
		Options: &pb.SearchOptions{Limit: indexDepth, Legs: []pb.Leg{pb.Leg_LEG_DENSE}, DensePlan: plan},
	}
	resp, err := retry(ctx, func() (*pb.SearchResponse, error) {
		return s.query.Search(ctx, req, grpc.MaxCallRecvMsgSize(maxResponse))
	})
	if err != nil {
		return nil, "", err
	}
	var out []chunkAt
	for _, p := range resp.GetPassages() {
		out = append(out, chunkAt{p.GetDocumentId(), p.GetRange().GetStart()})
	}
	return out, resp.GetReport().GetDensePlan(), nil
}

// shared is the part of want that is in got.
func shared(want, got []chunkAt) float64 {
	in := map[chunkAt]bool{}
	for _, p := range got {
		in[p] = true
	}
	n := 0
	for _, p := range want {
		if in[p] {
			n++
		}
	}
	return float64(n) / float64(len(want))
}

func (r IndexRecall) write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "Recall@10 of the HNSW index against the exact plan: %.4f over %d queries (worst %.2f, %d whole)\n",
		r.Mean, r.Queries, r.Worst, r.Whole)
	return err
}
