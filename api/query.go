package api

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/answercache"
	"github.com/quarry-rag/quarry/generate/conversation"
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
	prompts   *prompt.Library        // nil: the built-in prompt
	talks     *conversation.Recaller // nil: no conversations are kept
	turns     turns
	cache     *answercache.Cache // nil: no answers are
	log       *slog.Logger
}

func newQueries(p Parts, o Options, log *slog.Logger) *queries {
	s := &queries{searcher: p.Searcher, answerers: p.Answerers, ledger: p.Ledger, turns: make(turns, o.MaxSearches), cache: p.Cache, prompts: p.Prompts, log: log}
	if p.Conversations != nil {
		s.talks = &conversation.Recaller{Store: p.Conversations, Weigher: p.Searcher, Log: log}
	}
	return s
}

func (s *queries) Search(ctx context.Context, in *quarryv1.SearchRequest) (*quarryv1.SearchResponse, error) {
	if err := notBlank("query", in.Query); err != nil {
		return nil, err
	}
	q, err := toQuery(in.Collection, in.Query, in.Options)
	if err != nil {
		return nil, err
	}
	found, err := s.searcher.Search(generate.WithAccount(ctx, in.Options.GetAccount()), q)
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
	ctx, start := generate.WithAccount(stream.Context(), in.Options.GetAccount()), time.Now()
	if err := notBlank("question", in.Question); err != nil {
		return err
	}
	answerer, err := s.answerer(in.Model)
	if err != nil {
		return err
	}
	words, plan, err := s.words(ctx, in, answerer.Plan())
	if err != nil {
		return err
	}
	form, err := toForm(in, plan)
	if err != nil {
		return err
	}
	talk, err := s.talk(ctx, in, answerer)
	if err != nil {
		return err
	}
	a := &asking{in: in, answerer: answerer, plan: plan, prompt: words, form: form, talk: talk, start: start, trace: newTraceID()}
	err = a.failed(s.ask(ctx, a, stream))
	s.log.InfoContext(ctx, "answer", "trace", a.trace, "collection", in.Collection, "model", plan.Model,
		"cache", cacheWords[a.from.state], "ok", err == nil)
	return err
}

// asking is one question on its way to an answer.
type asking struct {
	in       *quarryv1.AskRequest
	answerer generate.Answerer
	plan     generate.Plan // with the prompt of this question
	prompt   *prompt.Words
	form     generate.Form
	talk     *talk
	start    time.Time
	trace    string
	from     origin
	found    *answercache.Found // nil until it is
}

func (s *queries) search(ctx context.Context, a *asking) (*answercache.Found, error) {
	q, err := askQuery(a.in, a.plan)
	if err != nil {
		return nil, err
	}
	q.Text = a.question()
	found := &answercache.Found{}
	noting, tries := generate.Noting(ctx)
	if found.Result, err = s.searcher.Search(noting, q); err != nil {
		return nil, err
	}
	found.Tries = tries()
	found.Notes = append(found.Notes, summaryNote(a.in, q, found.Passages)...)
	if !a.plan.Quotes {
		retrieve.ReadingOrder(found.Passages)
	}
	found.Words, err = s.searcher.Weights(ctx, a.in.Collection, a.question())
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		found.Degraded = append(found.Degraded, "How rare the question's words are was not to be had in time.")
	}
	return found, nil
}

// ask streams the answer. Returning breaks the range, which ends the model call
// when nobody else waits for it.
func (s *queries) ask(ctx context.Context, a *asking, stream grpc.ServerStreamingServer[quarryv1.AskResponse]) error {
	parts, err := s.parts(ctx, a)
	if err != nil {
		return err
	}
	for part, err := range parts {
		if err == nil && part.Found != nil {
			err = a.begin(part.Found, stream)
		} else if err == nil {
			err = s.send(ctx, a, s.settle(ctx, a, part.Event), stream)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begin sends what comes before the answer.
func (a *asking) begin(found *answercache.Found, stream grpc.ServerStreamingServer[quarryv1.AskResponse]) error {
	a.found, a.from.again = found, found.Again
	if found.Again != nil && found.Again.Semantic {
		a.from.state = quarryv1.CacheState_CACHE_STATE_SEMANTIC
	}
	if err := stream.Send(fromPlan(a.plan, a.talk)); err != nil {
		return err
	}
	result := found.Result
	if a.talk != nil && a.talk.Note != "" {
		result.Notes = append(slices.Clone(result.Notes), a.talk.Note)
	}
	return stream.Send(passagesEvent(result))
}

func (s *queries) send(ctx context.Context, a *asking, event generate.Event, stream grpc.ServerStreamingServer[quarryv1.AskResponse]) error {
	if a.talk != nil {
		a.talk.hear(event, a.found.Passages)
	}
	out := fromEvent(event, a.found.Passages)
	if done, ok := event.(generate.Done); ok {
		if err := s.remember(ctx, a, done.Tries); err != nil {
			return err
		}
		out.GetDone().Stages = a.stages(done)
		out.GetDone().Receipt = a.receipt(done)
	}
	return stream.Send(out)
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
	limit, tokens := askDefaults(in)
	q.Limit, q.MaxTokens = cmp.Or(q.Limit, limit), cmp.Or(q.MaxTokens, tokens)
	return q, err
}

func (a *asking) request(found *answercache.Found) generate.Request {
	r := generate.Request{
		Question:     a.question(),
		Passages:     found.Passages,
		Coverage:     found.Coverage,
		MinCoverage:  found.MinCoverage,
		Vector:       found.Vector,
		MaxTokens:    int(a.in.MaxAnswerTokens),
		IDF:          found.Words.IDF,
		Language:     found.Words.Language,
		Collection:   a.in.Collection,
		TrialKey:     trialKey(a.in),
		Prompt:       a.prompt,
		AllowRestart: a.in.AllowRestart,
		Form:         a.form,
	}
	if a.talk != nil {
		r.History = a.talk.History
	}
	return r
}

func notBlank(field, text string) error {
	if strings.TrimSpace(text) == "" {
		return &fieldError{field, "must hold more than white space"}
	}
	return nil
}
