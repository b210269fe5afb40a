package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/answercache"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	"github.com/quarry-rag/quarry/internal/modeltest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// Every answer ends with a receipt, and what it used is in the ledger.
func TestReceipt(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives in ", "the Arctic [1]. It weighs 9,999 kg [1]."}})
	r := newRig(t, api.Options{}, chatAt(s.URL))
	r.create(t, "docs")
	r.put(t, "docs", "walrus.md", "# Walrus\n\nThe walrus lives in the Arctic and eats clams.")
	var done *quarryv1.DoneEvent
	var supports []*quarryv1.SupportEvent
	for _, model := range []string{"chat", "extractive"} {
		events, err := r.ask(t, &quarryv1.AskRequest{Collection: "docs", Question: "Where does the walrus live?", Model: model})
		if err != nil {
			t.Fatal(err)
		}
		supports = nil
		var verdict *quarryv1.VerdictEvent
		for _, e := range events {
			if s := e.GetSupport(); s != nil {
				supports = append(supports, s)
			}
			if v := e.GetVerdict(); v != nil {
				verdict = v
			}
		}
		done = events[len(events)-1].GetDone()
		receipt := done.GetReceipt()
		if len(receipt.GetTraceId()) != 32 || receipt.SpaceFingerprint == "" || len(receipt.Tries) != 1 {
			t.Fatalf("%s: receipt %v", model, receipt)
		}
		try := receipt.Tries[0]
		if try.Model != model || try.Code != "" || try.Duration.AsDuration() <= 0 || try.FirstToken.AsDuration() <= 0 {
			t.Errorf("%s: try %v", model, try)
		}
		want := []string{"queue", "embed", "lexical", "dense", "fuse", "search", "first_token", "generate", "total"}
		if model == "chat" {
			want = append(want, "compose")
		}
		if names := stageNames(done); !holds(names, want...) || names[0] != "queue" {
			t.Errorf("%s: stages %v, want %v among them", model, names, want)
		}
		if model == "chat" {
			if receipt.Cost != nil || try.Cost != nil || !strings.HasPrefix(receipt.Prompt, "grounded-qa@") || try.InputTokens != 123 {
				t.Errorf("a model without a price: %v", receipt)
			}
			if len(supports) != 2 || !supports[0].Supported || supports[1].Supported || verdict.GetVerdict() != quarryv1.Verdict_VERDICT_PARTIAL {
				t.Errorf("supports %v, verdict %v", supports, verdict)
			}
			continue
		}
		if receipt.Cost == nil || *receipt.Cost != 0 || len(supports) == 0 || !supports[0].Supported {
			t.Errorf("quotes are free and their own proof: %v, %v", receipt, supports)
		}
	}
	use, err := quarryv1.NewUsageServiceClient(r.conn).ListUsage(within(t), &quarryv1.ListUsageRequest{Collection: "docs"})
	if err != nil || len(use.Rows) != 2 {
		t.Fatalf("%v, %v", use, err)
	}
	if row := use.Rows[0]; row.Model != "chat" || row.Answers != 1 || row.InputTokens != 123 || row.Unpriced != 1 || row.Day == "" {
		t.Errorf("%v", row)
	}
}

func stageNames(d *quarryv1.DoneEvent) (names []string) {
	for _, s := range d.GetStages() {
		names = append(names, s.Stage)
	}
	return names
}

func holds(all []string, some ...string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}

// An answer that no model gave has its receipt in the status, with every try.
func TestReceiptOfAFailedAnswer(t *testing.T) {
	busy := openaitest.New(t, openaitest.Reply{Status: 503, Body: "busy"})
	broken := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives ", "on the moon. "}, Fault: openaitest.Truncate})
	r := newRouteRig(t, busy.URL, broken.URL)
	r.create(t, "docs")
	r.put(t, "docs", "walrus.md", walrus)
	_, err := r.ask(t, &quarryv1.AskRequest{Collection: "docs", Question: "Where does the walrus live?"})
	var receipt *quarryv1.Receipt
	for _, d := range status.Convert(err).Details() {
		if v, ok := d.(*quarryv1.Receipt); ok {
			receipt = v
		}
	}
	if status.Code(err) != codes.Unavailable || !retries(err) || len(receipt.GetTries()) != 2 || len(receipt.TraceId) != 32 || receipt.Route != "both" {
		t.Fatalf("%v, receipt %v", err, receipt)
	}
	if a, b := receipt.Tries[0], receipt.Tries[1]; a.Model != "a" || a.GetCost() != 0 || a.Cost == nil || b.Code != "truncated" || !b.Estimated || b.GetCost() == 0 || b.Price.GetInput() != 1 {
		t.Errorf("%v", receipt.Tries)
	}
}

// What models wrote for the search of an answer is in its receipt, and of none that
// is given again.
func TestReceiptOfARewrittenSearch(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives in the Arctic [1]."}})
	r := newRigOf(t, api.Options{}, chatAt(s.URL), func(pool *pgxpool.Pool, p *api.Parts) {
		rewriter := &generate.Rewriter{Model: p.Answerers[0].(generate.Shorter)}
		p.Searcher = retrieve.New(pool, modeltest.New(t), retrieve.Options{Rewriter: rewriter})
		var err error
		if p.Cache, err = answercache.New(pool, p.Searcher, answercache.Options{TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
	})
	r.create(t, "docs")
	r.put(t, "docs", "walrus.md", walrus)
	in := &quarryv1.AskRequest{Collection: "docs", Question: "Where does the walrus live?", Options: &quarryv1.SearchOptions{Hyde: true, Paraphrases: 1}}
	var purposes []string
	for _, try := range r.say(t, in).done.Receipt.Tries {
		if purposes = append(purposes, try.Purpose); try.InputTokens != openaitest.InputTokens {
			t.Errorf("%v", try)
		}
	}
	if slices.Sort(purposes); !slices.Equal(purposes, []string{"", "paraphrase", "suppose"}) {
		t.Errorf("tries for %q", purposes)
	}
	if again := r.say(t, in).done.Receipt; again.Cache != exact || len(again.Tries) > 0 || again.GetCost() != 0 {
		t.Errorf("given again: %v", again)
	}
}

// The models that may be asked are listed, the default first.
func TestListModels(t *testing.T) {
	r := newRig(t, api.Options{}, "http://127.0.0.1:1/v1")
	out, err := quarryv1.NewModelServiceClient(r.conn).ListModels(within(t), &quarryv1.ListModelsRequest{})
	if err != nil || len(out.Models) != 2 {
		t.Fatalf("%v, %v", out, err)
	}
	if m := out.Models[0]; m.Name != "chat" || m.Price != nil {
		t.Errorf("%v", m)
	}
	if m := out.Models[1]; m.Name != "extractive" || m.Provider != "extractive" {
		t.Errorf("%v", m)
	}
}
