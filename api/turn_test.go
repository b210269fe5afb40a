package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := make(turns, 1)
		release, err := turns.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := turns.take(t.Context()); !errors.Is(err, errOverloaded) || time.Since(start) != turnWithin {
			t.Errorf("while it is held: %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := turns.take(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without patience: %v", err)
		}
		time.AfterFunc(time.Second, release)
		if _, err := turns.take(t.Context()); err != nil {
			t.Errorf("released: %v", err)
		}
	})
}
