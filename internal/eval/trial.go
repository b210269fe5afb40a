package eval

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// TrialSetting is what answers are compared by.
type TrialSetting struct {
	Prompt string // empty: what the collection uses
	Model  string // empty: the server's default
}

func (s TrialSetting) String() string {
	name := strings.TrimSpace(s.Prompt + " " + s.Model)
	if name == "" {
		return "as configured"
	}
	return name
}

// Given is one answer.
type Given struct {
	Verdict   pb.Verdict
	Citations []Passage // quotes with the places they come from
	// Supported of Sentences are borne out by what they cite.
	Supported, Sentences int
	Cost                 float64 // US dollars
	CostKnown            bool
	Prompt, Model        string // as the server names them
	Latency              time.Duration
}

// TrialMeasures are what answers are measured by, each 0 to 1: the share of
// questions whose verdict is right; of those in the documents, the share that is
// answered, and whose answer cites an expected place; of the others, the share
// that is said not to be in the documents; and of the answers' sentences the
// share that is supported.
var TrialMeasures = []string{"verdict", "answered", "cited", "refused", "support"}

// TrialRow is what one setting did. A measure that no question could show is
// missing in Means.
type TrialRow struct {
	Setting  TrialSetting
	Means    map[string]float64
	Asked    int
	Failed   int    // answers that ended with an error; they count as wrong
	Failure  string // one of the errors
	Cost     float64
	Unpriced int // answers whose cost is not known
	P50, P95 time.Duration
	answered []answered
}

// answered is a question with its answer.
type answered struct {
	query *Query
	given Given
	err   error
}

// Answer asks the server one question, again while it is at its limit of calls.
func (s *Server) Answer(ctx context.Context, question string, set TrialSetting) (Given, error) {
	giveUp := time.Now().Add(patience)
	for {
		g, err := s.answer(ctx, question, set)
		wait := retryAfter(err)
		if status.Code(err) != codes.ResourceExhausted || wait <= 0 || time.Now().Add(wait).After(giveUp) {
			return g, err
		}
		select {
		case <-ctx.Done():
			return g, err
		case <-time.After(wait):
		}
	}
}

func (s *Server) answer(ctx context.Context, question string, set TrialSetting) (Given, error) {
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.query.Ask(ctx, &pb.AskRequest{
		Collection: s.collection, Question: question, Prompt: set.Prompt, Model: set.Model,
		NoCache: true, // what is given again costs nothing and takes no time
	})
	if err != nil {
		return Given{}, err
	}
	var g Given
	for {
		event, err := stream.Recv()
		if err != nil {
			return g, err
		}
		g.take(event)
		if event.GetDone() != nil {
			g.Latency = time.Since(start)
			return g, nil
		}
	}
}

func (g *Given) take(event *pb.AskResponse) {
	switch e := event.Event.(type) {
	case *pb.AskResponse_Plan:
		g.Prompt, g.Model = e.Plan.GetPrompt(), e.Plan.GetModel()
	case *pb.AskResponse_Citation:
		c := e.Citation
		g.Citations = append(g.Citations, Passage{
			URI: c.GetUri(), HeadingPath: c.GetHeadingPath(), Text: c.GetQuote(),
			Start: int(c.GetRange().GetStart()), End: int(c.GetRange().GetEnd()),
		})
	case *pb.AskResponse_Support:
		g.Sentences++
		if e.Support.GetSupported() {
			g.Supported++
		}
	case *pb.AskResponse_Verdict:
		g.Verdict = e.Verdict.GetVerdict()
	case *pb.AskResponse_Done:
		if receipt := e.Done.GetReceipt(); receipt != nil && receipt.Cost != nil {
			g.Cost, g.CostKnown = *receipt.Cost, true
		}
	}
}

// hopeless errors are the request's, not a model's: every question would fail.
func hopeless(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.NotFound, codes.Unimplemented, codes.Canceled:
		return true
	case codes.Unavailable:
		return retryAfter(err) == 0 // no server answers
	}
	return false
}

// RunTrial asks every question of d that has a truth under every setting, and
// judges the answers. ask is called by as many goroutines as concurrency says.
func RunTrial(ctx context.Context, d Dataset, settings []TrialSetting, concurrency int,
	ask func(context.Context, string, TrialSetting) (Given, error),
) ([]TrialRow, error) {
	var queries []*Query
	for i := range d.Queries {
		if d.Queries[i].judged() {
			queries = append(queries, &d.Queries[i])
		}
	}
	if len(queries) == 0 {
		return nil, fmt.Errorf("%s: none of its %d questions has an expected answer", d.Name, len(d.Queries))
	}
	var rows []TrialRow
	for _, set := range settings {
		row := TrialRow{Setting: set, answered: make([]answered, len(queries))}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(concurrency)
		for i, q := range queries {
			g.Go(func() error {
				given, err := ask(ctx, q.Text, set)
				if err != nil && (hopeless(err) || ctx.Err() != nil) {
					return fmt.Errorf("%s, question %q: %w", set, q.ID, err)
				}
				row.answered[i] = answered{q, given, err}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		row.judge(newDocIDs(d))
		rows = append(rows, row)
	}
	return rows, nil
}
