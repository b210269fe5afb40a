// Package ids makes 63-bit, time-ordered row ids in the application, as a
// distributed Postgres wants them: 41 bits of milliseconds since 2025, 10 bits
// of process, 12 bits of counter (the layout that Twitter called Snowflake).
package ids

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// Source makes ids. Two sources on one database never make the same id as long
// as fewer than 1,024 of them live at once. Safe for concurrent use.
type Source struct {
	node int64
	mu   sync.Mutex
	last int64 // milliseconds << 12 | counter
}

// Querier is the part of a pool or connection that Open needs.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Open takes a process number from the database.
func Open(ctx context.Context, db Querier) (*Source, error) {
	var node int64
	if err := db.QueryRow(ctx, `select nextval('node_id')`).Scan(&node); err != nil {
		return nil, fmt.Errorf("take a node id: %w", err)
	}
	return &Source{node: node & 1023}, nil
}

// Next returns an id greater than every earlier one of this source. A burst
// of more than 4,096 in a millisecond borrows from the milliseconds to come.
func (s *Source) Next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, (time.Now().UnixMilli()-epoch)<<12)
	return s.last>>12<<22 | s.node<<12 | s.last&4095
}
