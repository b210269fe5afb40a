package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
)

// ErrBudget: no model of the route may be asked for what is left to spend.
var ErrBudget = errors.New("what is left of the route's budget pays for none of its models")

// Policy is how a route goes about its models.
type Policy struct {
	// HedgeAfter is how long the first model may take to begin before the next
	// is asked too; whichever begins first answers. 0: never.
	HedgeAfter time.Duration
	// Cascade holds a model's answer back until it passed the checks, and asks
	// the next model when it did not.
	Cascade bool
	// PerRequest bounds what all tries of an answer may cost together, PerDay what
	// all answers do, and PerCollectionDay and PerAccountDay those of each collection
	// and each account, in US dollars by a high estimate; 0: no bound. A model that
	// would exceed one is passed over, or, with Refuse, the question is refused.
	PerRequest, PerDay, PerCollectionDay, PerAccountDay float64
	Refuse                                              bool
}

func (p Policy) bounded() bool { return p.PerRequest > 0 || p.daily() }

// daily: what was spent today has a bound.
func (p Policy) daily() bool { return p.PerDay > 0 || p.PerCollectionDay > 0 || p.PerAccountDay > 0 }

// Route is an Answerer over others: it asks them in order until one begins to
// answer. After that nothing is tried again, unless the request allows a Restart.
// Every try is in Done.Tries or, when all failed, in the *TriesError. Safe for
// concurrent use.
type Route struct {
	name     string
	identity string
	members  []*member
	policy   Policy
	purse    *purse
	judgedBy *member // a Chat that judges answers' sentences; nil: none
	// pick gives the order for a trial key, of routes that split; nil: as they stand.
	pick func(key string) []*member
	// parts of a split, for people.
	parts []string
}

// member is a model of routes.
type member struct {
	Answerer
	name    string
	price   *Price
	answer  int // tokens, at most
	breaker *breaker
	limit   *limiter // nil: none
	seed    *int64   // nil: none is sent
}

// Plan implements Answerer.
func (r *Route) Plan() Plan {
	p := r.members[0].Plan()
	p.Identity = r.identity
	if r.alone() {
		return p
	}
	names := make([]string, len(r.members))
	for i, m := range r.members {
		names[i] = m.name
	}
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
		c := &routing{Route: r, ctx: ctx, q: q, began: time.Now(), yield: yield, items: make(chan item), left: r.members}
		if r.pick != nil {
			c.left = r.pick(cmp.Or(q.TrialKey, q.Question))
		}
		c.run()
		cancel()
		c.join()
		// Not before: what was spent has been recorded by whom the last event told.
		r.purse.release(ctx, q.Collection, c.reserved)
	})
}
