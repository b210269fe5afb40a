package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// pacer makes all workers on a database keep one pace towards a model's server:
// they share its rate in tokens, and all wait when it has told one of them to. It
// is the generic cell rate algorithm (ITU-T I.371) without a burst; its one cell is
// a row of pace. Searches do not wait: their embedder has no pacer.
type pacer struct {
	pool   *pgxpool.Pool
	server string
	// perMinute is the rate in tokens. 0: none, only pauses are shared.
	perMinute int
}

// Wait implements embed.Pacer.
func (p *pacer) Wait(ctx context.Context, tokens int) error {
	for {
		wait, err := p.reserve(ctx, tokens)
		if err != nil {
			return fmt.Errorf("pace of %s: %w", p.server, err)
		}
		if wait <= 0 {
			return nil
		}
		if p.perMinute > 0 {
			return sleep(ctx, wait) // its turn is reserved
		}
		// Not all at once when the pause ends; it may have been made longer.
		if err := sleep(ctx, wait+rand.N(wait/8+1)); err != nil {
			return err
		}
	}
}

// reserve takes the next turn, and says how long it is until then.
func (p *pacer) reserve(ctx context.Context, tokens int) (time.Duration, error) {
	var seconds float64
	if p.perMinute == 0 {
		err := p.pool.QueryRow(ctx, `
			select coalesce((select extract(epoch from free_at - clock_timestamp()) from pace where server = $1), 0)::float8`, p.server).Scan(&seconds)
		return inSeconds(seconds), err
	}
	cost := float64(tokens) / float64(p.perMinute) * 60
	err := p.pool.QueryRow(ctx, `
		insert into pace as p (server, free_at) values ($1, clock_timestamp() + make_interval(secs => $2))
		on conflict (server) do update set free_at = greatest(p.free_at, clock_timestamp()) + make_interval(secs => $2)
		returning (extract(epoch from p.free_at - clock_timestamp()) - $2)::float8`, p.server, cost).Scan(&seconds)
	return inSeconds(seconds), err
}

// Pause implements embed.Pacer.
func (p *pacer) Pause(ctx context.Context, d time.Duration) error {
	_, err := p.pool.Exec(ctx, `
		insert into pace as p (server, free_at) values ($1, clock_timestamp() + make_interval(secs => $2))
		on conflict (server) do update set free_at = greatest(p.free_at, excluded.free_at)`, p.server, d.Seconds())
	if err != nil {
		return fmt.Errorf("pause of %s: %w", p.server, err)
	}
	return nil
}

func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
