package generate

import (
	"errors"
	"net/http"
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
// why not, and when it might. A call that was allowed ends with its done.
func (b *breaker) allow(now time.Time, patience time.Duration) (c allowed, wait time.Duration, code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := max(0, b.restUntil.Sub(now))
	open := b.failed >= b.failures
	if open && (now.Before(b.openUntil) || b.probing) {
		return allowed{}, max(rest, b.openUntil.Sub(now)), CodeCircuitOpen
	}
	if rest > patience {
		return allowed{}, rest, CodeRetryLater
	}
	b.probing = open
	return allowed{b, open}, rest, ""
}

// allowed is a call that a breaker let through. The end of one that it let through
// before it opened is not the end of its probe.
type allowed struct {
	breaker *breaker
	probe   bool
}

// outcome of a call, for its breaker.
type callOutcome uint8

const (
	callWell callOutcome = iota
	callFailed
	callGivenUp // by the caller: it says nothing of the model
)

// done tells how a call ended, and how long the provider wants to be left alone.
func (c allowed) done(now time.Time, how callOutcome, wait time.Duration) {
	b := c.breaker
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.probe {
		b.probing = false
	}
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
// provider's, or that lies in what it was asked, says nothing of the model.
func (c allowed) ended(err error) {
	var failed *provider.Error
	var disobeyed *SchemaError
	switch {
	case err == nil || errors.As(err, &disobeyed):
		c.done(time.Now(), callWell, 0)
	case errors.As(err, &failed) && !unfit(failed.Status):
		c.done(time.Now(), callFailed, failed.RetryAfter)
	default:
		c.done(time.Now(), callGivenUp, 0)
	}
}

// unfit statuses are those of a request that the server will not take from
// anybody, as a prompt that is too long for it.
func unfit(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}
