package api

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/generate/prompt"
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
	ledger    *ledger.Ledger
	prompts   *prompt.Library // nil: the built-in prompt
	log       *slog.Logger
}

func newQueries(p Parts, log *slog.Logger) *queries {
	return &queries{searcher: p.Searcher, answerers: p.Answerers, ledger: p.Ledger, prompts: p.Prompts, log: log}
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
	asked, plan, err := s.words(ctx, in, answerer.Plan())
	if err != nil {
		return err
	}
	q, err := askQuery(in, plan)
	if err != nil {
		return err
	}
	found, err := s.searcher.Search(ctx, q)
	if err != nil {
		return err
	}
	if !answerer.Plan().Quotes {
		retrieve.ReadingOrder(found.Passages)
	}
	words, err := s.searcher.Weights(ctx, in.Collection, in.Question)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		found.Degraded = append(found.Degraded, "How rare the question's words are was not to be had in time.")
	}
	if err := stream.Send(fromPlan(plan)); err != nil {
		return err
	}
	if err := stream.Send(passagesEvent(found)); err != nil {
		return err
	}
	return s.answer(ctx, &asking{in, answerer, plan, asked, found, words, start}, stream)
}

// asking is one question on its way to an answer.
type asking struct {
	in       *quarryv1.AskRequest
	answerer generate.Answerer
	plan     generate.Plan
	prompt   *prompt.Words
	found    retrieve.Result
	words    retrieve.Weights
	start    time.Time
}

// answer streams the answerer's events. Returning breaks the range, which ends
// the model call.
func (s *queries) answer(ctx context.Context, a *asking, stream grpc.ServerStreamingServer[quarryv1.AskResponse]) error {
	for event, err := range a.answerer.Answer(ctx, a.request()) {
		if err != nil {
			if failed, ok := errors.AsType[*generate.TriesError](err); ok {
				s.record(ctx, a.in.Collection, failed.Tries)
			}
			return err
		}
		out := fromEvent(event, a.found.Passages)
		if done, ok := event.(generate.Done); ok {
			s.record(ctx, a.in.Collection, done.Tries)
			out.GetDone().Stages = answerStages(a.found.Stages, done, time.Since(a.start))
			out.GetDone().Receipt = fromDone(done, a.plan, a.words)
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
	return nil
}

// recordWithin is the time for the record of an answer, which its client's going
// does not end: what was spent was spent.
const recordWithin = 5 * time.Second

func (s *queries) record(ctx context.Context, collection string, tries []generate.Try) {
	if s.ledger == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := s.ledger.Record(ctx, collection, tries); err != nil {
		s.log.Error("usage is lost", "collection", collection, "err", err)
	}
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
	q.Explain, q.Dedupe = false, true
	if in.Options.GetExpansion() == quarryv1.Expansion_EXPANSION_UNSPECIFIED {
		q.Expand = retrieve.Neighbours
		if plan.Quotes {
			q.Expand = retrieve.Alone
		}
	}
	if q.Limit == 0 {
		q.Limit = askLimit
	}
	if q.MaxTokens == 0 {
		q.MaxTokens = askTokens
	}
	return q, err
}

func (a *asking) request() generate.Request {
	return generate.Request{
		Question:    a.in.Question,
		Passages:    a.found.Passages,
		Coverage:    a.found.Coverage,
		MinCoverage: a.found.MinCoverage,
		Vector:      a.found.Vector,
		MaxTokens:   int(a.in.MaxAnswerTokens),
		IDF:         a.words.IDF,
		Language:    a.words.Language,
		Collection:  a.in.Collection,
		Prompt:      a.prompt,
	}
}

func notBlank(field, text string) error {
	if strings.TrimSpace(text) == "" {
		return &fieldError{field, "must hold more than white space"}
	}
	return nil
}
