package api

import (
	"context"
	"time"
)

// turnWithin is how long a question waits for its turn to search.
const turnWithin = 10 * time.Second

// turns bound the answers that keep this machine busy: those that search, and
// those that are quoted, which is work to their end. One that a model writes
// elsewhere holds none while it comes, so that a thousand may.
type turns chan struct{}

// take waits for a turn. It gives errOverloaded when none comes in time.
func (t turns) take(ctx context.Context) (release func(), err error) {
	late := time.NewTimer(turnWithin)
	defer late.Stop()
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-late.C:
		return nil, errOverloaded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
