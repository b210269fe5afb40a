package api_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/answercache"
	"github.com/quarry-rag/quarry/generate/conversation"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

const (
	miss   = quarryv1.CacheState_CACHE_STATE_MISS
	exact  = quarryv1.CacheState_CACHE_STATE_EXACT
	shared = quarryv1.CacheState_CACHE_STATE_SHARED
	off    = quarryv1.CacheState_CACHE_STATE_OFF
)

// newCachingRig is a server that gives answers again.
func newCachingRig(t *testing.T, chat chatAt, semantic bool) *rig {
	t.Helper()
	return newRigOf(t, api.Options{}, chat, func(pool *pgxpool.Pool, p *api.Parts) {
		var err error
		if p.Cache, err = answercache.New(pool, p.Searcher, answercache.Options{TTL: time.Hour, Semantic: semantic}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCachedAnswer(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives ", "in the Arctic [1]."}})
	r := newCachingRig(t, chatAt(s.URL), false)
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	ask := func(want quarryv1.CacheState, in *quarryv1.AskRequest) []*quarryv1.AskResponse {
		t.Helper()
		in.Collection = "docs"
		events, err := r.ask(t, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := hear(events).done.Receipt.Cache; got != want {
			t.Errorf("%v: %v, want %v", in, got, want)
		}
		return events
	}
	options := &quarryv1.SearchOptions{Principals: ann}
	question := "Where does the walrus live?"
	first := ask(miss, &quarryv1.AskRequest{Question: question, Options: options})
	second := ask(exact, &quarryv1.AskRequest{Question: " where does  the walrus live", Options: &quarryv1.SearchOptions{Principals: []string{ann[1], ann[0]}}})
	checkReplay(t, first, second)
	for _, other := range []*quarryv1.AskRequest{
		{Question: question},
		{Question: question, Options: &quarryv1.SearchOptions{Principals: bob}},
		{Question: question, Options: &quarryv1.SearchOptions{Principals: ann, FilterText: `uri contains "a"`}},
		{Question: question, Options: options, Model: "extractive"},
		{Question: question, Options: options, MaxAnswerTokens: 50},
		{Question: "Where does the walrus not live?", Options: options},
	} {
		ask(miss, other)
	}
	ask(off, &quarryv1.AskRequest{Question: question, Options: options, NoCache: true})
	r.put(t, "docs", "other.md", "# Seal\n\nThe seal lives everywhere.")
	ask(miss, &quarryv1.AskRequest{Question: question, Options: options})
	use, err := quarryv1.NewUsageServiceClient(r.conn).ListUsage(within(t), &quarryv1.ListUsageRequest{Collection: "docs"})
	if err != nil || use.Rows[0].Model != "chat" || use.Rows[0].Hits != 1 || use.Rows[0].Answers != int64(len(s.Requests())) {
		t.Errorf("%v, %v; %d requests", use, err, len(s.Requests()))
	}
}

// A question in other words is given the answer again; one that differs in what
// matters is not, however near its words are.
func TestSemanticCache(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"An adult walrus weighs up to 1,700 kg [1]."}})
	r := newCachingRig(t, chatAt(s.URL), true)
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	for _, c := range []struct {
		question string
		want     quarryv1.CacheState
	}{
		{"What is the weight of an adult walrus?", miss},
		{"How much does an adult walrus weigh?", quarryv1.CacheState_CACHE_STATE_SEMANTIC},
		{"Please tell me the weight of an adult walrus.", quarryv1.CacheState_CACHE_STATE_SEMANTIC},
		{"What is the weight of an adult penguin?", miss},
		{"What is not the weight of an adult walrus?", miss},
		{"What is the weight of an adult walrus in 2020?", miss},
	} {
		got := r.say(t, &quarryv1.AskRequest{Collection: "docs", Question: c.question})
		if got.done.Receipt.Cache != c.want {
			t.Errorf("%q: %v", c.question, got.done.Receipt.Cache)
		}
		if c.want == quarryv1.CacheState_CACHE_STATE_SEMANTIC && (got.done.Receipt.GetCost() != 0 || !strings.Contains(got.text, "1,700")) {
			t.Errorf("%s, %v", got.text, got.done.Receipt)
		}
	}
	// Who else asks has an answer of their own.
	got := r.say(t, &quarryv1.AskRequest{
		Collection: "docs", Question: "How much does an adult walrus weigh?", Options: &quarryv1.SearchOptions{Principals: bob},
	})
	if got.done.Receipt.Cache != miss {
		t.Error(got.done.Receipt.Cache)
	}
}

// checkReplay compares an answer with the same given again: it has the same
// passages and events, used nothing, and says when it was made.
func checkReplay(t *testing.T, first, second []*quarryv1.AskResponse) {
	t.Helper()
	var a, b []string
	for _, events := range [][]*quarryv1.AskResponse{first, second} {
		a, b = b, nil
		for _, e := range events {
			switch v := e.Event.(type) {
			case *quarryv1.AskResponse_Usage:
				b = append(b, "usage")
			case *quarryv1.AskResponse_Done:
				b = append(b, "done")
			case *quarryv1.AskResponse_Passages:
				for _, p := range v.Passages.Passages {
					b = append(b, p.String())
				}
			default:
				b = append(b, e.String())
			}
		}
	}
	if len(b) < 7 || !slices.Equal(a, b) {
		t.Errorf("given again:\n%s\nwas:\n%s", strings.Join(b, "\n"), strings.Join(a, "\n"))
	}
	for _, e := range second {
		if u := e.GetUsage(); u != nil && u.InputTokens != 0 {
			t.Errorf("usage %v", u)
		}
	}
	receipt := second[len(second)-1].GetDone().Receipt
	if receipt.Cost == nil || *receipt.Cost != 0 || receipt.CachedAt == nil || len(receipt.Tries) != 0 ||
		receipt.TraceId == first[len(first)-1].GetDone().Receipt.TraceId {
		t.Errorf("receipt %v", receipt)
	}
}

// Who may read a document no more is not given what it said, from the moment that
// this is accepted: also while the document waits to be indexed.
func TestCacheForgetsWhatIsForbidden(t *testing.T) {
	r := newCachingRig(t, "", true)
	r.create(t, "docs")
	put := func(text string, principals ...string) {
		t.Helper()
		_, err := r.ingest.PutDocument(within(t), &quarryv1.PutDocumentRequest{
			Collection: "docs", Uri: "zorb.md", Content: []byte(text), MediaType: "text/markdown", Principals: principals,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.put(t, "docs", "zorb.md", "# Zorb\n\nThe colour of Zorb is crimson.")
	in := &quarryv1.AskRequest{Collection: "docs", Question: "What is the colour of Zorb?", Options: &quarryv1.SearchOptions{Principals: bob}}
	for _, want := range []quarryv1.CacheState{miss, exact} {
		if got := r.say(t, in); !strings.Contains(got.text, "crimson") || got.done.Receipt.Cache != want {
			t.Fatalf("%s %v", got.text, got.done)
		}
	}
	r.stopWorker()
	put("# Zorb\n\nThe colour of Zorb is azure.", "user:ann")
	if got := r.say(t, in); strings.Contains(got.text, "crimson") || got.done.Receipt.Cache != miss {
		t.Errorf("%s (%v)", got.text, got.done.Receipt.Cache)
	}
}

// Equal questions asked at once share one model call; one that leaves takes
// nothing from the others.
func TestEqualQuestionsShareACall(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives in the Arctic [1]."}, Fault: openaitest.SlowHeaders})
	r := newCachingRig(t, chatAt(s.URL), false)
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	in := &quarryv1.AskRequest{Collection: "docs", Question: "Where does the walrus live?"}
	leaver, leave := context.WithCancel(within(t))
	last, leaveLast := context.WithCancel(within(t))
	first, err := r.query.Ask(leaver, in)
	if err != nil {
		t.Fatal(err)
	}
	openaitest.Await(t, s.Came, "call of the model")
	for range 2 { // plan and passages
		if _, err := first.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	second, err := r.query.Ask(last, in)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := second.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	if _, err := first.Recv(); err == nil {
		t.Error("an event after leaving")
	}
	select {
	case <-s.Gone:
		t.Error("the call ended with the first to leave")
	default:
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d calls for one question", n)
	}
	leaveLast()
	openaitest.Await(t, s.Gone, "end of the call when the last one leaves")
}

// Of a conversation that was deleted nothing stays, nor in the cache.
func TestDeletedConversationLeavesTheCache(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"The walrus lives in the Arctic [1]."}})
	var pool *pgxpool.Pool
	r := newRigOf(t, api.Options{}, chatAt(s.URL), func(p *pgxpool.Pool, parts *api.Parts) {
		var err error
		pool, parts.Conversations = p, conversation.NewStore(p)
		if parts.Cache, err = answercache.New(p, parts.Searcher, answercache.Options{TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
	})
	r.create(t, "docs")
	r.put(t, "docs", "animals.md", walrus)
	var id string
	for _, in := range []*quarryv1.AskRequest{
		{Question: "Where does the walrus live?", StartConversation: true},
		{Question: "What do seals eat?"},
	} {
		in.Collection = "docs"
		events, err := r.ask(t, in)
		if err != nil {
			t.Fatal(err)
		}
		id += events[0].GetPlan().GetConversation()
	}
	_, err := quarryv1.NewConversationServiceClient(r.conn).DeleteConversation(within(t), &quarryv1.DeleteConversationRequest{Collection: "docs", Id: id})
	if err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"conversation": 0, "message": 0, "cached_answer": 1} {
		var n int
		if err := pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n); err != nil || n != want {
			t.Errorf("%s holds %d rows, want %d (%v)", table, n, want, err)
		}
	}
}
