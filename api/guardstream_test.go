package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// A client that takes nothing is cut off, which ends the model's call.
func TestSlowClientIsCutOff(t *testing.T) {
	chat := openaitest.New(t, openaitest.Reply{Pieces: []string{strings.Repeat("word ", 200)}, Fault: openaitest.Endless})
	r := newRigOf(t, api.Options{SendTimeout: 100 * time.Millisecond}, "", func(_ *pgxpool.Pool, p *api.Parts) {
		wide := generate.ChatConfig{Config: provider.Config{BaseURL: chat.URL, Model: "m"}, ContextTokens: 100_000}
		answerer, err := generate.NewChat(wide, p.Searcher, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Answerers = []generate.Answerer{answerer}
	})
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	stream, err := r.query.Ask(within(t), &quarryv1.AskRequest{
		Collection: "docs", Question: "When was the lighthouse built?", MaxAnswerTokens: 100_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	openaitest.Await(t, chat.Gone, "end of the model's call")
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("the stream ended with %v", err)
	}
}
