package eval

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestOptions(t *testing.T) {
	every := []string{
		"dense_weight=0.3", "fusion=rrf", "dense_plan=hnsw", "expand=section", "max_tokens=900", "dedupe=on",
		"diversity=0.5", "rerank=off", "paraphrases=2", "hyde=on",
	}
	for _, tt := range []struct {
		name string
		legs []string
		sets []string
		want *pb.SearchOptions
	}{
		{"nothing said", nil, nil, &pb.SearchOptions{Limit: 7}},
		{"all said", nil, every, &pb.SearchOptions{
			Limit: 7, DenseWeight: proto.Float64(0.3), Fusion: pb.Fusion_FUSION_RRF, DensePlan: pb.DensePlan_DENSE_PLAN_HNSW,
			Expansion: pb.Expansion_EXPANSION_SECTION, MaxTokens: 900, Dedupe: true, Diversity: 0.5, NoRerank: true, Paraphrases: 2, Hyde: true,
		}},
		{"off", []string{"dense"}, []string{"expand=none", "rerank=on", "hyde=off", "dense_plan=auto"}, &pb.SearchOptions{
			Limit: 7, Legs: []pb.Leg{pb.Leg_LEG_DENSE}, Expansion: pb.Expansion_EXPANSION_NONE,
		}},
		{"the older way", nil, []string{"rrf=1"}, &pb.SearchOptions{Limit: 7, Fusion: pb.Fusion_FUSION_RRF}},
	} {
		rows, err := Settings(tt.legs, tt.sets)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		s := NewServer(nil, "c")
		if diff := cmp.Diff(tt.want, s.options(7, rows[0]), protocmp.Transform()); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
		s.Narrow(`lang = "en"`, []string{"ann"})
		tt.want.FilterText, tt.want.Principals = `lang = "en"`, []string{"ann"}
		if diff := cmp.Diff(tt.want, s.options(7, rows[0]), protocmp.Transform()); diff != "" {
			t.Errorf("%s, narrowed:\n%s", tt.name, diff)
		}
	}
}
