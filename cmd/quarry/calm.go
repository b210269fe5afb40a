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

// calm says once what every part of a worker warns of while Postgres is away; the
// warnings themselves become debug lines.
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
	if r.Level < slog.LevelWarn || !tellsAway(r) && !c.gaveUp(r) {
		return c.Handler.Handle(ctx, r)
	}
	if c.said.due(r.Time) {
		away := slog.NewRecord(r.Time, slog.LevelWarn, "Postgres does not answer; work goes on by itself when it does", r.PC)
		r.Attrs(func(a slog.Attr) bool {
			if isError(a) {
				away.AddAttrs(a)
			}
			return true
		})
		if err := c.Handler.Handle(ctx, away); err != nil {
			return err
		}
	}
	if r.Level = slog.LevelDebug; !c.Enabled(ctx, r.Level) {
		return nil
	}
	return c.Handler.Handle(ctx, r)
}

// gaveUp reports whether the line is what River says, without the error, when
// the end of a job did not reach Postgres for a while. It is no loss: the
// worker itself takes such jobs up again.
func (c calm) gaveUp(r slog.Record) bool {
	return strings.HasSuffix(r.Message, "Too many errors; giving up") && c.said.since(r.Time) < awayEvery
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

// since is how long ago it was said.
func (l *lastSaid) since(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.at)
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
		away = isError(a) &&
			slices.ContainsFunc(awayMarks, func(mark string) bool { return strings.Contains(text, mark) })
		return !away
	})
	return away
}

func isError(a slog.Attr) bool { return a.Key == "err" || a.Key == "error" }
