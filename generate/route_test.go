package generate

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/anthropictest"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

// script is a model that does as it is told, in the time that it is told.
type script struct {
	name    string
	wait    time.Duration // before the first token
	err     error         // instead of it
	text    string
	cut     error // after the text
	verdict Outcome
	calls   atomic.Int64
	// uncounted: it does not say what it used.
	uncounted bool
}

func (s *script) Plan() Plan { return Plan{Model: s.name} }

func (s *script) Answer(ctx context.Context, r Request) iter.Seq2[Event, error] {
	s.calls.Add(1)
	return func(yield func(Event, error) bool) {
		select {
		case <-time.After(s.wait):
		case <-ctx.Done():
			yield(nil, ctx.Err())
			return
		}
		if s.err != nil {
			yield(nil, s.err)
			return
		}
		events := []Event{Delta{s.text}, Delta{" [1]"}, Citation{Passage: 1}}
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
		if s.cut != nil {
			yield(nil, s.cut)
			return
		}
		verdict := Verdict{Outcome: max(s.verdict, Answered)}
		used := Usage{1000, 100, 0}
		if s.uncounted {
			used = Usage{}
		}
		if yield(used, nil) && yield(verdict, nil) {
			yield(Done{FinishReason: "stop"}, nil)
		}
	}
}

func down(status int) error {
	return &provider.Error{Model: "x", Status: status, Code: "down", Retryable: true}
}

func routeOver(policy Policy, scripts ...*script) *Route {
	r := &Route{name: "r", policy: policy}
	for _, s := range scripts {
		r.members = append(r.members, &member{
			Answerer: s, name: s.name, price: &Price{1, 1, 1, "2026-11-01"}, answer: 1000, breaker: newBreaker(BreakerConfig{}),
		})
	}
	return r
}

// tried is "model:code" of each try.
func tried(tries []Try) string {
	var out []string
	for _, t := range tries {
		out = append(out, t.Model+":"+t.Code)
	}
	return strings.Join(out, " ")
}

func TestRoute(t *testing.T) {
	second := time.Second
	cascade := Policy{Cascade: true}
	for _, c := range []struct {
		name   string
		policy Policy
		models []*script
		text   string
		tries  string
		took   time.Duration
		fails  bool
	}{
		{"first answers", Policy{}, []*script{{name: "a", text: "A"}, {name: "b", text: "B"}}, "A [1]", "a:", 0, false},
		{"falls back", Policy{}, []*script{{name: "a", err: down(500), wait: second}, {name: "b", err: down(429)}, {name: "c", text: "C"}}, "C [1]", "a:down b:down c:", second, false},
		{"all fail", Policy{}, []*script{{name: "a", err: down(500)}, {name: "b", err: down(503)}}, "", "a:down b:down", 0, true},
		{"no fallback once begun", Policy{}, []*script{{name: "a", text: "half", cut: down(0)}, {name: "b", text: "B"}}, "half [1]", "a:down", 0, true},
		{"none for our own errors", Policy{}, []*script{{name: "a", err: errDown}, {name: "b", text: "B"}}, "", "a:internal", 0, true},
		{"hedge wins", Policy{HedgeAfter: second}, []*script{{name: "a", text: "A", wait: 10 * second}, {name: "b", text: "B", wait: second}}, "B [1]", "a:hedged b:", 2 * second, false},
		{"hedge loses", Policy{HedgeAfter: second}, []*script{{name: "a", text: "A", wait: 2 * second}, {name: "b", text: "B", wait: 9 * second}}, "A [1]", "b:hedged a:", 2 * second, false},
		{"no hedge in time", Policy{HedgeAfter: second}, []*script{{name: "a", text: "A", wait: second / 2}, {name: "b", text: "B"}}, "A [1]", "a:", second / 2, false},
		{"hedge after an error", Policy{HedgeAfter: second}, []*script{{name: "a", err: down(0), wait: 2 * second}, {name: "b", text: "B", wait: 3 * second}}, "B [1]", "a:down b:", 4 * second, false},
		{"cheap is good", cascade, []*script{{name: "a", text: "A"}, {name: "b", text: "B"}}, "A [1]", "a:", 0, false},
		{"cheap is weak", cascade, []*script{{name: "a", text: "A", verdict: Partial}, {name: "b", text: "B"}}, "B [1]", "a:weak_answer b:", 0, false},
		{"cheap refuses", cascade, []*script{{name: "a", text: "A", verdict: NotInDocuments}, {name: "b", text: "B"}}, "B [1]", "a:weak_answer b:", 0, false},
		{"weak is better than none", cascade, []*script{{name: "a", text: "A", verdict: Partial}, {name: "b", err: down(500)}}, "A [1]", "a: b:down", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				a, err := Collect(routeOver(c.policy, c.models...).Answer(t.Context(), Request{Coverage: .5, MinCoverage: .3}))
				var failed *TriesError
				tries := a.Done.Tries
				if errors.As(err, &failed) {
					tries = failed.Tries
				}
				if a.Text != c.text || tried(tries) != c.tries || (err != nil) != c.fails || time.Since(start) != c.took {
					t.Errorf("%q, tries %q, after %v, %v", a.Text, tried(tries), time.Since(start), err)
				}
				if err == nil && a.Done.Route != "r" {
					t.Errorf("route %q", a.Done.Route)
				}
			})
		})
	}
}

// A refusal stands when the documents do not look as if they held the answer.
func TestRouteBelievesARefusal(t *testing.T) {
	a, b := &script{name: "a", text: "A", verdict: NotInDocuments}, &script{name: "b", text: "B"}
	got, err := Collect(routeOver(Policy{Cascade: true}, a, b).Answer(t.Context(), Request{Coverage: .2, MinCoverage: .3}))
	if err != nil || got.Text != "A [1]" || b.calls.Load() != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRouteEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &script{name: "a", text: "A", wait: time.Hour}, &script{name: "b", text: "B", wait: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := Collect(routeOver(Policy{HedgeAfter: time.Second}, a, b).Answer(ctx, Request{}))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		c := &script{name: "c", text: "C"}
		for range routeOver(Policy{}, c).Answer(t.Context(), Request{}) {
			break
		}
	}) // a goroutine left behind would fail the bubble
}

func TestRequestsPerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := routeOver(Policy{}, &script{name: "a", text: "A"}, &script{name: "b", text: "B"})
		r.members[0].limit = newLimiter(ModelConfig{RequestsPerMinute: 2})
		for _, want := range []string{"a:", "a:", "a:rate_limited b:"} {
			if got, err := Collect(r.Answer(t.Context(), Request{})); err != nil || tried(got.Done.Tries) != want {
				t.Errorf("%q, %v, want %q", tried(got.Done.Tries), err, want)
			}
		}
		time.Sleep(30 * time.Second)
		if got, _ := Collect(r.Answer(t.Context(), Request{})); tried(got.Done.Tries) != "a:" {
			t.Errorf("after half a minute: %q", tried(got.Done.Tries))
		}
	})
}

// The receipt's times are the question's, whatever models took that failed.
func TestTimesAreTheQuestions(t *testing.T) {
	for _, policy := range []Policy{{}, {Cascade: true}, {HedgeAfter: time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			a, b := &script{name: "a", err: down(500), wait: 3 * time.Second}, &script{name: "b", text: "B", wait: 2 * time.Second}
			got, err := Collect(routeOver(policy, a, b).Answer(t.Context(), Request{}))
			want := 5 * time.Second
			if policy.HedgeAfter > 0 {
				want = 3 * time.Second
			}
			if err != nil || got.Done.FirstToken != want || got.Done.Total != want {
				t.Errorf("%+v: first token %v, total %v, %v; want %v", policy, got.Done.FirstToken, got.Done.Total, err, want)
			}
		})
	}
}

// What a provider does not count is estimated, never free.
func TestUseThatNobodyCounts(t *testing.T) {
	a := &script{name: "a", text: strings.Repeat("word ", 100), uncounted: true}
	got, err := Collect(routeOver(Policy{}, a).Answer(t.Context(), Request{}))
	if err != nil {
		t.Fatal(err)
	}
	try := got.Done.Tries[0]
	if cost, known := try.Cost(); !known || cost == 0 || !try.Estimated || try.Usage.OutputTokens < 100 {
		t.Errorf("%+v costs %v", try, cost)
	}
}

// A configuration's route over real wires: what fails falls back, and the
// receipt says what it cost.
func TestBuild(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	busy := openaitest.New(t, openaitest.Reply{Status: 503, Body: "busy"})
	good := anthropictest.New(t, anthropictest.Reply{Pieces: []string{"In 2009 [1]."}})
	config, err := ReadConfig([]byte(`
default: both
models:
  - {name: busy, provider: openai, base_url: "` + busy.URL + `", model: m1, key: "env:K"}
  - {name: good, provider: anthropic, base_url: "` + good.URL + `", model: m2, price: {input: 3, cached: 0.3, output: 15, date: 2026-11-01}}
routes:
  - {name: both, models: [busy, good, extractive]}
`))
	if err != nil {
		t.Fatal(err)
	}
	all, err := config.Build(Parts{
		Extractive: NewExtractive(nil, src), Source: src,
		Key: func(ref string) (string, error) { return "key of " + ref, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range all {
		names = append(names, a.Plan().Model)
	}
	if d := cmp.Diff([]string{"both", "busy", "good", "extractive"}, names); d != "" {
		t.Fatal(d)
	}
	a, err := assertStream(t, all[0].Answer(t.Context(), Request{Question: "When was Go announced?", Passages: passages}), src, passages)
	if err != nil || a.Text != "In 2009 [1]." || len(a.Done.Tries) != 2 || a.Done.Tries[0].Code != "status_503" {
		t.Fatalf("%+v, %v", a, err)
	}
	try := a.Done.Tries[1]
	cost, known := try.Price.Cost(try.Usage)
	if want := (56*3 + 67*.3 + 45*15) / 1e6; !known || cost != want {
		t.Errorf("cost %v (%v), want %v", cost, known, want)
	}
	if _, known := a.Done.Tries[0].Price.Cost(Usage{}); known {
		t.Error("the cost of a model without a price is known")
	}
	if got := busy.Requests()[0].Header.Get("Authorization"); got != "Bearer key of env:K" {
		t.Errorf("key %q", got)
	}
}
