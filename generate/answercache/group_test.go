package answercache

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// counting emits 0, 1, 2, … one a second, n of them, and ends with err.
func counting(n int, err error, runs, cancelled *int) func(context.Context, func(int)) error {
	return func(ctx context.Context, emit func(int)) error {
		*runs++
		for i := range n {
			emit(i)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				*cancelled++
				return ctx.Err()
			}
		}
		return err
	}
}

// Who joins late is given all from the beginning; the work runs once.
func TestGroupShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string, int]
		var runs, cancelled int
		failed := errors.New("at the end")
		type result struct {
			n      int
			joined bool
			err    error
		}
		results := make(chan result)
		for late := range 4 {
			go func() {
				time.Sleep(time.Duration(late)*time.Second + time.Millisecond)
				stream, joined := g.Do(t.Context(), "k", counting(10, failed, &runs, &cancelled))
				r := result{joined: joined}
				for v, err := range stream {
					if r.err = err; err == nil && v == r.n {
						r.n++
					}
				}
				results <- r
			}()
		}
		joined := 0
		for range 4 {
			r := <-results
			if r.n != 10 || r.err != failed {
				t.Errorf("%+v", r)
			}
			if r.joined {
				joined++
			}
		}
		if runs != 1 || joined != 3 || cancelled != 0 || g.Len() != 0 {
			t.Errorf("%d runs, %d joined, %d cancelled, %d left", runs, joined, cancelled, g.Len())
		}
	})
}

// The first caller's going is nothing to the second; the last one's ends the work.
func TestGroupEndsWithItsLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string, int]
		var runs, cancelled int
		first, leave := context.WithCancel(t.Context())
		stream, _ := g.Do(first, "k", counting(10, nil, &runs, &cancelled))
		gone := make(chan error)
		go func() {
			var last error
			for _, err := range stream {
				last = err
			}
			gone <- last
		}()
		time.Sleep(1500 * time.Millisecond)
		second, joined := g.Do(t.Context(), "k", nil)
		leave()
		if err := <-gone; !joined || !errors.Is(err, context.Canceled) || cancelled != 0 {
			t.Fatalf("joined %v, %v, %d cancelled", joined, err, cancelled)
		}
		for v := range second {
			if v == 5 {
				break
			}
		}
		if runs != 1 || cancelled != 1 || g.Len() != 0 {
			t.Errorf("%d runs, %d cancelled, %d left", runs, cancelled, g.Len())
		}
	})
}

// A panic of the work is an error of its callers.
func TestGroupPanic(t *testing.T) {
	var g Group[int, int]
	stream, _ := g.Do(t.Context(), 1, func(context.Context, func(int)) error { panic("boo") })
	for _, err := range stream {
		if err == nil {
			t.Error("no error")
		}
	}
}
