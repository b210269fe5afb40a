package generate

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// spent is what was spent.
type spent map[Scope]float64

func (s spent) Spent(_ context.Context, of Scope) (float64, error) {
	v, ok := s[of]
	if !ok {
		return 0, errDown
	}
	return v, nil
}

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		policy   Policy
		spending Spending
		tries    string
		err      error
	}{
		{Policy{PerRequest: 1}, nil, "dear:", nil},
		{Policy{PerRequest: .0001}, nil, "dear:over_budget free:", nil},
		{Policy{PerRequest: .0001, Refuse: true}, nil, "dear:over_budget", ErrBudget},
		{Policy{PerDay: 5}, spent{{}: 4.9}, "dear:", nil},
		{Policy{PerDay: 5}, spent{{}: 5}, "dear:over_budget free:", nil},
		{Policy{PerCollectionDay: 5}, spent{{OfCollection, "docs"}: 5}, "dear:over_budget free:", nil},
		{Policy{PerCollectionDay: 5}, spent{{OfCollection, "docs"}: 1}, "dear:", nil},
		{Policy{PerCollectionDay: 5}, spent{}, "dear:over_budget free:", nil}, // not to be read
		{Policy{PerAccountDay: 5}, spent{{OfAccount, "ann"}: 5}, "dear:over_budget free:", nil},
		{Policy{PerAccountDay: 5, Refuse: true}, spent{{OfAccount, "ann"}: 5}, "dear:over_budget", ErrBudget},
		{Policy{PerAccountDay: 5}, spent{{OfAccount, "ann"}: 1, {OfAccount, "bob"}: 5, {}: 9}, "dear:", nil},
	} {
		r := routeOver(c.policy, &script{name: "dear", text: "A"}, &script{name: "free", text: "B"})
		r.members[1].price, r.purse = free, newPurse(c.spending)
		a, err := Collect(r.Answer(WithAccount(t.Context(), "ann"), Request{Collection: "docs"}))
		tries := a.Done.Tries
		var failed *TriesError
		if errors.As(err, &failed) {
			tries = failed.Tries
		}
		if tried(tries) != c.tries || !errors.Is(err, c.err) {
			t.Errorf("%+v: tries %q, %v", c, tried(tries), err)
		}
	}
}

// estimated is what a route's first model may cost for an empty question.
func estimated(r *Route) float64 {
	cost, _ := r.members[0].price.Cost((&routing{Route: r}).estimate(r.members[0]))
	return cost
}

// What runs for one account is not counted towards another's budget, and calls that
// name none are one account.
func TestBudgetOfAccountsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := routeOver(Policy{}, &script{name: "a", text: "A", wait: time.Second}, &script{name: "b", text: "B"})
		r.members[1].price, r.purse = free, newPurse(spent{{OfAccount, "ann"}: 0, {OfAccount, "bob"}: 0, {OfAccount, ""}: 0})
		r.policy.PerAccountDay = 2.5 * estimated(r)
		paid := map[string]*atomic.Int64{"ann": {}, "bob": {}, "": {}}
		var all sync.WaitGroup
		for account, n := range paid {
			for range 20 {
				all.Go(func() {
					got, err := Collect(r.Answer(WithAccount(t.Context(), account), Request{Collection: "docs"}))
					if err != nil {
						t.Error(err)
					}
					if tried(got.Done.Tries) == "a:" {
						n.Add(1)
					}
				})
			}
		}
		all.Wait()
		for account, n := range paid {
			if n.Load() != 2 {
				t.Errorf("%d of %q were paid for, want 2", n.Load(), account)
			}
		}
		if len(r.purse.asideFor) > 0 {
			t.Errorf("still set aside: %v", r.purse.asideFor)
		}
	})
}

// What one answer costs is bounded over all its tries, also those at once.
func TestBudgetOfAllTries(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		times  float64 // the budget, in estimates
		tries  string
	}{
		{Policy{Cascade: true}, 3, "a:weak_answer b:"},
		{Policy{Cascade: true}, 1.2, "a: b:over_budget"},
		{Policy{HedgeAfter: time.Second}, 3, "a:hedged b:"},
		{Policy{HedgeAfter: time.Second}, 1.2, "b:over_budget a:"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := routeOver(c.policy, &script{name: "a", text: "A", verdict: Partial, wait: time.Minute}, &script{name: "b", text: "B"})
			r.policy.PerRequest = c.times * estimated(r)
			got, err := Collect(r.Answer(t.Context(), Request{}))
			if err != nil || tried(got.Done.Tries) != c.tries {
				t.Errorf("%+v: tries %q, %v", c, tried(got.Done.Tries), err)
			}
		})
	}
}

// Questions asked at once do not each spend the day's last dollar, and what they
// did not spend is there again for the next.
func TestBudgetOfTheDayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := routeOver(Policy{}, &script{name: "a", text: "A", wait: time.Second}, &script{name: "b", text: "B"})
		r.members[1].price, r.purse = free, newPurse(spent{{}: 1})
		r.policy.PerDay = 1 + 2.5*estimated(r)
		var paid atomic.Int64
		ask := func() {
			got, err := Collect(r.Answer(t.Context(), Request{Collection: "docs"}))
			if err != nil {
				t.Error(err)
			}
			if tried(got.Done.Tries) == "a:" {
				paid.Add(1)
			}
		}
		for want := int64(2); want <= 4; want += 2 {
			var all sync.WaitGroup
			for range 20 {
				all.Go(ask)
			}
			if all.Wait(); paid.Load() != want {
				t.Errorf("%d of 20 were paid for, want 2", paid.Load()-want+2)
			}
		}
		if len(r.purse.asideFor) > 0 {
			t.Errorf("still set aside: %v", r.purse.asideFor)
		}
	})
}
