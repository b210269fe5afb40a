package generate

import (
	"errors"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// breaker keeps calls from a model that fails, and lets one through now and then
// to see whether it is well again; and from one whose provider said when it wants
// to be asked next. Safe for concurrent use.
type breaker struct {
	failures int           // in a row, that open it
	openFor  time.Duration // until the next probe

	mu        sync.Mutex
	failed    int
	openUntil time.Time
	probing   bool
	restUntil time.Time // the provider's wish
}

const (
	defaultFailures = 5
	defaultOpenFor  = 30 * time.Second
)

// allow says whether a call may be made after a wait of at most patience; else
// why not, and when it might. A call that was allowed ends with done.
func (b *breaker) allow(now time.Time, patience time.Duration) (wait time.Duration, code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := max(0, b.restUntil.Sub(now))
	if b.failed >= b.failures && (now.Before(b.openUntil) || b.probing) {
		return max(rest, b.openUntil.Sub(now)), CodeCircuitOpen
	}
	if rest > patience {
		return rest, CodeRetryLater
	}
	b.probing = b.failed >= b.failures
	return rest, ""
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
		if rest := now.Add(wait); wait > 0 && rest.After(b.restUntil) {
			b.restUntil = rest
		}
		if b.failed++; b.failed >= b.failures {
			b.openUntil = now.Add(b.openFor)
		}
	}
}

// ended is done, with the outcome that err says: a failure that is not the
// provider's says nothing of the model.
func (b *breaker) ended(err error) {
	var failed *provider.Error
	var disobeyed *SchemaError
	switch {
	case err == nil || errors.As(err, &disobeyed):
		b.done(time.Now(), callWell, 0)
	case errors.As(err, &failed):
		b.done(time.Now(), callFailed, failed.RetryAfter)
	default:
		b.done(time.Now(), callGivenUp, 0)
	}
}
