package api

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

func toSettings(s *quarryv1.CollectionSettings) ingest.Settings {
	if s == nil {
		return ingest.Settings{}
	}
	return ingest.Settings{
		Language:         s.Language,
		BM25K1:           s.Bm25K1,
		BM25B:            s.Bm25B,
		DenseWeight:      s.DenseWeight,
		MinScore:         s.MinScore,
		ChunkTokens:      number[int](s.ChunkTokens),
		Contextual:       s.Contextual,
		KeepVersionsDays: number[int](s.KeepVersionsDays),
	}
}

func fromSettings(s ingest.Settings) *quarryv1.CollectionSettings {
	return &quarryv1.CollectionSettings{
		Language:         s.Language,
		Bm25K1:           s.BM25K1,
		Bm25B:            s.BM25B,
		DenseWeight:      s.DenseWeight,
		MinScore:         s.MinScore,
		ChunkTokens:      number[int32](s.ChunkTokens),
		Contextual:       s.Contextual,
		KeepVersionsDays: number[int32](s.KeepVersionsDays),
	}
}

// number is a number of another type, or nil.
func number[To, From int | int32](p *From) *To {
	if p == nil {
		return nil
	}
	n := To(*p)
	return &n
}

func fromCollection(c ingest.Collection) *quarryv1.Collection {
	return &quarryv1.Collection{
		Name:        c.Name,
		Description: c.Description,
		Settings:    fromSettings(c.Settings),
		Space:       &quarryv1.Space{Model: c.Space.Model, Dim: int32(c.Space.Dim), Fingerprint: c.Space.Fingerprint},
		Documents:   c.Documents,
		Chunks:      c.Chunks,
		CreatedAt:   fromTime(c.CreatedAt),
	}
}

// toQuery takes options as they are: zero means the same default on both sides.
// Without principals the search is unrestricted, since nobody has said who asks.
// Its error names the field of a filter that is wrong.
func toQuery(collection, text string, o *quarryv1.SearchOptions) (retrieve.Query, error) {
	q := retrieve.Query{
		Collection:   collection,
		Text:         text,
		Limit:        int(o.GetLimit()),
		Expand:       toExpansion(o),
		MaxTokens:    int(o.GetMaxTokens()),
		Principals:   o.GetPrincipals(),
		Unrestricted: len(o.GetPrincipals()) == 0,
		Explain:      o.GetExplain(),
		DensePlan:    densePlans[o.GetDensePlan()],
		Dedupe:       o.GetDedupe(),
		Diversity:    o.GetDiversity(),
		NoRerank:     o.GetNoRerank(),
		Paraphrases:  int(o.GetParaphrases()),
		HyDE:         o.GetHyde(),
	}
	if o != nil {
		q.DenseWeight = o.DenseWeight
	}
	for _, leg := range o.GetLegs() {
		switch leg {
		case quarryv1.Leg_LEG_DENSE:
			q.Legs |= retrieve.Dense
		case quarryv1.Leg_LEG_LEXICAL:
			q.Legs |= retrieve.Lexical
		}
	}
	if o.GetFusion() == quarryv1.Fusion_FUSION_RRF {
		q.Fusion = retrieve.RRF
	}
	var err error
	q.Filter, err = toFilter(o)
	return q, err
}

// toExpansion is what the options say; expand is the older way to say it.
func toExpansion(o *quarryv1.SearchOptions) retrieve.Expansion {
	switch {
	case o.GetExpansion() == quarryv1.Expansion_EXPANSION_SECTION:
		return retrieve.Section
	case o.GetExpansion() == quarryv1.Expansion_EXPANSION_NEIGHBOURS,
		o.GetExpansion() == quarryv1.Expansion_EXPANSION_UNSPECIFIED && o.GetExpand():
		return retrieve.Neighbours
	}
	return retrieve.Alone
}

var densePlans = map[quarryv1.DensePlan]string{
	quarryv1.DensePlan_DENSE_PLAN_EXACT: "exact",
	quarryv1.DensePlan_DENSE_PLAN_HNSW:  "hnsw",
}

func fromPassages(passages []retrieve.Passage) []*quarryv1.Passage {
	out := make([]*quarryv1.Passage, len(passages))
	for i, p := range passages {
		out[i] = fromPassage(p)
	}
	return out
}

func fromPassage(p retrieve.Passage) *quarryv1.Passage {
	return &quarryv1.Passage{
		DocumentId:  fromID(p.DocumentID),
		Uri:         p.URI,
		Title:       p.Title,
		Version:     p.Version,
		Range:       fromRange(p.Start, p.End),
		Page:        int32(p.Page),
		HeadingPath: p.HeadingPath,
		Text:        p.Text,
		Tokens:      int32(p.Tokens),
		Score:       p.Score,
		Dense:       fromLegScore(p.Dense),
		Lexical:     fromLegScore(p.Lexical),
		Rerank:      p.Rerank,
		TableHeader: p.Header,
		Commit:      p.Commit,
	}
}

func fromLegScore(s retrieve.LegScore) *quarryv1.LegScore {
	return &quarryv1.LegScore{Score: s.Score, Rank: int32(s.Rank)}
}

func fromReport(r retrieve.Result) *quarryv1.SearchReport {
	return &quarryv1.SearchReport{
		Degraded:  r.Degraded,
		DensePlan: r.DensePlan,
		Stages:    fromStages(r.Stages),
		Coverage:  r.Coverage,
		Notes:     r.Notes,
	}
}

func fromStages(stages []retrieve.Stage) []*quarryv1.StageTime {
	out := make([]*quarryv1.StageTime, len(stages))
	for i, s := range stages {
		out[i] = stageTime(s.Name, s.Time)
	}
	return out
}

// stages are those of a follow-up made to stand alone, of the wait for a turn and
// the search, whose total is called search here, what the answerer took, and the
// whole call.
func (a *asking) stages(d generate.Done) []*quarryv1.StageTime {
	var out []*quarryv1.StageTime
	if a.talk != nil {
		out = append(out, stageTime("rewrite", a.talk.took))
	}
	if a.from.took > 0 {
		out = append(out, stageTime("cache", a.from.took))
	}
	if a.from.again != nil {
		return append(out, stageTime("total", time.Since(a.start)))
	}
	out = append(out, fromStages(a.found.Stages)...)
	for _, s := range out {
		if s.Stage == "total" {
			s.Stage = "search"
		}
	}
	if d.Compose > 0 {
		out = append(out, stageTime("compose", d.Compose))
	}
	return append(out, stageTime("first_token", d.FirstToken), stageTime("generate", d.Total), stageTime("total", time.Since(a.start)))
}

func stageTime(name string, d time.Duration) *quarryv1.StageTime {
	return &quarryv1.StageTime{Stage: name, Time: durationpb.New(d)}
}

func fromRange(start, end int) *quarryv1.ByteRange {
	return &quarryv1.ByteRange{Start: int64(start), End: int64(end)}
}

// fromPlan says what will answer which question; t may be nil.
func fromPlan(p generate.Plan, t *talk) *quarryv1.AskResponse {
	out := &quarryv1.PlanEvent{Model: p.Model, Prompt: p.Prompt, Note: p.Note}
	if t != nil {
		out.Conversation = t.conversation.ID
	}
	if t != nil && t.By != "" {
		out.Question, out.RewrittenBy = t.Question, t.By
	}
	return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Plan{Plan: out}}
}

func passagesEvent(r retrieve.Result) *quarryv1.AskResponse {
	return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Passages{
		Passages: &quarryv1.PassagesEvent{Passages: fromPassages(r.Passages), Report: fromReport(r)},
	}}
}

// fromEvent converts one event of an answer drawn from passages.
func fromEvent(e generate.Event, passages []retrieve.Passage) *quarryv1.AskResponse {
	switch e := e.(type) {
	case generate.Delta:
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Delta{Delta: &quarryv1.DeltaEvent{Text: e.Text}}}
	case generate.Citation:
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Citation{Citation: fromCitation(e, passages[e.Passage-1])}}
	case generate.Usage:
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Usage{Usage: &quarryv1.UsageEvent{
			InputTokens: int64(e.InputTokens), OutputTokens: int64(e.OutputTokens), CachedTokens: int64(e.CachedTokens),
		}}}
	case generate.Verdict:
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Verdict{Verdict: &quarryv1.VerdictEvent{
			Verdict: fromOutcome(e.Outcome), Reason: e.Reason,
		}}}
	case generate.Object:
		return fromObject(e)
	case generate.Progress:
		return fromProgress(e)
	case generate.Support:
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Support{Support: fromSupport(e)}}
	case generate.Restart:
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Restart{Restart: &quarryv1.RestartEvent{Model: e.Model, Code: e.Code}}}
	case generate.Done:
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Done{Done: &quarryv1.DoneEvent{
			RemovedMarkers: int32(e.RemovedMarkers), FinishReason: e.FinishReason,
		}}}
	}
	return &quarryv1.AskResponse{}
}

func fromCitation(c generate.Citation, p retrieve.Passage) *quarryv1.CitationEvent {
	return &quarryv1.CitationEvent{
		Passage:     int32(c.Passage),
		DocumentId:  fromID(p.DocumentID),
		Uri:         p.URI,
		Title:       p.Title,
		Version:     p.Version,
		Range:       fromRange(c.Start, c.End),
		Page:        int32(p.Page),
		HeadingPath: p.HeadingPath,
		Quote:       c.Quote,
		Commit:      p.Commit,
	}
}

func fromOutcome(o generate.Outcome) quarryv1.Verdict {
	switch o {
	case generate.Answered:
		return quarryv1.Verdict_VERDICT_ANSWERED
	case generate.Partial:
		return quarryv1.Verdict_VERDICT_PARTIAL
	case generate.NotInDocuments:
		return quarryv1.Verdict_VERDICT_NOT_IN_DOCUMENTS
	case generate.Refused:
		return quarryv1.Verdict_VERDICT_REFUSED_BY_POLICY
	case generate.Failed:
		return quarryv1.Verdict_VERDICT_FAILED
	}
	return quarryv1.Verdict_VERDICT_UNSPECIFIED
}

func fromID(id int64) string { return strconv.FormatInt(id, 10) }

// fromTime leaves a time that is not known unset.
func fromTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
