package eval

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
)

type loader struct {
	put func(Document) (bool, string, error)
}

func (l loader) Put(_ context.Context, d Document) (bool, string, error) { return l.put(d) }

func documents(n int, last error) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for i := range n {
			if !yield(Document{ID: fmt.Sprint(i)}, nil) {
				return
			}
		}
		if last != nil {
			yield(Document{}, last)
		}
	}
}

func TestLoad(t *testing.T) {
	calls := 0
	got, err := Load(context.Background(), loader{func(d Document) (bool, string, error) {
		switch d.ID {
		case "3":
			return false, "empty", nil
		case "4":
			return false, "", nil
		}
		return true, "", nil
	}}, documents(10, nil), 3, func(Loaded) { calls++ })
	if err != nil {
		t.Fatal(err)
	}
	if want := (Loaded{8, 1, 1, `"3": empty`}); got != want || calls != 10 {
		t.Errorf("%+v after %d calls, want %+v", got, calls, want)
	}
	broken := errors.New("line 11")
	if _, err := Load(context.Background(), loader{func(Document) (bool, string, error) { return true, "", nil }}, documents(10, broken), 3, nil); !errors.Is(err, broken) {
		t.Errorf("a broken corpus: %v", err)
	}
	down := errors.New("down")
	var puts atomic.Int32
	_, err = Load(context.Background(), loader{func(Document) (bool, string, error) { puts.Add(1); return false, "", down }}, documents(1000, nil), 3, nil)
	if !errors.Is(err, down) || puts.Load() > 100 {
		t.Errorf("a server that is down: %v after %d documents", err, puts.Load())
	}
}
