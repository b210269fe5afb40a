package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func testGuard(l limit) (*guard, *bytes.Buffer) {
	var log bytes.Buffer
	return &guard{log: slog.New(slog.NewTextHandler(&log, nil)), limits: map[string]limit{"": l}, over: context.Background()}, &log
}

func TestPanicBecomesInternal(t *testing.T) {
	g, log := testGuard(limit{})
	err := g.call(t.Context(), "/m", func(context.Context, *request) error { panic(secret) })
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(log.String(), secret) || !strings.Contains(log.String(), "guard_test.go") {
		t.Errorf("the log lacks the panic or its stack: %s", log)
	}
}

func TestInternalDetailIsOnlyInTheLog(t *testing.T) {
	g, log := testGuard(limit{})
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("x-request-id", "req-7"))
	err := g.call(ctx, "/m", func(context.Context, *request) error { return errors.New(secret) })
	if strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "req-7") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(log.String(), secret) || !strings.Contains(log.String(), "request=req-7") {
		t.Errorf("the log lacks the detail: %s", log)
	}
}

// Calls that a stop ends are no trouble; those that are refused are.
func TestStopIsNoTrouble(t *testing.T) {
	g, log := testGuard(limit{})
	for _, c := range []struct {
		err   error
		level string
	}{{errStopping, "level=INFO"}, {errOverloaded, "level=WARN"}} {
		log.Reset()
		if err := g.call(t.Context(), "/m", func(context.Context, *request) error { return c.err }); err == nil {
			t.Error("no error")
		}
		if !strings.Contains(log.String(), c.level) {
			t.Errorf("%v: %s", c.err, log)
		}
	}
}

func TestOddRequestIDsAreReplaced(t *testing.T) {
	for _, id := range []string{"", "two words", strings.Repeat("x", 65), "\x1b[2J"} {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.MD{"x-request-id": {id}})
		if got := requestID(ctx); got == id || len(got) != 16 {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestDeadlines(t *testing.T) {
	g, _ := testGuard(limit{byDefault: time.Minute, atMost: time.Hour})
	left := func(ctx context.Context) (d time.Duration) {
		err := g.call(ctx, "/m", func(ctx context.Context, _ *request) error {
			at, ok := ctx.Deadline()
			if !ok {
				t.Error("no deadline")
			}
			d = time.Until(at)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return d
	}
	if d := left(t.Context()); d > time.Minute || d < time.Minute-10*time.Second {
		t.Errorf("default: %v", d)
	}
	for given, want := range map[time.Duration]time.Duration{30 * time.Second: 30 * time.Second, 5 * time.Hour: time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), given)
		if d := left(ctx); d > want || d < want-10*time.Second {
			t.Errorf("%v: %v, want %v", given, d, want)
		}
		cancel()
	}
}

func TestAdmission(t *testing.T) {
	g, _ := testGuard(limit{slots: make(chan struct{}, 1)})
	err := g.call(t.Context(), "/m", func(ctx context.Context, _ *request) error {
		inner := g.call(ctx, "/m", func(context.Context, *request) error { return nil })
		if status.Code(inner) != codes.ResourceExhausted {
			t.Errorf("second call at once: %v", inner)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := g.call(t.Context(), "/m", func(context.Context, *request) error { return nil }); err != nil {
		t.Errorf("a call after the first ended: %v", err)
	}
}
