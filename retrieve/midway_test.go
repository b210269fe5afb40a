package retrieve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// odd is a model that gives one vector for everything.
type odd struct {
	hashed
	vector []float32
}

func (m odd) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i := range out {
		out[i] = m.vector
	}
	return out, nil
}

// A vector that cannot be searched by is no vector: the words answer, every score
// is a number, and it is an error when nothing else is asked for.
func TestOddVectors(t *testing.T) {
	c := animals(t)
	nan, inf := make([]float32, 64), make([]float32, 64)
	nan[7], inf[7] = float32(math.NaN()), float32(math.Inf(1))
	for name, v := range map[string][]float32{"NaN": nan, "infinite": inf, "zeros": make([]float32, 64), "too short": {1}, "none": nil} {
		for _, q := range []Query{{Text: "dogs bark"}, {Text: "dogs bark", HyDE: true, Paraphrases: 1}} {
			s := New(c.pool, odd{hashed{64}, v}, Options{Rewriter: written{paraphrases: []string{"barking"}, supposed: "Dogs bark."}})
			r, err := s.Search(t.Context(), q.in(c))
			if err != nil || len(r.Degraded) == 0 || len(r.Passages) == 0 || r.Passages[0].URI != "dogs" || r.Vector != nil {
				t.Errorf("%s: %v, %v, %v", name, uris(r), r.Degraded, err)
			}
			for _, p := range r.Passages {
				if math.IsNaN(p.Score+r.Coverage) || p.Dense.Score != 0 {
					t.Errorf("%s: scores %v, %v, coverage %v", name, p.Score, p.Dense, r.Coverage)
				}
			}
			if _, err := s.Search(t.Context(), Query{Text: "dogs", Legs: Dense}.in(c)); err == nil {
				t.Errorf("%s: no error by meaning alone", name)
			}
		}
	}
}

// replace gives a document another version in one transaction, as ingest does.
func (c *corpus) replace(t testing.TB, document int64, version int) {
	t.Helper()
	tx, err := c.pool.Begin(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	defer tx.Rollback(t.Context())
	exec := func(sql string, args ...any) {
		if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
			t.Error(err)
		}
	}
	text := fmt.Sprintf("dogs bark in version %d", version)
	body := strings.Repeat("-", version) + text + "\n\n" + text
	exec(`delete from document_text where document_id = $1`, document)
	exec(`update document set version = $2 where document_id = $1`, document, version)
	exec(`insert into document_text (collection_id, document_id, version, body) values ($1, $2, $3, $4)`, c.id, document, version, []byte(body))
	for ord := range 2 {
		start := version + ord*(len(text)+2)
		id := c.ids.Next()
		for _, table := range []string{"posting", "embedding"} {
			exec(`update `+table+` set chunk_id = $3 where chunk_id = (select chunk_id from chunk where document_id = $1 and ord = $2)`, document, ord, id)
		}
		exec(`update chunk set chunk_id = $3, body = $4, start_byte = $5, end_byte = $6 where document_id = $1 and ord = $2`,
			document, ord, id, text, start, start+len(text))
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}

// While documents are replaced, and at last all are gone, a search finds what was
// there at some moment: no error, no text that is not of its version.
func TestCollectionChangesMidway(t *testing.T) {
	c := testCorpus(t)
	var documents []int64
	for i := range 5 {
		documents = append(documents, c.add(t, fmt.Sprint("doc", i), "dogs bark in version 1", "dogs bark in version 1"))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for version := 2; version < 30; version++ {
			for _, d := range documents {
				c.replace(t, d, version)
			}
		}
		for _, sql := range []string{`delete from posting`, `delete from embedding`, `delete from document`, `update collection_stats set chunks = 0`} {
			if _, err := c.pool.Exec(t.Context(), sql); err != nil {
				t.Error(err)
			}
		}
	}()
	s := New(c.pool, c.model, Options{})
	for running, n := true, 0; running; n++ {
		select {
		case <-done:
			running = false
		default:
		}
		r, err := s.Search(t.Context(), Query{Text: "dogs bark", Expand: Expansion(n % 3), Dedupe: n%2 == 0, Explain: true}.in(c))
		if err != nil {
			<-done
			t.Fatal(err)
		}
		for _, p := range r.Passages {
			c.checkVersion(t, s, p)
		}
	}
	r, err := s.Search(t.Context(), Query{Text: "dogs bark"}.in(c))
	if diff := cmp.Diff([]string(nil), uris(r)); diff != "" || err != nil {
		t.Errorf("emptied: %v, %s", err, diff)
	}
}

// checkVersion makes sure that a passage is what replace wrote for its version.
func (c *corpus) checkVersion(t testing.TB, s *Searcher, p Passage) {
	t.Helper()
	part := fmt.Sprintf("dogs bark in version %d", p.Version)
	if p.Text != part && p.Text != part+"\n\n"+part || len(p.Text) != p.End-p.Start {
		t.Errorf("version %d, [%d, %d): %q", p.Version, p.Start, p.End, p.Text)
	}
	if stored, err := s.Bytes(t.Context(), p, p.Start, p.End); !errors.Is(err, ErrGone) && (err != nil || string(stored) != p.Text) {
		t.Errorf("stored %q, %v", stored, err)
	}
}
