package generate

import "context"

// Spending tells what was spent, in US dollars.
type Spending interface {
	// Spent since the beginning of the day (UTC) within a scope.
	Spent(ctx context.Context, of Scope) (float64, error)
}

// Scope is what spending is summed over; the zero value is everything.
type Scope struct {
	Kind ScopeKind
	Name string
}

// ScopeKind is the kind of a Scope.
type ScopeKind uint8

const (
	OfAll ScopeKind = iota
	OfCollection
	OfAccount // the account "" is that of all calls that name none
)

// purse is what the routes of one server spend from. What an answer may cost is set
// aside until it has ended and its cost is recorded, so that a thousand answers at
// once do not each spend the same last dollar. Other servers on
// the same database are seen only by what they recorded. Safe for concurrent use.
type purse struct {
	spending Spending
	// turn is held while it is counted; a channel, so that waiting ends with a context.
	turn     chan struct{}
	asideFor map[Scope]float64
}

func newPurse(s Spending) *purse {
	return &purse{spending: s, turn: make(chan struct{}, 1), asideFor: map[Scope]float64{}}
}

// setAside tells whether a cost for a collection and the account of ctx is within
// the bounds of p by the day, and what it set aside of it, which is to be released.
// Spending that cannot be read is spent: a budget that fails open is none.
func (b *purse) setAside(ctx context.Context, p Policy, collection string, cost float64) (aside float64, ok bool) {
	if !p.daily() {
		return 0, true
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return 0, false
	}
	limits := [...]float64{p.PerDay, p.PerCollectionDay, p.PerAccountDay}
	for i, of := range scopes(ctx, collection) {
		if limits[i] <= 0 {
			continue
		}
		spent, err := b.spending.Spent(ctx, of)
		if err != nil || spent+b.asideFor[of]+cost > limits[i] {
			return 0, false
		}
	}
	b.add(ctx, collection, cost)
	return cost, true
}

// scopes are what a cost counts towards.
func scopes(ctx context.Context, collection string) [3]Scope {
	return [...]Scope{{}, {OfCollection, collection}, {OfAccount, AccountOf(ctx)}}
}

func (b *purse) add(ctx context.Context, collection string, cost float64) {
	for _, of := range scopes(ctx, collection) {
		if b.asideFor[of] += cost; b.asideFor[of] < 1e-12 { // what rounding leaves
			delete(b.asideFor, of)
		}
	}
}

// release gives back what was set aside in a context of the same account.
func (b *purse) release(ctx context.Context, collection string, cost float64) {
	if cost == 0 {
		return
	}
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	b.add(ctx, collection, -cost)
}
