package eval

import (
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// Narrow makes every search find only documents that filter, in its one-line
// form, is true of, and that one of principals may read; "" and none restrict
// nothing.
func (s *Server) Narrow(filter string, principals []string) {
	s.narrow = &pb.SearchOptions{FilterText: filter, Principals: principals}
}

// options are a search's under a setting. What the setting does not say is the
// server's default.
func (s *Server) options(limit int, set Setting) *pb.SearchOptions {
	get := func(name string) float64 { v, _ := set.Get(name); return v }
	o := &pb.SearchOptions{
		Limit: int32(limit), FilterText: s.narrow.GetFilterText(), Principals: s.narrow.GetPrincipals(),
		MaxTokens: int32(get("max_tokens")), Diversity: get("diversity"), Dedupe: get("dedupe") > 0,
		Paraphrases: int32(get("paraphrases")), Hyde: get("hyde") > 0,
		DensePlan: pb.DensePlan(get("dense_plan")), // auto is unspecified
	}
	switch set.Legs {
	case Dense:
		o.Legs = []pb.Leg{pb.Leg_LEG_DENSE}
	case Lexical:
		o.Legs = []pb.Leg{pb.Leg_LEG_LEXICAL}
	}
	if w, ok := set.Get("dense_weight"); ok {
		o.DenseWeight = &w
	}
	if get("rrf") > 0 || get("fusion") > 0 {
		o.Fusion = pb.Fusion_FUSION_RRF
	}
	if rerank, ok := set.Get("rerank"); ok {
		o.NoRerank = rerank == 0
	}
	if expand, ok := set.Get("expand"); ok {
		o.Expansion = pb.Expansion_EXPANSION_NONE + pb.Expansion(expand)
	}
	return o
}
