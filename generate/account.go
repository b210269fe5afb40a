package generate

import "context"

type accountKey struct{}

// WithAccount returns a context whose models are accounted to a name: budgets for
// each account hold for it, and the ledger keeps it. Empty: nobody in particular.
func WithAccount(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, accountKey{}, name)
}

// AccountOf is the name that ctx is accounted to.
func AccountOf(ctx context.Context) string {
	name, _ := ctx.Value(accountKey{}).(string)
	return name
}
