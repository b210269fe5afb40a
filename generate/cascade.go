package generate

import "time"

// hold keeps an event of a cascade's model, and judges its answer at the end.
func (c *routing) hold(a *attempt, e Event) bool {
	a.held = append(a.held, e)
	if _, done := e.(Done); !done {
		return true
	}
	c.forget(a)
	c.by = a.member
	a.call.done(time.Now(), callWell, 0)
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
			case Partial, Refused:
				return false
			}
		}
	}
	return cited
}

// spare notes in the try that gave the answer what the cascade saved. Nothing is
// said where the last model has no price, or is free.
func (c *routing) spare() {
	last := c.members[len(c.members)-1].price
	sum, known := 0.0, last != nil && last != free
	answered := -1
	for i, t := range c.tries {
		cost, ok := t.Cost()
		sum += cost
		known = known && (ok || t.Duration == 0)
		if t.Code == "" {
			answered = i
		}
	}
	if known && answered >= 0 {
		would, _ := last.Cost(c.tries[answered].Usage)
		would -= sum
		c.tries[answered].Spared = &would
	}
}

func (c *routing) replay(events []Event) {
	for _, e := range events {
		if d, ok := e.(Done); ok {
			e = c.receipt(d)
		}
		if !c.say(e) {
			return
		}
	}
}
