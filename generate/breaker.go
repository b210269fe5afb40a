package generate

import (
	"errors"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// breaker keeps calls from a model that fails, and lets one through now and then
// to see whether it is well again. Safe for concurrent use.
type breaker struct {
	failures int           // in a row, that open it
	openFor  time.Duration // until the next probe

	mu        sync.Mutex
	failed    int
	openUntil time.Time
	probing   bool
}

const (
	defaultFailures = 5
	defaultOpenFor  = 30 * time.Second
)

// allow says whether a call may be made now; else why not. A call that was
// allowed ends with done.
func (b *breaker) allow(now time.Time) (code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed >= b.failures && (now.Before(b.openUntil) || b.probing) {
		return CodeCircuitOpen
	}
	b.probing = b.failed >= b.failures
	return ""
}

// outcome of a call, for its breaker.
type callOutcome uint8

const (
	callWell callOutcome = iota
	callFailed
	callGivenUp // by the caller: it says nothing of the model
)

// done tells how a call ended, and how long the provider wants to be left alone.
func (b *breaker) done(now time.Time, how callOutcome, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	switch how {
	case callWell:
		b.failed = 0
	case callFailed:
		if b.failed++; b.failed >= b.failures {
			b.openUntil = now.Add(max(b.openFor, wait))
		}
	}
}

// ended is done, with the outcome that err says: a failure that is not the
// provider's says nothing of the model.
func (b *breaker) ended(err error) {
	var failed *provider.Error
	switch {
	case err == nil:
		b.done(time.Now(), callWell, 0)
	case errors.As(err, &failed):
		b.done(time.Now(), callFailed, failed.RetryAfter)
	default:
		b.done(time.Now(), callGivenUp, 0)
	}
}
