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
	for _, m := range r.members {
		chat, ok := m.Answerer.(Shorter)
		if !ok {
			continue
		}
		call, aside, code := r.admitShort(ctx, m, q, 0)
		if code != "" {
			continue
		}
		defer r.purse.release(ctx, q.Collection, aside)
		return m.short(ctx, call, chat, q)
	}
	return "", nil, fmt.Errorf("route %q: %w", r.name, ErrNoModel)
}

// most that a short text may use.
func (q ShortRequest) most() Usage {
	return Usage{InputTokens: estimateTokens(q.System) + estimateTokens(q.User), OutputTokens: q.MaxTokens}
}

// admitShort says why m may not be asked for a short text now, when so much went
// before; else what was set aside for it, and then m.short must follow. Who has a
// way without does not wait.
func (r *Route) admitShort(ctx context.Context, m *member, q ShortRequest, before float64) (call allowed, aside float64, code string) {
	aside, ok := r.affords(ctx, m, q.most(), q.Collection, before)
	if !ok {
		return call, 0, CodeBudget
	}
	call, wait, code := m.admit(time.Now(), q.most().all())
	if code == "" && wait > 0 {
		call.done(time.Now(), callGivenUp, 0)
		m.limit.giveBack(1, q.most().all())
		code = CodeRateLimit
	}
	if code != "" {
		r.purse.release(ctx, q.Collection, aside)
		return call, 0, code
	}
	return call, aside, ""
}

// short asks for a text, as admitShort allowed.
func (m *member) short(ctx context.Context, call allowed, chat Shorter, q ShortRequest) (string, []Try, error) {
	text, tries, err := chat.Short(ctx, q)
	call.ended(err)
	for _, t := range tries {
		m.limit.giveBack(0, q.most().all()-t.Usage.all())
	}
	return text, tries, err
}
