package openaitest

import (
	"testing"
	"time"
)

// Await waits for the next value of a server's Came or Gone, and ends the test
// when none comes: what names it.
func Await(t testing.TB, signal <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(30 * time.Second):
		t.Fatalf("no %s within 30 s", what)
	}
}

// Quickest returns the shortest of up to five durations that f measures, the
// first that is at most enough: what a busy machine adds is not the code's.
func Quickest(enough time.Duration, f func() time.Duration) time.Duration {
	least := f()
	for range 4 {
		if least <= enough {
			break
		}
		least = min(least, f())
	}
	return least
}
