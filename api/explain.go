package api

import (
	"context"

	"github.com/quarry-rag/quarry/generate"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// Explain tells why a search does not return a document.
func (s *queries) Explain(ctx context.Context, in *quarryv1.ExplainRequest) (*quarryv1.ExplainResponse, error) {
	if err := notBlank("query", in.Query); err != nil {
		return nil, err
	}
	q, err := toQuery(in.Collection, in.Query, in.Options)
	if err != nil {
		return nil, err
	}
	loss, err := s.searcher.ExplainDocument(generate.WithAccount(ctx, in.Options.GetAccount()), q, in.Uri)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ExplainResponse{Stage: loss.Stage, Reason: loss.Reason, Remedy: loss.Remedy}
	if loss.Best != nil {
		out.Best = fromExplained(*loss.Best)
	}
	return out, nil
}

func fromExplanation(candidates []retrieve.Explained) []*quarryv1.ExplainedCandidate {
	var out []*quarryv1.ExplainedCandidate
	for _, c := range candidates {
		out = append(out, fromExplained(c))
	}
	return out
}

func fromExplained(e retrieve.Explained) *quarryv1.ExplainedCandidate {
	out := &quarryv1.ExplainedCandidate{
		DocumentId:  fromID(e.DocumentID),
		Uri:         e.URI,
		Range:       fromRange(e.Start, e.End),
		HeadingPath: e.HeadingPath,
		Rank:        int32(e.Rank),
		Score:       e.Score,
		Dense:       fromLegScore(e.Dense),
		Lexical:     fromLegScore(e.Lexical),
		Fate:        string(e.Fate),
		FusedRank:   int32(e.FusedRank),
		Rerank:      e.Rerank,
		Words:       e.Words,
		Lacks:       e.Lacks,
	}
	for _, t := range e.Terms {
		out.Terms = append(out.Terms, &quarryv1.TermScore{Term: t.Term, Count: int32(t.TF), Score: t.Score})
	}
	return out
}
