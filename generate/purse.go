package generate

import "context"

// Spending tells what was spent, in US dollars.
type Spending interface {
	// Spent since the beginning of the day (UTC), on a collection or, when it is
	// empty, on all.
	Spent(ctx context.Context, collection string) (float64, error)
}

// purse is what the routes of one server spend from. What an answer may cost is set
// aside until it has ended and its cost is recorded, so that a thousand answers at
// once do not each spend the same last dollar. Other servers on
// the same database are seen only by what they recorded. Safe for concurrent use.
type purse struct {
	spending Spending
	// turn is held while it is counted; a channel, so that waiting ends with a context.
	turn chan struct{}
	// asideFor a collection, and for "" all together.
	asideFor map[string]float64
}

func newPurse(s Spending) *purse {
	return &purse{spending: s, turn: make(chan struct{}, 1), asideFor: map[string]float64{}}
}

// setAside tells whether a cost for a collection is within the bounds of p by the
// day, and what it set aside of it, which is to be released. Spending that cannot
// be read is spent: a budget that fails open is none.
func (b *purse) setAside(ctx context.Context, p Policy, collection string, cost float64) (aside float64, ok bool) {
	if p.PerDay <= 0 && p.PerCollectionDay <= 0 {
		return 0, true
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return 0, false
	}
	for _, bound := range []struct {
		limit float64
		of    string
	}{{p.PerDay, ""}, {p.PerCollectionDay, collection}} {
		if bound.limit <= 0 {
			continue
		}
		spent, err := b.spending.Spent(ctx, bound.of)
		if err != nil || spent+b.asideFor[bound.of]+cost > bound.limit {
			return 0, false
		}
	}
	b.add(collection, cost)
	return cost, true
}

func (b *purse) add(collection string, cost float64) {
	for _, of := range []string{"", collection} {
		if b.asideFor[of] += cost; b.asideFor[of] < 1e-12 { // what rounding leaves
			delete(b.asideFor, of)
		}
	}
}

// release gives back what was set aside.
func (b *purse) release(collection string, cost float64) {
	if cost == 0 {
		return
	}
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	b.add(collection, -cost)
}
