package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// awayEvery is how often a log says that Postgres is away.
const awayEvery = 30 * time.Second

// calm lets one of the many warnings through that every part of a worker gives
// while Postgres is away; the others become debug lines.
type calm struct {
	slog.Handler
	said *lastSaid
}

type lastSaid struct {
	mu sync.Mutex
	at time.Time
}

// calmly returns log without a torrent of the same trouble.
func calmly(log *slog.Logger) *slog.Logger {
	return slog.New(calm{log.Handler(), &lastSaid{}})
}

func (c calm) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && tellsAway(r) {
		r.Level = slog.LevelDebug
		if c.said.due(r.Time) {
			r.Level = slog.LevelWarn
		}
		if !c.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return c.Handler.Handle(ctx, r)
}

func (c calm) WithAttrs(as []slog.Attr) slog.Handler {
	return calm{c.Handler.WithAttrs(as), c.said}
}

func (c calm) WithGroup(name string) slog.Handler {
	return calm{c.Handler.WithGroup(name), c.said}
}

// due says whether it is time to say it again, and notes that it is said.
func (l *lastSaid) due(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.at) < awayEvery {
		return false
	}
	l.at = now
	return true
}

// awayMarks are what the texts of such errors hold: River logs no error values.
var awayMarks = []string{
	"failed to connect to `", "(SQLSTATE 57P0", "(SQLSTATE 08",
	"broken pipe", "connection reset", "unexpected EOF", "conn closed",
}

// tellsAway reports whether a line's error is that Postgres is away.
func tellsAway(r slog.Record) bool {
	away := false
	r.Attrs(func(a slog.Attr) bool {
		text := a.Value.String()
		away = (a.Key == "err" || a.Key == "error") &&
			slices.ContainsFunc(awayMarks, func(mark string) bool { return strings.Contains(text, mark) })
		return !away
	})
	return away
}
