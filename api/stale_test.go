package api_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// fact is a document of the plain model: what it says and to whom.
type fact struct {
	word string
	to   []string // nobody: not there
}

// world is the plain model of a collection: its states, one for each change that
// began, how many of the changes have ended, and the answers by where they came from.
type world struct {
	mu      sync.Mutex
	states  []map[string]fact
	ended   int
	answers map[quarryv1.CacheState]int
}

func (w *world) at() (ended, begun int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended, len(w.states) - 1
}

// What TestCacheIsNeverStale waits to see, however long it takes up to staleWithin.
const (
	staleChanges = 50
	staleAnswers = 50 // of each kind: given again, and made anew
	staleWithin  = 2 * time.Minute
)

// enough reports whether so much has happened that it proves something.
func (w *world) enough() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended >= staleChanges && w.answers[exact] >= staleAnswers && w.answers[miss] >= staleAnswers
}

// Whatever changes meanwhile, an answer is what the collection said to its asker
// at some time between question and answer: edits, permissions, deletions and
// questions in random order, at once.
func TestCacheIsNeverStale(t *testing.T) {
	r := newCachingRig(t, "", true)
	r.create(t, "docs")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := &world{states: []map[string]fact{{}}, answers: map[quarryv1.CacheState]int{}}
	until := time.Now().Add(staleWithin)
	goOn := func() bool { return !t.Failed() && !w.enough() && time.Now().Before(until) }
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for goOn() {
				r.askOfWorld(t, w, random)
			}
		})
	}
	random := rand.New(rand.NewPCG(seed, 99))
	for n := 0; goOn(); n++ {
		r.changeWorld(t, w, random, n)
	}
	group.Wait()
	t.Logf("%d changes; answers %v", w.ended, w.answers)
	if !w.enough() {
		t.Errorf("too little happened within %v to prove anything", staleWithin)
	}
}

var things = []string{"Zorb", "Quib", "Frel"}

// askOfWorld asks one question as ann or bob, and once more at once.
func (r *rig) askOfWorld(t *testing.T, w *world, random *rand.Rand) {
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
		w.mu.Lock()
		w.answers[got.done.Receipt.Cache]++
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
		r.askOfWorld(t, w, random)
	}
}
