package generate

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &script{name: "a", err: down(500)}, &script{name: "b", text: "B"}
		r := routeOver(Policy{}, a, b)
		r.members[0].breaker = newBreaker(BreakerConfig{Failures: 2, OpenFor: time.Minute})
		ask := func(want string) {
			t.Helper()
			got, err := Collect(r.Answer(t.Context(), Request{}))
			if err != nil || tried(got.Done.Tries) != want {
				t.Errorf("tries %q, want %q (%v)", tried(got.Done.Tries), want, err)
			}
		}
		ask("a:down b:")
		ask("a:down b:")
		ask("a:circuit_open b:")
		time.Sleep(time.Minute)
		ask("a:down b:") // the probe
		ask("a:circuit_open b:")
		time.Sleep(time.Minute)
		a.err, a.text = nil, "A"
		ask("a:")
		ask("a:")
	})
}

// When a provider says when it wants to be asked next, it is left alone until
// then, from the first refusal on; a wait that is short is waited for.
func TestRetryAfterIsHonoured(t *testing.T) {
	refuses := func(after time.Duration) error {
		return &provider.Error{Model: "x", Status: 429, Code: "slow_down", RetryAfter: after, Retryable: true}
	}
	synctest.Test(t, func(t *testing.T) {
		a, b := &script{name: "a", err: refuses(time.Minute)}, &script{name: "b", text: "B"}
		r := routeOver(Policy{}, a, b)
		ask := func(want string) {
			t.Helper()
			if got, err := Collect(r.Answer(t.Context(), Request{})); err != nil || tried(got.Done.Tries) != want {
				t.Errorf("tries %q, want %q (%v)", tried(got.Done.Tries), want, err)
			}
		}
		ask("a:slow_down b:")
		ask("a:retry_later b:")
		alone := &Route{name: "a", members: r.members[:1]}
		_, err := Collect(alone.Answer(t.Context(), Request{}))
		var failed *provider.Error
		if !errors.As(err, &failed) || failed.Status != 429 || failed.RetryAfter != time.Minute || a.calls.Load() != 1 {
			t.Errorf("alone: %v after %d calls", err, a.calls.Load())
		}
		time.Sleep(time.Minute)
		a.err = refuses(time.Second)
		ask("a:slow_down b:")
		a.err, a.text = nil, "A"
		start := time.Now()
		ask("a:")
		if took := time.Since(start); took != time.Second {
			t.Errorf("asked again after %v, want 1 s", took)
		}
	})
}

// Who finds the only model's circuit open is told when it is tried next.
func TestOpenCircuitSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := routeOver(Policy{}, &script{name: "a", err: down(500)})
		r.members[0].breaker = newBreaker(BreakerConfig{Failures: 1, OpenFor: time.Minute})
		Collect(r.Answer(t.Context(), Request{}))
		time.Sleep(20 * time.Second)
		_, err := Collect(r.Answer(t.Context(), Request{}))
		var failed *provider.Error
		if !errors.As(err, &failed) || failed.Code != CodeCircuitOpen || failed.RetryAfter != 40*time.Second {
			t.Errorf("%v", err)
		}
	})
}

// Calls that began before the circuit opened, and end while it is probed, do not
// let a second probe through.
func TestOneProbeAtATime(t *testing.T) {
	b, now := newBreaker(BreakerConfig{Failures: 1, OpenFor: time.Minute}), time.Now()
	allow := func(want string) allowed {
		t.Helper()
		c, _, code := b.allow(now, 0)
		if code != want {
			t.Errorf("allowed with %q, want %q", code, want)
		}
		return c
	}
	old, fails := allow(""), allow("")
	fails.done(now, callFailed, 0)
	now = now.Add(time.Minute)
	probe := allow("")
	old.done(now, callGivenUp, 0)
	allow(CodeCircuitOpen)
	probe.done(now, callGivenUp, 0)
	allow("")
}

// A request that no server would take says nothing of the model, however often it
// is made; a key that is refused does.
func TestBadRequestsDoNotOpenTheCircuit(t *testing.T) {
	for status, want := range map[int]string{400: "", 413: "", 422: "", 401: CodeCircuitOpen, 404: CodeCircuitOpen, 500: CodeCircuitOpen} {
		b := newBreaker(BreakerConfig{})
		for range 2 * defaultFailures {
			if c, _, code := b.allow(time.Now(), 0); code == "" {
				c.ended(&provider.Error{Status: status})
			}
		}
		if _, _, code := b.allow(time.Now(), 0); code != want {
			t.Errorf("status %d: %q, want %q", status, code, want)
		}
	}
}
