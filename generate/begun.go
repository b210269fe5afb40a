package generate

import (
	"errors"

	"github.com/quarry-rag/quarry/generate/provider"
)

// stream passes on the answer of the first model that began. It says whether to
// go on: with the next model, where the request allows a restart.
func (c *routing) stream(a *attempt, e Event) bool {
	for _, other := range c.running {
		if other != a {
			c.giveUp(other, CodeHedged)
		}
	}
	c.running, c.by = []*attempt{a}, a.member
	for {
		switch v := e.(type) {
		case Done:
			c.forget(a)
			a.call.ended(nil)
			c.try(a, "")
			c.yield(c.receipt(v), nil)
			return false
		case Usage:
			a.used(v)
		}
		if e != nil && !c.say(e) {
			c.giveUp(a, CodeCancelled)
			return false
		}
		it, ok := c.nextOf(a)
		if !ok {
			c.fail(c.ctx.Err())
			return false
		}
		if it.ended {
			return c.brokeOff(a, it.err)
		}
		if e = it.event; e != nil {
			a.heard(e)
		}
	}
}

// nextOf waits for the next item of a; not ok is the end of the context.
func (c *routing) nextOf(a *attempt) (it item, ok bool) {
	for it.try != a {
		select {
		case it = <-c.items:
		case <-c.ctx.Done():
			return it, false
		}
	}
	return it, true
}

// brokeOff handles the failure of a model in the middle of its answer: another
// begins anew where the request allows it and the provider is at fault.
func (c *routing) brokeOff(a *attempt, err error) bool {
	c.forget(a)
	if err == nil {
		err = errors.New("answer ended without its end")
	}
	a.call.ended(err)
	code := codeOf(err)
	c.try(a, code)
	var failed *provider.Error
	if !c.q.AllowRestart || !errors.As(err, &failed) || !c.next() {
		c.fail(err)
		return false
	}
	if c.yield(Restart{a.member.name, code}, nil) {
		c.given = false
		c.text.Reset()
		return true
	}
	for _, b := range c.running {
		c.giveUp(b, CodeCancelled)
	}
	c.running = nil
	return false
}
