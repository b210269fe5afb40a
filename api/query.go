package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/quarry-rag/quarry/generate"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// What Ask retrieves unless told otherwise.
const (
	askLimit  = 8
	askTokens = 2000
)

// queries is QueryService.
type queries struct {
	quarryv1.UnimplementedQueryServiceServer
	searcher  *retrieve.Searcher
	answerers []generate.Answerer
}

func newQueries(p Parts) *queries {
	return &queries{searcher: p.Searcher, answerers: p.Answerers}
}

func (s *queries) Search(ctx context.Context, in *quarryv1.SearchRequest) (*quarryv1.SearchResponse, error) {
	if err := notBlank("query", in.Query); err != nil {
		return nil, err
	}
	q, err := toQuery(in.Collection, in.Query, in.Options)
	if err != nil {
		return nil, err
	}
	found, err := s.searcher.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	return &quarryv1.SearchResponse{
		Passages:   fromPassages(found.Passages),
		Report:     fromReport(found),
		Candidates: fromExplanation(found.Explanation),
	}, nil
}

// Ask searches first, so that what can fail at once fails before any event.
func (s *queries) Ask(in *quarryv1.AskRequest, stream grpc.ServerStreamingServer[quarryv1.AskResponse]) error {
	ctx, start := stream.Context(), time.Now()
	if err := notBlank("question", in.Question); err != nil {
		return err
	}
	answerer, err := s.answerer(in.Model)
	if err != nil {
		return err
	}
	q, err := askQuery(in, answerer.Plan())
	if err != nil {
		return err
	}
	found, err := s.searcher.Search(ctx, q)
	if err != nil {
		return err
	}
	if err := stream.Send(fromPlan(answerer.Plan())); err != nil {
		return err
	}
	if err := stream.Send(passagesEvent(found)); err != nil {
		return err
	}
	return s.answer(ctx, answerer, in, found, start, stream)
}

// answer streams the answerer's events. Returning breaks the range, which ends
// the model call.
func (s *queries) answer(ctx context.Context, a generate.Answerer, in *quarryv1.AskRequest, found retrieve.Result,
	start time.Time, stream grpc.ServerStreamingServer[quarryv1.AskResponse],
) error {
	for event, err := range a.Answer(ctx, toRequest(in, found)) {
		if err != nil {
			return err
		}
		out := fromEvent(event, found.Passages)
		if done := out.GetDone(); done != nil {
			done.Stages = answerStages(found.Stages, event.(generate.Done), time.Since(start))
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
	return nil
}

func (s *queries) answerer(model string) (generate.Answerer, error) {
	if model == "" {
		return s.answerers[0], nil
	}
	i := slices.IndexFunc(s.answerers, func(a generate.Answerer) bool { return a.Plan().Model == model })
	if i < 0 {
		return nil, &fieldError{"model", "not configured on this server; it has " + s.models()}
	}
	return s.answerers[i], nil
}

func (s *queries) models() string {
	var names []string
	for _, a := range s.answerers {
		names = append(names, a.Plan().Model)
	}
	return strings.Join(names, ", ")
}

// askQuery is the retrieval of a question, under a token budget: passages joined
// with their neighbours for a reader, and as they are for who only quotes.
func askQuery(in *quarryv1.AskRequest, plan generate.Plan) (retrieve.Query, error) {
	q, err := toQuery(in.Collection, in.Question, in.Options)
	q.Explain = false
	q.Expand = !plan.Quotes
	if q.Limit == 0 {
		q.Limit = askLimit
	}
	if q.MaxTokens == 0 {
		q.MaxTokens = askTokens
	}
	return q, err
}

func toRequest(in *quarryv1.AskRequest, found retrieve.Result) generate.Request {
	return generate.Request{
		Question:    in.Question,
		Passages:    found.Passages,
		Coverage:    found.Coverage,
		MinCoverage: found.MinCoverage,
		Vector:      found.Vector,
		MaxTokens:   int(in.MaxAnswerTokens),
	}
}

func notBlank(field, text string) error {
	if strings.TrimSpace(text) == "" {
		return &fieldError{field, "must hold more than white space"}
	}
	return nil
}
