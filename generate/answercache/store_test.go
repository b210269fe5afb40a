package answercache

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/internal/pgtest"
	"github.com/quarry-rag/quarry/retrieve"
)

// stored is the text of every document.
type stored string

func (s stored) Bytes(_ context.Context, _ retrieve.Passage, start, end int) ([]byte, error) {
	if end > len(s) {
		return nil, retrieve.ErrGone
	}
	return []byte(s[start:end]), nil
}

// rig is a cache over an empty collection, with a clock of its own.
type rig struct {
	*Cache
	pool *pgxpool.Pool
	now  time.Time
}

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	r := &rig{pool: pgtest.Pool(t), now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	r.exec(t, `insert into collection (collection_id, name, active_space_id) values (1, 'docs', 1), (2, 'other', 1)`)
	r.exec(t, `insert into collection_stats (collection_id) values (1), (2)`)
	o.Now = func() time.Time { return r.now }
	var err error
	if r.Cache, err = New(r.pool, stored("It is 7."), o); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := r.pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) slot(t *testing.T, collection, text, rest string) *Slot {
	t.Helper()
	s, err := r.Slot(t.Context(), Question{Collection: collection, Text: text, Rest: []byte(rest)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *rig) has(t *testing.T, s *Slot) bool {
	t.Helper()
	e, err := r.Get(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return e != nil
}

func (r *rig) rows(t *testing.T) (n int) {
	t.Helper()
	if err := r.pool.QueryRow(t.Context(), `select count(*) from cached_answer`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func answer() *Entry {
	e := &Entry{}
	e.Found.Passages = []retrieve.Passage{{DocumentID: 3, URI: "u", Text: "It is 7.", End: 8}}
	e.Found.Words.Model = "m"
	e.Events = []generate.Event{
		generate.Delta{Text: "It is 7. [1]"},
		generate.Citation{Passage: 1, Start: 0, End: 8, Quote: "It is 7."},
		generate.Support{End: 8, Supported: true, Passages: []int{1}, Judgement: &generate.Judgement{Model: "j", Reason: "why"}},
		generate.Usage{InputTokens: 5},
		generate.Verdict{Outcome: generate.Answered},
		generate.Done{FinishReason: "stop", Tries: []generate.Try{
			{Model: "cheap", Code: "down", Refused: true, Price: &generate.Price{Input: 2}, Duration: 1},
			{Model: "dear", Usage: generate.Usage{InputTokens: 5}, Price: &generate.Price{Input: 2}, Duration: 1},
		}},
	}
	return e
}

func TestEntryComesBack(t *testing.T) {
	r := newRig(t, Options{TTL: time.Hour})
	s := r.slot(t, "docs", "How  much is it?", "x")
	if r.has(t, s) {
		t.Fatal("an empty cache has it")
	}
	r.Put(t.Context(), s, answer())
	e, err := r.Get(t.Context(), r.slot(t, "docs", "how much is it", "x"))
	if err != nil || e == nil {
		t.Fatalf("%v, %v", e, err)
	}
	want := answer()
	want.Events[3] = generate.Usage{}
	want.Events[5] = generate.Done{FinishReason: "stop"}
	if d := cmp.Diff(want.Events, e.Events); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want.Found.Passages, e.Found.Passages); d != "" {
		t.Error(d)
	}
	if e.Model != "dear" || e.NanoDollars == nil || *e.NanoDollars != 10_000 || !e.MadeAt.Equal(r.now) || e.Found.Words.Model != "m" {
		t.Errorf("%+v", e)
	}
	for _, other := range []*Slot{
		r.slot(t, "docs", "How much is IT?", "x"), r.slot(t, "docs", "How much is it?", "y"), r.slot(t, "other", "How much is it?", "x"),
	} {
		if r.has(t, other) {
			t.Errorf("%q finds it too", other.question)
		}
	}
}

// Time, a change of the collection, another build and bytes that are not the
// quote's each end it.
func TestEntryEnds(t *testing.T) {
	r := newRig(t, Options{TTL: time.Hour})
	again := func() bool { t.Helper(); return r.has(t, r.slot(t, "docs", "q", "")) }
	put := func() { t.Helper(); r.Put(t.Context(), r.slot(t, "docs", "q", ""), answer()) }
	put()
	r.now = r.now.Add(time.Hour - time.Second)
	if !again() {
		t.Error("gone before its time")
	}
	r.now = r.now.Add(time.Second)
	if again() {
		t.Error("there after its time")
	}
	put()
	r.exec(t, `update collection_stats set version = version + 1 where collection_id = 2`)
	if !again() {
		t.Error("another collection's change ended it")
	}
	early := r.slot(t, "docs", "late", "")
	r.exec(t, `update collection_stats set version = version + 1 where collection_id = 1`)
	r.Put(t.Context(), early, answer()) // made from before the change
	if again() || r.has(t, r.slot(t, "docs", "late", "")) {
		t.Error("there after a change")
	}
	put()
	r.exec(t, `update collection set active_space_id = 9 where collection_id = 1`)
	if again() {
		t.Error("there in another space")
	}
	put()
	r.o.Identity = "another build"
	if again() {
		t.Error("there for another build")
	}
	put()
	if r.source = stored("It is 8."); again() {
		t.Error("a quote that is not stored")
	}
	if r.source = stored(""); again() {
		t.Error("a quote whose document is gone")
	}
}

func TestWhatIsNotKept(t *testing.T) {
	r := newRig(t, Options{TTL: time.Hour})
	for i, spoil := range []func(*Entry){
		func(e *Entry) { e.Events = e.Events[:5] },
		func(e *Entry) { e.Events[5] = generate.Done{FinishReason: "length"} },
		func(e *Entry) { e.Events[4] = generate.Verdict{Outcome: generate.Partial} },
		func(e *Entry) { e.Found.Degraded = []string{"a leg was late"} },
		func(e *Entry) { e.Events = nil },
		func(e *Entry) {
			var noise strings.Builder
			for n := range 400_000 {
				fmt.Fprintf(&noise, "%x ", uint32(n)*2654435761)
			}
			e.Events[0] = generate.Delta{Text: noise.String()}
		},
	} {
		e := answer()
		spoil(e)
		r.Put(t.Context(), r.slot(t, "docs", fmt.Sprint(i), ""), e)
	}
	if n := r.rows(t); n != 0 {
		t.Errorf("%d kept", n)
	}
}

// What is stale, too old or too many goes; text of what was deleted does not stay.
func TestPrune(t *testing.T) {
	r := newRig(t, Options{TTL: time.Hour, MaxEntries: 5})
	for i := range 10 {
		r.now = r.now.Add(time.Second)
		r.Put(t.Context(), r.slot(t, "docs", fmt.Sprint("q", i), ""), answer())
	}
	prune := func(want int) {
		t.Helper()
		if err := r.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := r.rows(t); n != want {
			t.Errorf("%d left, want %d", n, want)
		}
	}
	prune(5)
	if r.has(t, r.slot(t, "docs", "q4", "")) || !r.has(t, r.slot(t, "docs", "q5", "")) {
		t.Error("not the newest were kept")
	}
	r.now = r.now.Add(time.Hour - 2*time.Second)
	prune(2)
	r.exec(t, `update collection_stats set version = version + 1`)
	prune(0)
	for i := range pruneEach {
		r.Put(t.Context(), r.slot(t, "docs", fmt.Sprint(i), ""), answer())
	}
	if n := r.rows(t); n != 5+10 { // ten came after the hundredth put
		t.Errorf("%d rows: nothing prunes while answers are kept", n)
	}
	r.exec(t, `delete from collection`)
	prune(0)
	r.Put(t.Context(), &Slot{collection: 1}, answer())
	prune(0)
}

// What readers see of a document alone moves the version, once a transaction;
// what they do not see does not.
func TestDocumentsMoveTheVersion(t *testing.T) {
	r := newRig(t, Options{TTL: time.Hour})
	r.exec(t, `insert into document (collection_id, document_id, uri, state, content_hash, version)
		select 1, n, n::text, 'ready', '', case when n <= 10 then 1 else 0 end from generate_series(1, 20) n`)
	last := r.slot(t, "docs", "q", "").version
	for _, c := range []struct {
		change string
		moves  int64
	}{
		{`state = 'pending', revision = 2, source = 's' where document_id = 1`, 0},
		{`principals = '{ann}' where document_id <= 10`, 1},
		{`principals = '{ann}' where document_id <= 10`, 0},
		{`metadata = '{"a": 1}' where document_id = 1`, 1},
		{`title = 't' where document_id = 1`, 1},
		{`principals = '{bob}' where document_id > 10`, 0}, // nobody can read them yet
	} {
		r.exec(t, `update document set `+c.change)
		now := r.slot(t, "docs", "q", "").version
		if now-last != c.moves {
			t.Errorf("%s: moved by %d", c.change, now-last)
		}
		last = now
	}
}
