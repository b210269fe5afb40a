package eval

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

var citationMarker = regexp.MustCompile(`\s?\[\d{1,3}(?:, \d{1,3})*\]`)

// maxReply bounds an answer's text.
const maxReply = 1 << 20

// Ask implements Asker: it reads a whole answer, made now.
func (s *Server) Ask(ctx context.Context, question string) (Reply, error) {
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.query.Ask(ctx, &pb.AskRequest{
		Collection: s.collection, Question: question, Model: s.model, Options: s.narrow, NoCache: true,
	})
	if err != nil {
		return Reply{}, err
	}
	var r Reply
	var text strings.Builder
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r, err
		}
		if text.WriteString(event.GetDelta().GetText()); text.Len() > maxReply {
			return r, fmt.Errorf("the answer is longer than %d bytes", maxReply)
		}
		r.take(event)
	}
	r.Text, r.Total = citationMarker.ReplaceAllString(text.String(), ""), time.Since(start)
	return r, nil
}

func (r *Reply) take(event *pb.AskResponse) {
	switch e := event.GetEvent().(type) {
	case *pb.AskResponse_Plan:
		r.Model = e.Plan.GetModel()
	case *pb.AskResponse_Passages:
		r.Coverage = e.Passages.GetReport().GetCoverage()
		for _, p := range e.Passages.GetPassages() {
			r.Passages = append(r.Passages, p.GetText())
		}
	case *pb.AskResponse_Verdict:
		r.Outcome = map[pb.Verdict]string{
			pb.Verdict_VERDICT_ANSWERED: OutcomeAnswered, pb.Verdict_VERDICT_PARTIAL: OutcomePartial,
			pb.Verdict_VERDICT_NOT_IN_DOCUMENTS: OutcomeAbsent, pb.Verdict_VERDICT_REFUSED_BY_POLICY: OutcomeRefused,
		}[e.Verdict.GetVerdict()]
	case *pb.AskResponse_Done:
		if receipt := e.Done.GetReceipt(); receipt != nil {
			r.Dollars = receipt.Cost
		}
		for _, stage := range e.Done.GetStages() {
			if stage.GetStage() == "generate" {
				r.Generate = stage.GetTime().AsDuration()
			}
		}
	}
}
