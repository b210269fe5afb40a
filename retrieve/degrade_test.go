package retrieve

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDegraded(t *testing.T) {
	c := animals(t)
	lock := func(table string) func() {
		tx, err := c.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "lock table "+table+" in access exclusive mode"); err != nil {
			t.Fatal(err)
		}
		return func() { tx.Rollback(context.Background()) }
	}
	soon := 50 * time.Millisecond
	for _, tt := range []struct {
		name string
		s    *Searcher
		lock string
		want string
	}{
		{
			"model fails", New(c.pool, broken{hashed: hashed{64}}, Options{}), "",
			"The embedding model failed, so the search is by words only.",
		},
		{
			"model hangs", New(c.pool, broken{hashed{64}, true}, Options{EmbedBudget: soon}), "",
			"The embedding model did not answer within 50ms, so the search is by words only.",
		},
		{
			"dense leg is late", New(c.pool, hashed{64}, Options{DenseBudget: soon}), "embedding",
			"Vector search did not answer within 50ms, so the search is by words only.",
		},
		{
			"lexical leg is late", New(c.pool, hashed{64}, Options{LexicalBudget: soon}), "posting",
			"Word search did not answer within 50ms, so the search is by meaning only.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			tt.s.o.Log = slog.New(slog.NewTextHandler(&log, nil))
			if tt.lock != "" {
				defer lock(tt.lock)()
			}
			for range 2 { // the second embeds ahead
				r, err := tt.s.Search(t.Context(), Query{Text: "Dogs bark at strangers."}.in(c))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{tt.want}, r.Degraded); diff != "" {
					t.Error(diff)
				}
				if len(r.Passages) == 0 || r.Passages[0].URI != "dogs" || r.Coverage < 0.5 {
					t.Errorf("passages %v, coverage %v", uris(r), r.Coverage)
				}
			}
			if !strings.Contains(log.String(), "search degraded") || strings.Contains(log.String(), "Dogs") {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

// Once the model is known to be down, searches say so and do not ask it.
func TestDegradedModelDown(t *testing.T) {
	c := animals(t)
	s := New(c.pool, broken{hashed: hashed{64}}, Options{})
	var last []string
	for range 4 {
		r, err := s.Search(t.Context(), Query{Text: "dogs"}.in(c))
		if err != nil || len(r.Passages) == 0 || r.Vector != nil {
			t.Fatalf("%v, %v", r, err)
		}
		last = r.Degraded
	}
	if diff := cmp.Diff([]string{"The embedding model does not answer now, so the search is by words only."}, last); diff != "" {
		t.Error(diff)
	}
}

func TestNoLegLeft(t *testing.T) {
	c := animals(t)
	_, err := New(c.pool, broken{hashed: hashed{64}}, Options{}).Search(t.Context(), Query{Text: "dogs", Legs: Dense}.in(c))
	if !errors.Is(err, errModel) {
		t.Errorf("dense only: %v", err)
	}
	c.exec(t, `update collection set settings = '{"language": "xx"}'`)
	_, err = New(c.pool, broken{hashed: hashed{64}}, Options{}).Search(t.Context(), Query{Text: "dogs"}.in(c))
	if !errors.Is(err, errModel) {
		t.Errorf("both: %v", err)
	}
	r := c.search(t, Query{Text: "dogs"})
	if diff := cmp.Diff([]string{"Word search failed, so the search is by meaning only."}, r.Degraded); diff != "" {
		t.Error(diff)
	}
}

// Cancelling ends the statement in Postgres, not only the wait for it.
func TestCancelReachesPostgres(t *testing.T) {
	c := animals(t)
	tx, err := c.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "lock table posting in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := New(c.pool, c.model, Options{LexicalBudget: time.Minute}).Search(ctx, Query{Text: "dogs"}.in(c))
		done <- err
	}()
	c.waiting(t, 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	c.waiting(t, 0)
}

// waiting returns when n statements wait for a lock.
func (c *corpus) waiting(t testing.TB, n int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		var got int
		if err := c.pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d statements wait, not %d", got, n)
		}
	}
}
