package generate

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// item is an event of a try, or its end.
type item struct {
	try   *attempt
	event Event
	err   error
	ended bool
}

// attempt is a try that runs.
type attempt struct {
	member *member
	call   allowed
	cancel context.CancelFunc
	start  time.Time
	asked  int // tokens reserved of its rate
	first  time.Duration
	text   int     // bytes that came
	held   []Event // of a cascade, until it is judged
	usage  Usage
	took   time.Duration // 0 before usage is known
	last   bool
	// refused: the provider answered with an error status.
	refused bool
}

// routing is one answer on its way through a route.
type routing struct {
	*Route
	ctx     context.Context
	q       Request
	began   time.Time
	first   time.Duration // until the client's first token; 0: none came yet
	yield   func(Event, error) bool
	given   bool // a part of the answer, since the last restart
	left    []*member
	items   chan item
	group   sync.WaitGroup
	running []*attempt
	tries   []Try
	weak    []Event // the answer to fall back on when stronger models fail
	weakTry int
	refused bool // a budget passed over a model
	// reserved of the day's budgets, in US dollars.
	reserved float64
	// With a judge: who answers, its text and its supports; the judge's tries, which
	// come after the others; and why it did not judge.
	by       *member
	text     strings.Builder
	supports []Support
	after    []Try
	unheard  string
	passed   string        // why the first model to be free again was passed over; empty: none was
	wait     time.Duration // until it is
}

// run asks models until one answers or none is left.
func (c *routing) run() {
	if !c.next() {
		c.exhausted(nil)
		return
	}
	var hedge <-chan time.Time
	if c.policy.HedgeAfter > 0 {
		t := time.NewTimer(c.policy.HedgeAfter)
		defer t.Stop()
		hedge = t.C
	}
	for {
		select {
		case <-c.ctx.Done():
			c.fail(c.ctx.Err())
			return
		case <-hedge:
			c.next()
		case it := <-c.items:
			if !c.take(it) {
				return
			}
		}
	}
}

// take handles one item while no model has begun to answer, and says whether to
// go on.
func (c *routing) take(it item) bool {
	a := it.try
	if !slices.Contains(c.running, a) {
		return true // what was given up or judged still says
	}
	switch e := it.event.(type) {
	case nil:
		return c.ended(a, it.err)
	case Usage:
		a.used(e)
	default:
		a.heard(e)
	}
	if c.policy.Cascade && !a.last {
		return c.hold(a, it.event)
	}
	return c.stream(a, it.event)
}

// used takes what the answer used, which comes when the model has ended.
func (a *attempt) used(u Usage) { a.usage, a.took = u, time.Since(a.start) }

// heard takes the time of the first token, and counts bytes of text.
func (a *attempt) heard(e Event) {
	n := 0
	switch e := e.(type) {
	case Delta:
		n = len(e.Text)
	case Object:
		n = len(e.JSON)
	default:
		return
	}
	a.first = cmp.Or(a.first, time.Since(a.start))
	a.text += n
}

// say gives the client an event, and takes the time of its first token.
func (c *routing) say(e Event) bool {
	switch e.(type) {
	case Delta, Object:
		c.first = cmp.Or(c.first, time.Since(c.began))
		c.given = true
	}
	if c.judgedBy != nil {
		return c.judged(e)
	}
	return c.yield(e, nil)
}

// ended handles a try that ended before it began to answer.
func (c *routing) ended(a *attempt, err error) bool {
	c.forget(a)
	if err == nil {
		err = errors.New("answer ended without its end")
	}
	if bad, ok := errors.AsType[*SchemaError](err); ok {
		a.usage = bad.Usage // it answered, and was paid
	}
	var e *provider.Error
	failed := errors.As(err, &e)
	a.refused = failed && e.Status >= 400 && a.text == 0
	a.call.ended(err)
	c.try(a, codeOf(err))
	if !failed {
		c.fail(err)
		return false
	}
	if len(c.running) > 0 || c.next() {
		return true
	}
	return c.exhausted(err)
}

// exhausted ends the answer when no model is left: with the best that was held
// back, else with an error. It returns false.
func (c *routing) exhausted(err error) bool {
	switch {
	case c.weak != nil:
		c.tries[c.weakTry].Code = ""
		c.replay(c.weak)
	case err == nil && c.refused:
		c.fail(ErrBudget)
	case err == nil:
		status := http.StatusTooManyRequests
		if c.passed == CodeCircuitOpen {
			status = http.StatusServiceUnavailable
		}
		c.fail(&provider.Error{
			Model: c.name, Status: status, Code: c.passed, Message: "no model may be asked now",
			RetryAfter: c.wait, Retryable: true,
		})
	default:
		c.fail(err)
	}
	return false
}

// receipt is d with the tries, and with times that count from the question: what
// models that failed took is a part of them.
func (c *routing) receipt(d Done) Done {
	if c.policy.Cascade {
		c.spare()
	}
	d.Tries, d.FirstToken, d.Total = slices.Concat(c.tries, c.after), c.first, time.Since(c.began)
	if !c.alone() {
		d.Route = c.name
	}
	return d
}

// fail ends the answer with an error, and what still runs with it.
func (c *routing) fail(err error) {
	for _, a := range c.running {
		c.giveUp(a, CodeCancelled)
	}
	c.running = nil
	route := c.name
	if c.alone() {
		route = ""
	}
	if !c.given || c.yield(failedBy(err), nil) {
		c.yield(nil, &TriesError{route, slices.Concat(c.tries, c.after), err})
	}
}

// failedBy is the verdict on an answer of which a part was given before err.
func failedBy(err error) Verdict { return Verdict{Failed, "the answer broke off: " + codeOf(err)} }
