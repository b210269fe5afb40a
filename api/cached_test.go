package api_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/answercache"
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
	for range 2 { // plan and passages: the model is being asked
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
	<-s.Gone // the last one's going ends it
}

// fact is a document of the plain model: what it says and to whom.
type fact struct {
	word string
	to   []string // nobody: not there
}

// world is the plain model of a collection: its states, one for each change that
// began, and how many of the changes have ended.
type world struct {
	mu     sync.Mutex
	states []map[string]fact
	ended  int
}

func (w *world) at() (ended, begun int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended, len(w.states) - 1
}

// Whatever changes meanwhile, an answer is what the collection said to its asker
// at some time between question and answer: edits, permissions, deletions and
// questions in random order, at once.
func TestCacheIsNeverStale(t *testing.T) {
	r := newCachingRig(t, "", true)
	r.create(t, "docs")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := &world{states: []map[string]fact{{}}}
	until := time.Now().Add(6 * time.Second)
	var group sync.WaitGroup
	counts := make([]map[quarryv1.CacheState]int, 4)
	for i := range counts {
		counts[i] = map[quarryv1.CacheState]int{}
		group.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for time.Now().Before(until) {
				r.askOfWorld(t, w, random, counts[i])
			}
		})
	}
	random := rand.New(rand.NewPCG(seed, 99))
	for n := 0; time.Now().Before(until); n++ {
		r.changeWorld(t, w, random, n)
	}
	group.Wait()
	total := map[quarryv1.CacheState]int{}
	for _, c := range counts {
		for state, n := range c {
			total[state] += n
		}
	}
	t.Logf("%d changes; answers %v", len(w.states)-1, total)
	if total[exact] < 10 || total[miss] < 10 || len(w.states) < 10 {
		t.Error("too little happened to prove anything")
	}
}

var things = []string{"Zorb", "Quib", "Frel"}

// askOfWorld asks one question as ann or bob, and once more at once.
func (r *rig) askOfWorld(t *testing.T, w *world, random *rand.Rand, counts map[quarryv1.CacheState]int) {
	who := []string{"ann", "bob"}[random.IntN(2)]
	thing := things[random.IntN(len(things))]
	for range 1 + random.IntN(3) {
		from, _ := w.at()
		events, err := r.ask(t, &quarryv1.AskRequest{
			Collection: "docs", Question: "What is the colour of " + thing + "?", Options: &quarryv1.SearchOptions{Principals: []string{who}},
		})
		_, to := w.at()
		if err != nil {
			t.Error(err)
			return
		}
		got := hear(events)
		counts[got.done.Receipt.Cache]++
		w.mu.Lock()
		states := w.states[from : to+1]
		w.mu.Unlock()
		if why := impossible(got.text, who, thing, states); why != "" {
			t.Errorf("%s asked for %s (%v): %s: %s", who, thing, got.done.Receipt.Cache, why, got.text)
		}
	}
}

// impossible says what of an answer no state explains. A change of text and of
// permission is two: the permission holds at once, the text a little later.
func impossible(text, who, thing string, states []map[string]fact) string {
	said := false
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '.' }) {
		if !strings.HasPrefix(word, "word") {
			continue
		}
		wrote, allowed := "", false
		for _, s := range states {
			for name, f := range s {
				if f.word == word {
					wrote = name
				}
			}
		}
		for _, s := range states {
			allowed = allowed || slices.Contains(s[wrote].to, who)
		}
		said = said || wrote == thing
		if wrote == "" {
			return word + " is not what any document said"
		}
		if !allowed {
			return word + " is not for them"
		}
	}
	for _, s := range states {
		// A search that meets a document's change may miss it once.
		if !slices.Contains(s[thing].to, who) || s[thing].word != states[0][thing].word {
			return ""
		}
	}
	if !said {
		return "the document was there all the time"
	}
	return ""
}

// changeWorld edits a document, changes who may read it, both, or deletes it.
func (r *rig) changeWorld(t *testing.T, w *world, random *rand.Rand, n int) {
	thing := things[random.IntN(len(things))]
	w.mu.Lock()
	last := w.states[len(w.states)-1]
	next := map[string]fact{}
	for k, v := range last {
		next[k] = v
	}
	f := next[thing]
	kind := random.IntN(4)
	if f.to == nil || kind == 0 || kind == 2 {
		f.word = fmt.Sprintf("word%d", n)
	}
	if f.to == nil || kind >= 1 {
		f.to = [][]string{{"ann"}, {"bob"}, {"ann", "bob"}}[random.IntN(3)]
	}
	if kind == 3 {
		f = fact{}
	}
	next[thing] = f
	w.states = append(w.states, next)
	w.mu.Unlock()
	uri := thing + ".md"
	var err error
	if f.to == nil {
		if last[thing].to != nil {
			_, err = r.ingest.DeleteDocument(within(t), &quarryv1.DeleteDocumentRequest{Collection: "docs", Uri: uri})
		}
	} else {
		_, err = r.ingest.PutDocument(within(t), &quarryv1.PutDocumentRequest{
			Collection: "docs", Uri: uri, MediaType: "text/markdown", Principals: f.to, Wait: true,
			Content: fmt.Appendf(nil, "# %s\n\nThe colour of %s is %s.", thing, thing, f.word),
		})
	}
	if err != nil {
		t.Error(err)
	}
	w.mu.Lock()
	w.ended = len(w.states) - 1
	w.mu.Unlock()
	// Questions between the changes, so that answers are given again.
	for range random.IntN(4) {
		r.askOfWorld(t, w, random, map[quarryv1.CacheState]int{})
	}
}
