package generate

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNoModel: no chat model can be asked for a short text now.
var ErrNoModel = errors.New("no chat model to ask")

// Short implements Shorter: the first chat model of the route that may be asked
// writes it. When it fails no other is tried, since callers have a way without.
func (r *Route) Short(ctx context.Context, q ShortRequest) (string, []Try, error) {
	most := Usage{InputTokens: estimateTokens(q.System) + estimateTokens(q.User), OutputTokens: q.MaxTokens}
	for _, m := range r.members {
		chat, ok := m.Answerer.(Shorter)
		if !ok {
			continue
		}
		aside, ok := r.affords(ctx, m, most, q.Collection, 0)
		if !ok {
			continue
		}
		defer r.purse.release(ctx, q.Collection, aside)
		// Who has a way without does not wait.
		wait, code := m.admit(time.Now(), most.all())
		if code != "" {
			continue
		}
		if wait > 0 {
			m.breaker.done(time.Now(), callGivenUp, 0)
			m.limit.giveBack(1, most.all())
			continue
		}
		text, tries, err := chat.Short(ctx, q)
		m.breaker.ended(err)
		for _, t := range tries {
			m.limit.giveBack(0, most.all()-t.Usage.all())
		}
		return text, tries, err
	}
	return "", nil, fmt.Errorf("route %q: %w", r.name, ErrNoModel)
}
