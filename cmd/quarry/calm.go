package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// troubleEvery is how often a log tells of the same trouble.
const troubleEvery = 30 * time.Second

// calm says once what every part of a worker warns of while Postgres is away or
// has no room; the warnings themselves become debug lines.
type calm struct {
	slog.Handler
	said *lastSaid
}

// lastSaid is when each trouble was told of last.
type lastSaid struct {
	mu sync.Mutex
	at map[string]time.Time
}

// calmly returns log without a torrent of the same trouble.
func calmly(log *slog.Logger) *slog.Logger {
	return slog.New(calm{log.Handler(), &lastSaid{at: map[string]time.Time{}}})
}

func (c calm) Handle(ctx context.Context, r slog.Record) error {
	trouble := troubleOf(r)
	if r.Level < slog.LevelWarn || trouble == "" && !c.gaveUp(r) {
		return c.Handler.Handle(ctx, r)
	}
	if trouble != "" && c.said.due(trouble, r.Time) {
		once := slog.NewRecord(r.Time, slog.LevelWarn, trouble, r.PC)
		r.Attrs(func(a slog.Attr) bool {
			if isError(a) {
				once.AddAttrs(a)
			}
			return true
		})
		if err := c.Handler.Handle(ctx, once); err != nil {
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
	return strings.HasSuffix(r.Message, "Too many errors; giving up") && c.said.lately(r.Time)
}

func (c calm) WithAttrs(as []slog.Attr) slog.Handler {
	return calm{c.Handler.WithAttrs(as), c.said}
}

func (c calm) WithGroup(name string) slog.Handler {
	return calm{c.Handler.WithGroup(name), c.said}
}

// due says whether it is time to tell of a trouble again, and notes that it is told.
func (l *lastSaid) due(trouble string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.at[trouble]) < troubleEvery {
		return false
	}
	l.at[trouble] = now
	return true
}

// lately says whether any trouble was told of just now.
func (l *lastSaid) lately(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range l.at {
		if now.Sub(at) < troubleEvery {
			return true
		}
	}
	return false
}

// troubles are what is told, and what the texts of such errors hold: River logs
// no error values.
var troubles = []struct {
	says  string
	marks []string
}{
	{"Postgres does not answer; work goes on by itself when it does", []string{
		"failed to connect to `", "(SQLSTATE 57P0", "(SQLSTATE 08",
		"broken pipe", "connection reset", "unexpected EOF", "conn closed",
	}},
	{"The disk of Postgres is full; work goes on by itself when there is room", []string{"(SQLSTATE 53100)"}},
}

// troubleOf is what to tell of a line's error; empty for errors of other kinds.
func troubleOf(r slog.Record) (says string) {
	r.Attrs(func(a slog.Attr) bool {
		if !isError(a) {
			return true
		}
		text := a.Value.String()
		for _, t := range troubles {
			if slices.ContainsFunc(t.marks, func(mark string) bool { return strings.Contains(text, mark) }) {
				says = t.says
			}
		}
		return says == ""
	})
	return says
}

func isError(a slog.Attr) bool { return a.Key == "err" || a.Key == "error" }
