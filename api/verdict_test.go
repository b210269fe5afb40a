package api_test

import (
	"testing"

	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// A refusal is an answer with that verdict: its conversation keeps it, the ledger
// counts it, and nobody is given it again.
func TestRefusedByPolicy(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Finish: "content_filter"})
	r := newCachingRig(t, chatAt(s.URL), false)
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	in := &quarryv1.AskRequest{Collection: "docs", Question: "Where does the walrus live?", StartConversation: true}
	refused := quarryv1.Verdict_VERDICT_REFUSED_BY_POLICY
	for range 2 {
		got := r.say(t, in)
		if got.verdict != refused || got.text != "" || got.done.Receipt.Cache != miss || got.done.FinishReason != "content_filter" {
			t.Errorf("%v %q, %v", got.verdict, got.text, got.done)
		}
		talk, err := quarryv1.NewConversationServiceClient(r.conn).GetConversation(within(t), &quarryv1.GetConversationRequest{
			Collection: "docs", Id: got.plan.Conversation,
		})
		if err != nil || len(talk.Messages) != 1 || talk.Messages[0].Verdict != refused || talk.Messages[0].Answer != "" {
			t.Errorf("%v, %v", talk, err)
		}
	}
	use, err := quarryv1.NewUsageServiceClient(r.conn).ListUsage(within(t), &quarryv1.ListUsageRequest{Collection: "docs"})
	if err != nil || len(use.Rows) != 1 || use.Rows[0].Answers != 2 || use.Rows[0].InputTokens != 2*openaitest.InputTokens {
		t.Errorf("%v, %v", use, err)
	}
}
