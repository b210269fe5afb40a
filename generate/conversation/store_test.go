package conversation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/internal/pgtest"
	"github.com/quarry-rag/quarry/retrieve"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	pool := pgtest.Pool(t)
	if _, err := pool.Exec(t.Context(), `insert into collection (collection_id, name, active_space_id) values (1, 'docs', 1)`); err != nil {
		t.Fatal(err)
	}
	return NewStore(pool)
}

func TestOwners(t *testing.T) {
	if OwnerOf([]string{"a", "b", "a"}) != OwnerOf([]string{"b", "a"}) {
		t.Error("order or repeats make a difference")
	}
	lists := [][]string{nil, {"ab"}, {"a", "b"}, {"a"}, {"a,b"}, {"", "ab"}}
	seen := map[Owner][]string{}
	for _, l := range lists {
		if other, ok := seen[OwnerOf(l)]; ok {
			t.Errorf("%q and %q are one owner", l, other)
		}
		seen[OwnerOf(l)] = l
	}
}

// Turns asked at once are numbered one after the other, and none is lost; one that
// comes after the deletion brings nothing back.
func TestAppendAtOnce(t *testing.T) {
	s := newStore(t)
	c, err := s.Create(t.Context(), "docs", Owner{1})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			mine := *c
			if err := s.Append(t.Context(), &mine, Message{Question: fmt.Sprint("q\x00\xff", i), Answer: "a"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	all, err := s.Messages(t.Context(), c, 0, 100)
	if err != nil || len(all) != 20 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	for i, m := range all {
		if m.Turn != i+1 {
			t.Errorf("turn %d is numbered %d", i+1, m.Turn)
		}
	}
	var asked []string
	note := func(_ context.Context, _ pgx.Tx, _ int64, questions []string) error {
		asked = questions
		return nil
	}
	if err := s.Delete(t.Context(), "docs", c.ID, Owner{1}, note); err != nil || len(asked) != 20 {
		t.Fatalf("%d questions, %v", len(asked), err)
	}
	if err := s.Append(t.Context(), c, Message{Question: "late"}); err != nil {
		t.Error(err)
	}
	if _, err := s.Open(t.Context(), "docs", c.ID, Owner{1}); !errors.Is(err, ErrUnknown) {
		t.Errorf("after deletion: %v", err)
	}
	var left int
	if err := s.pool.QueryRow(t.Context(), `select (select count(*) from message) + (select count(*) from conversation)`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows left, %v", left, err)
	}
}

// A conversation goes with all that is kept of it, or not at all.
func TestDeleteIsWhole(t *testing.T) {
	s := newStore(t)
	c, err := s.Create(t.Context(), "docs", Owner{1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), c, Message{Question: "q", Standalone: "q of s"}); err != nil {
		t.Fatal(err)
	}
	crash := errors.New("crash")
	forget := func(ctx context.Context, tx pgx.Tx, collection int64, questions []string) error {
		if _, err := tx.Exec(ctx, `delete from message where collection_id = $1 and standalone = any($2)`, collection, questions); err != nil {
			return err
		}
		return crash
	}
	if err := s.Delete(t.Context(), "docs", c.ID, Owner{1}, forget); !errors.Is(err, crash) {
		t.Fatal(err)
	}
	if all, err := s.Messages(t.Context(), c, 0, 9); err != nil || len(all) != 1 {
		t.Errorf("after a deletion that failed: %v, %v", all, err)
	}
}

func TestListPages(t *testing.T) {
	s := newStore(t)
	var want []string
	for range 5 {
		c, err := s.Create(t.Context(), "docs", Owner{1})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{c.ID}, want...)
	}
	if _, err := s.Create(t.Context(), "docs", Owner{2}); err != nil {
		t.Fatal(err)
	}
	var got []string
	var before time.Time
	id := ""
	for {
		page, err := s.List(t.Context(), "docs", Owner{1}, before, id, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			got = append(got, c.ID)
			before, id = c.UpdatedAt, c.ID
		}
		if len(page) < 2 {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v, want %v", got, want)
	}
}

// unweighed knows no word.
type unweighed struct{}

func (unweighed) Weights(context.Context, string, string) (retrieve.Weights, error) {
	return retrieve.Weights{Language: "en"}, nil
}

// However long a conversation is, what is recalled is bounded, and what is left
// out stands in the summary; a full one takes no more.
func TestRecallIsBounded(t *testing.T) {
	s := newStore(t)
	r := &Recaller{Store: s, Weigher: unweighed{}, Log: slog.New(slog.DiscardHandler)}
	c, err := s.Create(t.Context(), "docs", Owner{1})
	if err != nil {
		t.Fatal(err)
	}
	for turn := range 40 {
		c, err = s.Open(t.Context(), "docs", c.ID, Owner{1})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Recall(t.Context(), c, "docs", fmt.Sprintf("What is topic%d about?", turn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if size := len(got.History.Block(0)); size > 4*recallTokens {
			t.Fatalf("turn %d: %d bytes of history", turn, size)
		}
		if n := len(got.History.Turns) + strings.Count(got.History.Summary, "topic"); turn > 0 && turn < 8 && n < turn {
			t.Errorf("turn %d: %d turns recalled:\n%s", turn, n, got.History.Block(0))
		}
		m := Message{Question: fmt.Sprintf("What is topic%d about?", turn), Standalone: got.Question, Answer: strings.Repeat("A long answer. ", 60), Verdict: generate.Answered}
		if err := s.Append(t.Context(), c, m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Recall(t.Context(), c, "docs", "Why?", nil)
	if err != nil || got.By != "rules" || !strings.Contains(got.Question, "topic39") || got.History.Summary == "" || len(got.History.Summary) > maxSummary {
		t.Errorf("%+v, %v", got, err)
	}
	c.Turns = MaxTurns
	if _, err := r.Recall(t.Context(), c, "docs", "Why?", nil); !errors.Is(err, ErrFull) {
		t.Errorf("full: %v", err)
	}
}
