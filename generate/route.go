package generate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// ErrBudget: no model of the route may be asked for what is left to spend.
var ErrBudget = errors.New("the budget is spent")

// Spending tells what was spent, in US dollars.
type Spending interface {
	// Spent since the beginning of the day (UTC), on a collection or, when it is
	// empty, on all.
	Spent(ctx context.Context, collection string) (float64, error)
}

// Policy is how a route goes about its models.
type Policy struct {
	// HedgeAfter is how long the first model may take to begin before the next
	// is asked too; whichever begins first answers. 0: never.
	HedgeAfter time.Duration
	// Cascade holds a model's answer back until it passed the checks, and asks
	// the next model when it did not.
	Cascade bool
	// PerRequest, PerDay and PerCollectionDay bound what an answer may cost, in
	// US dollars; 0: no bound. A model that would exceed one is passed over, or,
	// with Refuse, the question is refused.
	PerRequest, PerDay, PerCollectionDay float64
	Refuse                               bool
}

func (p Policy) bounded() bool { return p.PerRequest > 0 || p.PerDay > 0 || p.PerCollectionDay > 0 }

// Route is an Answerer over others: it asks them in order until one begins to
// answer. After that nothing is tried again. Every try is in Done.Tries or, when
// all failed, in the *TriesError. Safe for concurrent use.
type Route struct {
	name     string
	members  []*member
	policy   Policy
	spending Spending
	// pick gives the order of a call, for routes that split; nil: as they stand.
	pick func() []*member
}

// member is a model of routes.
type member struct {
	Answerer
	name    string
	price   *Price
	answer  int // tokens, at most
	breaker *breaker
}

// Plan implements Answerer.
func (r *Route) Plan() Plan {
	if r.alone() {
		return r.members[0].Plan()
	}
	names := make([]string, len(r.members))
	for i, m := range r.members {
		names[i] = m.name
	}
	p := r.members[0].Plan()
	p.Model = r.name
	p.Note = fmt.Sprintf("Route over %s. %s", strings.Join(names, ", "), p.Note)
	return p
}

// alone: a model asked by its own name.
func (r *Route) alone() bool { return len(r.members) == 1 && r.members[0].name == r.name }

// Answer implements Answerer.
func (r *Route) Answer(ctx context.Context, q Request) iter.Seq2[Event, error] {
	return once(func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		c := &routing{Route: r, ctx: ctx, q: q, yield: yield, items: make(chan item), left: r.members}
		if r.pick != nil {
			c.left = r.pick()
		}
		c.run()
		cancel()
		c.join()
	})
}

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
	cancel context.CancelFunc
	start  time.Time
	first  time.Duration
	held   []Event // of a cascade, until it is judged
	usage  Usage
	last   bool
}

// routing is one answer on its way through a route.
type routing struct {
	*Route
	ctx     context.Context
	q       Request
	yield   func(Event, error) bool
	left    []*member
	items   chan item
	group   sync.WaitGroup
	running []*attempt
	tries   []Try
	weak    []Event // the answer to fall back on when stronger models fail
	weakTry int
	refused bool // a budget passed over a model
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
		a.usage = e
	case Delta:
		if a.first == 0 {
			a.first = time.Since(a.start)
		}
	}
	if c.policy.Cascade && !a.last {
		return c.hold(a, it.event)
	}
	c.stream(a, it.event)
	return false
}

// hold keeps an event of a cascade's model, and judges its answer at the end.
func (c *routing) hold(a *attempt, e Event) bool {
	a.held = append(a.held, e)
	if _, done := e.(Done); !done {
		return true
	}
	c.forget(a)
	a.member.breaker.done(time.Now(), callWell, 0)
	if strong(c.q, a.held) {
		c.try(a, "")
		c.replay(a.held)
		return false
	}
	c.try(a, CodeWeak)
	c.weak, c.weakTry = a.held, len(c.tries)-1
	if len(c.running) > 0 || c.next() {
		return true
	}
	return c.exhausted(nil)
}

// strong tells whether a whole answer passes: it is answered, with a citation;
// or the documents do not hold it, and do not look as if they did.
func strong(q Request, events []Event) bool {
	cited := false
	for _, e := range events {
		switch e := e.(type) {
		case Citation, Object:
			cited = true
		case Verdict:
			switch e.Outcome {
			case NotInDocuments:
				return !(q.Coverage >= q.MinCoverage)
			case Partial:
				return false
			}
		}
	}
	return cited
}

// ended handles a try that ended before it began to answer.
func (c *routing) ended(a *attempt, err error) bool {
	c.forget(a)
	var e *provider.Error
	if !errors.As(err, &e) {
		c.try(a, codeOf(err))
		a.member.breaker.done(time.Now(), callGivenUp, 0)
		if err == nil {
			err = errors.New("answer ended without its end")
		}
		c.fail(err)
		return false
	}
	outcome := callFailed
	if bad, ok := errors.AsType[*SchemaError](err); ok { // it answered, and was paid
		a.usage, outcome = bad.Usage, callWell
	}
	a.member.breaker.done(time.Now(), outcome, e.RetryAfter)
	c.try(a, codeOf(err))
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
		c.fail(&provider.Error{Model: c.name, Code: CodeCircuitOpen, Message: "no model may be asked now", Retryable: true})
	default:
		c.fail(err)
	}
	return false
}

// stream passes on the answer of the first model that began.
func (c *routing) stream(a *attempt, e Event) {
	for _, other := range c.running {
		if other != a {
			c.giveUp(other, CodeHedged)
		}
	}
	c.running = []*attempt{a}
	for {
		if d, ok := e.(Done); ok {
			a.member.breaker.done(time.Now(), callWell, 0)
			c.forget(a)
			c.try(a, "")
			c.yield(c.receipt(d), nil)
			return
		}
		if u, ok := e.(Usage); ok {
			a.usage = u
		}
		if e != nil && !c.yield(e, nil) {
			c.giveUp(a, CodeCancelled)
			return
		}
		var it item
		for it.try != a {
			select {
			case it = <-c.items:
			case <-c.ctx.Done():
				c.fail(c.ctx.Err())
				return
			}
		}
		if it.ended {
			var p *provider.Error
			if errors.As(it.err, &p) {
				a.member.breaker.done(time.Now(), callFailed, p.RetryAfter)
			} else {
				a.member.breaker.done(time.Now(), callGivenUp, 0)
			}
			c.forget(a)
			c.try(a, codeOf(it.err))
			c.fail(it.err)
			return
		}
		e = it.event
	}
}

func (c *routing) replay(events []Event) {
	for _, e := range events {
		if d, ok := e.(Done); ok {
			e = c.receipt(d)
		}
		if !c.yield(e, nil) {
			return
		}
	}
}

func (c *routing) receipt(d Done) Done {
	d.Tries = c.tries
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
	c.yield(nil, &TriesError{c.name, c.tries, err})
}
