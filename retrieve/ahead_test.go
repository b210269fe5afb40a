package retrieve

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What a collection is now counts, whatever it was when it was last searched.
func TestLanguageIsReadAnew(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "a", "Die Häuser sind groß", "These houses are large")
	s := New(c.pool, c.model, Options{})
	check := func(what, text string) {
		t.Helper()
		for i := range 2 {
			got, err := s.Search(t.Context(), Query{Text: text, Explain: true}.in(c))
			if err != nil {
				t.Fatal(err)
			}
			want, err := New(c.pool, c.model, Options{}).Search(t.Context(), Query{Text: text, Explain: true}.in(c))
			if err != nil {
				t.Fatal(err)
			}
			same := cmp.Options{cmpopts.IgnoreFields(Result{}, "Stages"), cmpopts.IgnoreUnexported(Explained{}), cmpopts.EquateApprox(0, 1e-9)}
			if diff := cmp.Diff(want, got, same); diff != "" {
				t.Errorf("%s, search %d: %s", what, i, diff)
			}
		}
	}
	check("English", `houses "Häuser sind"`)
	c.exec(t, `update collection set settings = '{"language": "de", "bm25_k1": 2, "dense_weight": 0.1}'`)
	check("German", `houses "Häuser sind"`)
	c.exec(t, `update collection set settings = '{"language": "xx"}'`)
	check("no language", `houses "Häuser sind"`)
	c.exec(t, `update collection set name = $1, settings = '{}'`, fmt.Sprint(c.name, " of before"))
	again := newCorpus(t, c.pool, c.model, c.name, `{"language": "de"}`)
	again.language = "de"
	again.add(t, "b", "Die Häuser sind klein")
	check("another of that name", `Häuser -groß`)
}

// counted is a model that counts the texts it embeds.
type counted struct {
	hashed
	texts *atomic.Int64
}

func (m counted) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	m.texts.Add(int64(len(texts)))
	return m.hashed.Embed(ctx, texts)
}

// A search embeds its text once, and nothing where the last one could not be made.
func TestEmbedsOnce(t *testing.T) {
	c := animals(t)
	m := counted{hashed{64}, &atomic.Int64{}}
	s := New(c.pool, m, Options{})
	search := func(want int64, wantErr error) {
		t.Helper()
		m.texts.Store(0)
		if _, err := s.Search(t.Context(), Query{Text: "dogs"}.in(c)); !errors.Is(err, wantErr) {
			t.Error(err)
		}
		if got := m.texts.Load(); got != want {
			t.Errorf("%d texts embedded, want %d", got, want)
		}
	}
	search(1, nil)
	search(1, nil)
	for _, tt := range []struct {
		do, undo string
		err      error
	}{
		{"update space set fingerprint = 'other'", "update space set fingerprint = 'hashed/64'", ErrModelMismatch},
		{"update collection set name = 'gone'", "update collection set name = 'docs'", ErrUnknownCollection},
	} {
		c.exec(t, tt.do)
		search(1, tt.err) // ahead
		search(0, tt.err)
		c.exec(t, tt.undo)
		search(1, nil)
		search(1, nil)
	}
}
