package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// newRouteRig is a server whose default is a route over models at the URLs.
func newRouteRig(t *testing.T, urls ...string) *rig {
	t.Helper()
	return newRigOf(t, api.Options{}, "", func(_ *pgxpool.Pool, p *api.Parts) {
		c := generate.Config{Routes: []generate.RouteConfig{{Name: "both"}}}
		for i, url := range urls {
			name := string(rune('a' + i))
			c.Models = append(c.Models, generate.ModelConfig{
				Name: name, Provider: "openai", Model: name, BaseURL: url, Price: &generate.PriceConfig{Input: 1, Output: 1, Date: "2026-11-01"},
			})
			c.Routes[0].Models = append(c.Routes[0].Models, name)
		}
		var err error
		extractive := p.Answerers[0].(*generate.Extractive)
		if p.Answerers, err = c.Build(generate.Parts{Extractive: extractive, Source: p.Searcher}); err != nil {
			t.Fatal(err)
		}
	})
}

// A model that fails in the middle: an error, or where the request allows it a
// restart, and the conversation keeps only the answer that stands.
func TestRestartEvent(t *testing.T) {
	broken := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives on the moon, which is far away. "}, Fault: openaitest.Truncate})
	good := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives in the Arctic [1]."}})
	r := newRouteRig(t, broken.URL, good.URL)
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	in := &quarryv1.AskRequest{Collection: "docs", Question: "Where does the walrus live?", StartConversation: true}
	begun, err := r.ask(t, in)
	if status.Code(err) != codes.Unavailable {
		t.Errorf("without leave to restart: %v", err)
	}
	if last := begun[len(begun)-1].GetVerdict(); last.GetVerdict() != quarryv1.Verdict_VERDICT_FAILED || !strings.Contains(last.Reason, "truncated") {
		t.Errorf("an answer that broke off ends with %v", begun[len(begun)-1])
	}
	in.AllowRestart = true
	events, err := r.ask(t, in)
	if err != nil {
		t.Fatal(err)
	}
	var restart *quarryv1.RestartEvent
	after := ""
	for _, e := range events {
		if e.GetRestart() != nil {
			restart, after = e.GetRestart(), ""
		}
		after += e.GetDelta().GetText()
	}
	if restart.GetModel() != "a" || restart.Code == "" || after != "The walrus lives in the Arctic [1]." {
		t.Errorf("%v, then %q", restart, after)
	}
	got, err := quarryv1.NewConversationServiceClient(r.conn).GetConversation(within(t), &quarryv1.GetConversationRequest{
		Collection: "docs", Id: hear(events).plan.Conversation,
	})
	if err != nil || len(got.Messages) != 1 || got.Messages[0].Answer != after || got.Messages[0].Model != "b" || len(got.Messages[0].Citations) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// What a client used that left in the middle is in the ledger, at its price.
func TestUseOfAClientThatLeft(t *testing.T) {
	endless := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives in the Arctic [1]. "}, Fault: openaitest.Endless})
	r := newRouteRig(t, endless.URL)
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	ctx, leave := context.WithCancel(within(t))
	stream, err := r.query.Ask(ctx, &quarryv1.AskRequest{Collection: "docs", Question: "Where does the walrus live?"})
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(e.GetDelta().GetText(), "Arctic") {
			break
		}
	}
	leave()
	openaitest.Await(t, endless.Gone, "end of the call")
	usage := quarryv1.NewUsageServiceClient(r.conn)
	for deadline := time.Now().Add(10 * time.Second); ; {
		out, err := usage.ListUsage(within(t), &quarryv1.ListUsageRequest{Collection: "docs"})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Rows) == 1 {
			row := out.Rows[0]
			if row.Model != "a" || row.Answers != 0 || row.Failures != 0 || row.OutputTokens == 0 || row.InputTokens == 0 || row.Cost == 0 || row.Unpriced != 0 {
				t.Errorf("%v", row)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was recorded")
		}
	}
}
