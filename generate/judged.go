package generate

import (
	"fmt"
	"slices"
	"strings"
)

// judged gives the client an event of a route with a judge. The supports wait until
// the answer is whole, and are judged together.
func (c *routing) judged(e Event) bool {
	switch v := e.(type) {
	case Delta:
		c.text.WriteString(v.Text)
	case Support:
		c.supports = append(c.supports, v)
		return true
	case Usage:
		if !c.judge() {
			return false
		}
	case Verdict:
		if c.unheard != "" {
			v.Reason = strings.TrimPrefix(fmt.Sprintf("%s; %s did not judge the sentences: %s", v.Reason, c.judgedBy.name, c.unheard), "; ")
		}
		e = v
	}
	return c.yield(e, nil)
}

// judge gives the client the supports, with what the judge said of them. Quotes
// are their own proof. When it fails they stay as they are, and the verdict says so.
func (c *routing) judge() bool {
	supports := slices.Clone(c.supports)
	c.supports = nil
	if len(supports) > 0 && !c.by.Plan().Quotes {
		c.askJudge(supports)
	}
	for _, s := range supports {
		if !c.yield(s, nil) {
			return false
		}
	}
	return true
}

func (c *routing) askJudge(supports []Support) {
	m := c.judgedBy
	chat := m.Answerer.(*Chat)
	j := askJudge(c.q, c.text.String(), supports, chat.context, chat.count)
	if len(j.asked) == 0 {
		return // nothing is cited
	}
	call, aside, code := c.admitShort(c.ctx, m, j.ShortRequest, c.went())
	if code != "" {
		c.unheard = code
		c.after = append(c.after, Try{Model: m.name, Purpose: j.Purpose, Code: code, Price: m.price})
		return
	}
	c.reserved += aside
	said, tries, err := m.short(c.ctx, call, chat, j.ShortRequest)
	if last := len(tries) - 1; err == nil && !j.heard(m.name, said, supports) {
		tries[last].Code = CodeSchema
	}
	c.unheard = tries[len(tries)-1].Code
	c.after = append(c.after, tries...)
}
