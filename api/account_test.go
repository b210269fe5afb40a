package api_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// An account's budget ends its answers and nobody else's; usage and receipts name
// it. A name that is none is refused.
func TestAccounts(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives in the Arctic [1]."}})
	r := newRigOf(t, api.Options{}, "", func(pool *pgxpool.Pool, p *api.Parts) {
		c := generate.Config{
			Models: []generate.ModelConfig{{
				Name: "a", Provider: "openai", Model: "a", BaseURL: s.URL, MaxTokens: 100,
				Price: &generate.PriceConfig{Input: 10_000, Output: 10_000, Date: "2026-11-01"}, // an answer is 1.68 dollars
			}},
			Routes: []generate.RouteConfig{{Name: "r", Models: []string{"a"}, Budget: generate.BudgetConfig{PerAccountDay: 15, WhenSpent: "refuse"}}},
		}
		var err error
		extractive := p.Answerers[0].(*generate.Extractive)
		if p.Answerers, err = c.Build(generate.Parts{Extractive: extractive, Source: p.Searcher, Spending: ledger.New(pool)}); err != nil {
			t.Fatal(err)
		}
	})
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	ask := func(account string) (*quarryv1.Receipt, error) {
		events, err := r.ask(t, &quarryv1.AskRequest{
			Collection: "docs", Question: "Where does the walrus live?", Options: &quarryv1.SearchOptions{Account: account},
		})
		return hear(events).done.GetReceipt(), err
	}
	answered := 0
	for {
		receipt, err := ask("acme")
		if err != nil {
			if status.Code(err) != codes.ResourceExhausted {
				t.Fatal(err)
			}
			break
		}
		if answered++; receipt.Account != "acme" || answered > 20 {
			t.Fatalf("%v after %d answers", receipt, answered)
		}
	}
	if answered == 0 {
		t.Error("the budget is spent before anything was asked")
	}
	for _, other := range []string{"", "beta/team-2"} {
		if receipt, err := ask(other); err != nil || receipt.Account != other {
			t.Errorf("%q: %v, %v", other, receipt, err)
		}
	}
	for _, bad := range []string{"*", "a b", "a\nb", "-a", strings.Repeat("a", 101), "ä"} {
		if _, err := ask(bad); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: %v", bad, err)
		}
	}
	use, err := quarryv1.NewUsageServiceClient(r.conn).ListUsage(within(t), &quarryv1.ListUsageRequest{Collection: "docs", ByAccount: true})
	if err != nil || len(use.Rows) != 3 || use.Rows[1].Account != "acme" || use.Rows[1].Answers != int64(answered) || use.Rows[2].Account != "beta/team-2" {
		t.Errorf("%v, %v", use, err)
	}
}
