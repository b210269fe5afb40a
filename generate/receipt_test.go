package generate

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// What a provider refused costs nothing, whatever its price; what broke off, an
// amount that nobody knows.
func TestCostOfFailedTries(t *testing.T) {
	priced := &Price{1, 1, 1, "2026-11-01"}
	for _, c := range []struct {
		try   Try
		known bool
	}{
		{Try{Code: "rate_limit_exceeded", Refused: true, Duration: 1}, true},
		{Try{Code: "rate_limit_exceeded", Refused: true, Duration: 1, Price: priced}, true},
		{Try{Code: provider.CodeTimeout, Duration: 1, Price: priced}, false},
		{Try{Code: CodeHedged, Duration: 1, Price: priced}, false},
		{Try{Code: CodeHedged, Duration: 1, Price: free}, true},
		{Try{Code: CodeCircuitOpen, Price: priced}, true}, // not asked
		{Try{Duration: 1}, false},
	} {
		if dollars, known := c.try.Cost(); known != c.known || dollars != 0 {
			t.Errorf("%+v: %v, %v", c.try, dollars, known)
		}
	}
	a, b := &script{name: "a", err: down(429)}, &script{name: "b", err: down(0)}
	got, err := Collect(routeOver(Policy{}, a, b, &script{name: "c", text: "C"}).Answer(t.Context(), Request{}))
	if tries := got.Done.Tries; err != nil || len(tries) != 3 || !tries[0].Refused || tries[1].Refused || tries[2].Refused {
		t.Errorf("%+v, %v", tries, err)
	}
}

// A cascade says what it saved against its last model, weak answers included.
func TestCascadeSpares(t *testing.T) {
	for _, c := range []struct {
		cheap   Outcome
		price   *Price // of the last
		spared  float64
		unknown bool
	}{
		{Answered, &Price{3, 3, 3, "2026-11-01"}, .0022, false}, // 1,100 tokens at 3 dollars a million rather than at 1
		{Partial, &Price{3, 3, 3, "2026-11-01"}, -.0011, false}, // the cheap one was paid in vain
		{Answered, nil, 0, true},
		{Answered, free, 0, true},
	} {
		r := routeOver(Policy{Cascade: true}, &script{name: "a", text: "A", verdict: c.cheap}, &script{name: "b", text: "B"})
		r.members[1].price = c.price
		got, err := Collect(r.Answer(t.Context(), Request{}))
		if err != nil {
			t.Fatal(err)
		}
		spared := got.Done.Tries[len(got.Done.Tries)-1].Spared
		if (spared == nil) != c.unknown || spared != nil && math.Abs(*spared-c.spared) > 1e-12 {
			t.Errorf("%+v: spared %v", c, spared)
		}
	}
}

func TestDescribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, err := ReadConfig([]byte(`
models:
  - {name: a, provider: openai, model: m1, context_tokens: 4096, seed: 7, price: {input: 3, cached: 0.3, output: 15, date: 2026-11-01}}
  - {name: b, provider: anthropic, model: m2, breaker: {failures: 1}, price: {input: 1, output: 1, date: 2026-11-01}}
routes:
  - {name: r, models: [a, b, extractive], split: {a: 90, b: 10}, hedge_after: 3s, budget: {per_day: 5, when_spent: refuse}}
`))
		if err != nil {
			t.Fatal(err)
		}
		all, err := config.Build(Parts{Extractive: NewExtractive(nil, texts{}), Spending: spent{}})
		if err != nil {
			t.Fatal(err)
		}
		allowed{breaker: all[2].(*Route).members[0].breaker}.done(time.Now(), callFailed, 0)
		time.Sleep(10 * time.Second)
		r, a, b, e := Describe(all[0], time.Now()), Describe(all[1], time.Now()), Describe(all[2], time.Now()), Describe(all[3], time.Now())
		if r.Name != "r" || r.Provider != "" || strings.Join(r.Members, " ") != "a b extractive" ||
			r.Policy != "hedge after 3s, at most 5 USD a day, refuse when spent, 90% a, 10% b" {
			t.Errorf("%+v", r)
		}
		if a.Provider != "openai" || a.Model != "m1" || a.ContextTokens != 4096 || a.Price.Output != 15 || a.Resting != "" {
			t.Errorf("%+v", a)
		}
		if b.Provider != "anthropic" || b.Resting != CodeCircuitOpen || b.RestingFor != 20*time.Second {
			t.Errorf("%+v", b)
		}
		if e.Name != "extractive" || e.Price != free {
			t.Errorf("%+v", e)
		}
		if seed := all[1].(*Route).members[0].seed; seed == nil || *seed != 7 {
			t.Errorf("seed %v", seed)
		}
	})
}
