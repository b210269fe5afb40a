package generate

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// Where the request allows it, a model that fails in the middle is followed by a
// Restart and the next model's whole answer; else by an error, and nothing.
func TestRestart(t *testing.T) {
	halfway := func(name string, err error) *script { return &script{name: name, text: "half of " + name, cut: err} }
	for _, c := range []struct {
		name   string
		allow  bool
		models []*script
		events string // the text with each restart in brackets
		tries  string
		fails  bool
	}{
		{"not allowed", false, []*script{halfway("a", down(0)), {name: "b", text: "B"}}, "half of a [1]", "a:down", true},
		{"allowed", true, []*script{halfway("a", down(0)), {name: "b", text: "B"}}, "half of a [1](a down)B [1]", "a:down b:", false},
		{"twice", true, []*script{halfway("a", down(0)), halfway("b", down(0)), {name: "c", text: "C"}}, "half of a [1](a down)half of b [1](b down)C [1]", "a:down b:down c:", false},
		{"then one that cannot begin", true, []*script{halfway("a", down(0)), {name: "b", err: down(500)}, {name: "c", text: "C"}}, "half of a [1](a down)C [1]", "a:down b:down c:", false},
		{"no other", true, []*script{halfway("a", down(0))}, "half of a [1]", "a:down", true},
		{"none for our own errors", true, []*script{halfway("a", errDown), {name: "b", text: "B"}}, "half of a [1]", "a:internal", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var text string
				var tries []Try
				var failed *TriesError
				for e, err := range routeOver(Policy{}, c.models...).Answer(t.Context(), Request{AllowRestart: c.allow}) {
					errors.As(err, &failed)
					switch e := e.(type) {
					case Delta:
						text += e.Text
					case Restart:
						text += "(" + e.Model + " " + e.Code + ")"
					case Done:
						tries = e.Tries
					}
				}
				if failed != nil {
					tries = failed.Tries
				}
				if text != c.events || tried(tries) != c.tries || (failed != nil) != c.fails {
					t.Errorf("%q, tries %q, %v", text, tried(tries), failed)
				}
			})
		})
	}
}

// Collect gives the answer after the last restart.
func TestCollectForgetsWhatIsVoid(t *testing.T) {
	a, err := Collect(routeOver(Policy{}, &script{name: "a", text: "half", cut: down(0)}, &script{name: "b", text: "B"}).
		Answer(t.Context(), Request{AllowRestart: true}))
	if err != nil || a.Text != "B [1]" || len(a.Citations) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}

// A long answer is not copied for each of its pieces.
func TestCollectOfManyPieces(t *testing.T) {
	const n = 20_000
	before, after := runtime.MemStats{}, runtime.MemStats{}
	runtime.ReadMemStats(&before)
	a, err := Collect(func(yield func(Event, error) bool) {
		for range n {
			if !yield(Delta{"ten bytes."}, nil) {
				return
			}
		}
	})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err != nil || len(a.Text) != 10*n || took > 100*10*n {
		t.Errorf("%d bytes of text, %d bytes allocated, %v", len(a.Text), took, err)
	}
}

// What an answer used that broke off is estimated, so that it counts.
func TestUseOfABrokenAnswer(t *testing.T) {
	_, err := Collect(routeOver(Policy{}, &script{name: "a", text: "some letters", cut: down(0)}).Answer(t.Context(), Request{Question: "how?"}))
	var failed *TriesError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	try := failed.Tries[0]
	if cost, known := try.Cost(); !known || cost == 0 || !try.Estimated || try.Usage.OutputTokens != 6 || try.Usage.InputTokens == 0 {
		t.Errorf("%+v", try)
	}
}

func TestLimiter(t *testing.T) {
	start := time.Unix(0, 0)
	l := newLimiter(ModelConfig{RequestsPerMinute: 60, TokensPerMinute: 6000, MaxWait: 3 * time.Second})
	for i, c := range []struct {
		at     time.Duration
		tokens int
		wait   time.Duration
		ok     bool
	}{
		{0, 5900, 0, true},
		{0, 100, 0, true},
		{0, 300, 3 * time.Second, true},  // 100 tokens a second
		{0, 100, 4 * time.Second, false}, // 3 s are owed
		{2 * time.Second, 100, 2 * time.Second, true},
		{time.Hour, 9000, 0, true}, // more than a minute's: from a full bucket
		{time.Hour, 1, 30010 * time.Millisecond, false},
	} {
		wait, ok := l.reserve(start.Add(c.at), c.tokens)
		if ok != c.ok || (wait-c.wait).Abs() > time.Millisecond {
			t.Errorf("%d: %v, %v", i, wait, ok)
		}
	}
	l.giveBack(0, 9000)
	if wait, ok := l.reserve(start.Add(time.Hour), 6000); wait != 0 || !ok {
		t.Errorf("after giving back: %v, %v", wait, ok)
	}
	if wait, ok := newLimiter(ModelConfig{}).reserve(start, 1e9); wait != 0 || !ok {
		t.Error("no limit limits")
	}
}

// A call waits a little for its turn; one that would wait longer goes to the next
// model, or is told when to come again.
func TestRouteKeepsToItsRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := routeOver(Policy{}, &script{name: "a", text: "A"}, &script{name: "b", text: "B"})
		r.members[0].limit = newLimiter(ModelConfig{RequestsPerMinute: 60, MaxWait: time.Second})
		owing := func(n float64) {
			b := &r.members[0].limit.requests
			b.level, b.filled = -n, time.Now()
		}
		owing(0)
		start := time.Now()
		got, err := Collect(r.Answer(t.Context(), Request{}))
		if err != nil || tried(got.Done.Tries) != "a:" || time.Since(start) != time.Second {
			t.Errorf("%q after %v, %v", tried(got.Done.Tries), time.Since(start), err)
		}
		owing(5)
		if got, err = Collect(r.Answer(t.Context(), Request{})); err != nil || tried(got.Done.Tries) != "a:rate_limited b:" {
			t.Errorf("%q, %v", tried(got.Done.Tries), err)
		}
		r.members = r.members[:1]
		_, err = Collect(r.Answer(t.Context(), Request{}))
		var e *ProviderError
		if !errors.As(err, &e) || e.Status != 429 || e.RetryAfter != 6*time.Second {
			t.Errorf("%v", err)
		}
	})
}

// What a call did not use of its reservation is free for the next.
func TestRouteGivesBackTokens(t *testing.T) {
	r := routeOver(Policy{}, &script{name: "a", text: "A"})
	r.members[0].limit = newLimiter(ModelConfig{TokensPerMinute: 100_000})
	for range 20 {
		if _, err := Collect(r.Answer(t.Context(), Request{MaxTokens: 40_000})); err != nil {
			t.Fatal(err)
		}
	}
	// The script says that each used 1,100.
	if level := r.members[0].limit.tokens.level; level < 77_000 || level > 79_000 {
		t.Errorf("%v tokens left of 100000", level)
	}
}
