package generate

import (
	"context"
	"slices"
	"time"
)

// next asks the next model that may be asked now, and tells whether there was one.
func (c *routing) next() bool {
	for len(c.left) > 0 {
		m := c.left[0]
		c.left = c.left[1:]
		code := CodeBudget
		if c.affords(c.ctx, m, c.estimate(m), c.q.Collection) {
			code = m.breaker.allow(time.Now())
		}
		if code != "" {
			c.tries = append(c.tries, Try{Model: m.name, Code: code, Price: m.price})
			if code == CodeBudget {
				c.refused = true
				if c.policy.Refuse {
					c.left = nil
				}
			}
			continue
		}
		c.start(m)
		return true
	}
	return false
}

// affords says whether m may use u on a collection, by a high estimate. Spending
// that cannot be read is spent: a budget that fails open is none.
func (r *Route) affords(ctx context.Context, m *member, u Usage, collection string) bool {
	p := r.policy
	if !p.bounded() {
		return true
	}
	cost, known := m.price.Cost(u)
	if known && cost == 0 {
		return true
	}
	if !known || p.PerRequest > 0 && cost > p.PerRequest {
		return false
	}
	for _, b := range []struct {
		limit      float64
		collection string
	}{{p.PerDay, ""}, {p.PerCollectionDay, collection}} {
		if b.limit <= 0 {
			continue
		}
		spent, err := r.spending.Spent(ctx, b.collection)
		if err != nil || spent+cost > b.limit {
			return false
		}
	}
	return true
}

func (c *routing) estimate(m *member) Usage {
	u := Usage{OutputTokens: m.answer}
	if c.q.MaxTokens > 0 {
		u.OutputTokens = c.q.MaxTokens
	}
	for _, p := range c.q.Passages {
		u.InputTokens += estimateTokens(p.Text)
	}
	u.InputTokens += wordTokens(c.q.words()) + estimateTokens(c.q.Question) + estimateTokens(c.q.History.Block(0))
	return formUsage(c.q.Form, u, wordTokens(c.q.words()))
}

// start runs a try; its goroutine ends with the routing's context or its own.
func (c *routing) start(m *member) {
	ctx, cancel := context.WithCancel(c.ctx)
	a := &attempt{member: m, cancel: cancel, start: time.Now(), last: len(c.left) == 0}
	c.running = append(c.running, a)
	c.group.Go(func() {
		send := func(it item) bool {
			select {
			case c.items <- it:
				return true
			case <-ctx.Done():
				return false
			}
		}
		var failed error
		for e, err := range m.Answer(ctx, c.q) {
			if failed = err; err == nil && !send(item{try: a, event: e}) {
				return
			}
		}
		send(item{try: a, err: failed, ended: true})
	})
}

// giveUp ends a try that is not needed.
func (c *routing) giveUp(a *attempt, code string) {
	a.cancel()
	a.member.breaker.done(time.Now(), callGivenUp, 0)
	c.try(a, code)
}

// forget takes a try that ended off the list.
func (c *routing) forget(a *attempt) {
	c.running = slices.DeleteFunc(c.running, func(b *attempt) bool { return a == b })
}

// try notes a try in the receipt.
func (c *routing) try(a *attempt, code string) {
	c.tries = append(c.tries, Try{
		Model: a.member.name, Code: code, Usage: a.usage, Price: a.member.price,
		FirstToken: a.first, Duration: time.Since(a.start),
	})
}

// join waits until every try has ended.
func (c *routing) join() { c.group.Wait() }
