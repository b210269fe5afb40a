package generate

import (
	"cmp"
	"math"
	"sync"
	"time"
)

// limiter keeps calls of a model within the requests and tokens that it may take
// a minute, as token buckets that begin full. Time is given to it. A nil limiter
// is none. Safe for concurrent use.
type limiter struct {
	maxWait time.Duration // of a call for its turn

	mu               sync.Mutex
	requests, tokens bucket
}

const defaultMaxWait = 2 * time.Second

func newLimiter(m ModelConfig) *limiter {
	return &limiter{
		maxWait:  cmp.Or(m.MaxWait, defaultMaxWait),
		requests: bucket{size: float64(m.RequestsPerMinute), level: float64(m.RequestsPerMinute)},
		tokens:   bucket{size: float64(m.TokensPerMinute), level: float64(m.TokensPerMinute)},
	}
}

// reserve takes one request and so many tokens, to be used after wait. When wait
// would be more than the limiter's bound, nothing is taken and ok is false.
func (l *limiter) reserve(now time.Time, tokens int) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	wait = max(l.requests.wait(now, 1), l.tokens.wait(now, float64(tokens)))
	if wait > l.maxWait {
		return wait, false
	}
	l.requests.level--
	l.tokens.level -= float64(tokens)
	return wait, true
}

// patience is how long a call may wait.
func (l *limiter) patience() time.Duration {
	if l == nil {
		return defaultMaxWait
	}
	return l.maxWait
}

// giveBack returns what was taken and not used; fewer than 0 tokens were used
// beyond it.
func (l *limiter) giveBack(requests, tokens int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests.level += float64(requests)
	l.tokens.level += float64(tokens)
}

// bucket holds what is free, and gains its size a minute. Below 0 it is owed.
type bucket struct {
	size, level float64 // size 0: no limit
	filled      time.Time
}

// wait is the time until n is free; what is more than the size, until it is full.
func (b *bucket) wait(now time.Time, n float64) time.Duration {
	if b.size == 0 {
		return 0
	}
	if !b.filled.IsZero() {
		b.level += max(0, now.Sub(b.filled).Minutes()) * b.size
	}
	b.level, b.filled = min(b.level, b.size), now
	missing := min(n, b.size) - b.level
	return time.Duration(math.Round(max(0, missing) / b.size * float64(time.Minute)))
}
