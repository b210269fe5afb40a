package generate

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// next asks the next model that may be asked now, and tells whether there was one.
func (c *routing) next() bool {
	for len(c.left) > 0 {
		m := c.left[0]
		c.left = c.left[1:]
		most := c.estimate(m)
		var wait time.Duration
		var call allowed
		code := CodeBudget
		aside, ok := c.affords(c.ctx, m, most, c.q.Collection, c.went())
		if ok {
			call, wait, code = m.admit(time.Now(), most.all())
		}
		if code == "" {
			c.reserved += aside
			c.start(m, call, most.all(), wait)
			return true
		}
		if ok {
			c.purse.release(c.ctx, c.q.Collection, aside)
		}
		c.tries = append(c.tries, Try{Model: m.name, Code: code, Price: m.price})
		switch {
		case code == CodeBudget:
			c.refused = true
			if c.policy.Refuse {
				c.left = nil
			}
		case c.passed == "" || wait < c.wait:
			c.passed, c.wait = code, wait
		}
	}
	return false
}

// admit says whether a call of so many tokens may be made, after which wait; else
// why not, and when it might.
func (m *member) admit(now time.Time, tokens int) (call allowed, wait time.Duration, code string) {
	wait, ok := m.limit.reserve(now, tokens)
	if !ok {
		return allowed{}, wait, CodeRateLimit
	}
	call, rest, code := m.breaker.allow(now, m.limit.patience())
	if code != "" {
		m.limit.giveBack(1, tokens)
		return call, rest, code
	}
	return call, max(wait, rest), ""
}

// affords says whether m may use u on a collection, by a high estimate, when so
// much went on the same answer before; and what it set aside for that.
func (r *Route) affords(ctx context.Context, m *member, u Usage, collection string, before float64) (aside float64, ok bool) {
	if !r.policy.bounded() {
		return 0, true
	}
	cost, known := m.price.Cost(u)
	if known && cost == 0 {
		return 0, true
	}
	if !known || r.policy.PerRequest > 0 && before+cost > r.policy.PerRequest {
		return 0, false
	}
	return r.purse.setAside(ctx, r.policy, collection, cost)
}

// went is what the answer has cost so far, with what runs still may.
func (c *routing) went() (dollars float64) {
	for _, t := range slices.Concat(c.tries, c.after) {
		cost, _ := t.Cost() // known: who has a budget has prices
		dollars += cost
	}
	for _, a := range c.running {
		cost, _ := a.member.price.Cost(c.estimate(a.member))
		dollars += cost
	}
	return dollars
}

func (c *routing) estimate(m *member) Usage {
	u := Usage{OutputTokens: m.answer}
	if c.q.MaxTokens > 0 {
		u.OutputTokens = c.q.MaxTokens
	}
	for _, p := range c.q.Passages {
		u.InputTokens += estimateTokens(p.Text)
	}
	u.InputTokens += wordTokens(c.q.words(), estimateTokens) + estimateTokens(c.q.Question) + estimateTokens(c.q.History.Block(0))
	return formUsage(c.q.Form, u, wordTokens(c.q.words(), estimateTokens))
}

// start runs a try after wait; its goroutine ends with the routing's context or
// its own.
func (c *routing) start(m *member, call allowed, asked int, wait time.Duration) {
	ctx, cancel := context.WithCancel(c.ctx)
	a := &attempt{member: m, call: call, cancel: cancel, start: time.Now(), asked: asked, last: len(c.left) == 0}
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
		if wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
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
	a.call.done(time.Now(), callGivenUp, 0)
	c.try(a, code)
}

// forget takes a try that ended off the list.
func (c *routing) forget(a *attempt) {
	c.running = slices.DeleteFunc(c.running, func(b *attempt) bool { return a == b })
}

// try notes a try in the receipt. The tokens of one that broke off before they
// were counted, or whose provider does not count them, are estimated.
func (c *routing) try(a *attempt, code string) {
	t := Try{
		Model: a.member.name, Code: code, Usage: a.usage, Price: a.member.price, Seed: a.member.seed, Refused: a.refused,
		FirstToken: a.first, Duration: cmp.Or(a.took, time.Since(a.start)),
	}
	if a.first > 0 && a.usage == (Usage{}) && a.member.price != free {
		t.Usage, t.Estimated = Usage{InputTokens: c.estimate(a.member).InputTokens, OutputTokens: (a.text + 2) / 3}, true
	}
	if used := t.Usage.all(); used > 0 || a.first == 0 && code != "" {
		a.member.limit.giveBack(0, a.asked-used)
	}
	c.tries = append(c.tries, t)
}

// join waits until every try has ended.
func (c *routing) join() { c.group.Wait() }
