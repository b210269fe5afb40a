package generate

import (
	"errors"
	"fmt"
)

// BudgetConfig bounds what a route's answers cost, in US dollars. Days are UTC's,
// and count what all servers on the database have spent by any route; what answers
// on their way may cost is counted in their own server. PerAccountDay
// is for each account that callers name; those who name none are one account.
// WhenSpent is "downgrade" (pass over what is too dear; the default) or "refuse".
type BudgetConfig struct {
	PerRequest       float64 `yaml:"per_request"`
	PerDay           float64 `yaml:"per_day"`
	PerCollectionDay float64 `yaml:"per_collection_day"`
	PerAccountDay    float64 `yaml:"per_account_day"`
	WhenSpent        string  `yaml:"when_spent"`
}

func (b BudgetConfig) check() error {
	if !(b.PerRequest >= 0 && b.PerDay >= 0 && b.PerCollectionDay >= 0 && b.PerAccountDay >= 0) {
		return errors.New("budget: want 0 or more")
	}
	if b.WhenSpent != "" && b.WhenSpent != "refuse" && b.WhenSpent != "downgrade" {
		return fmt.Errorf("budget: when_spent %q: want refuse or downgrade", b.WhenSpent)
	}
	return nil
}

func (b BudgetConfig) policy() Policy {
	return Policy{
		PerRequest: b.PerRequest, PerDay: b.PerDay, PerCollectionDay: b.PerCollectionDay, PerAccountDay: b.PerAccountDay,
		Refuse: b.WhenSpent == "refuse",
	}
}
