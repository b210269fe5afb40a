package answercache

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
)

// Group runs equal work once and gives what it makes to all who want it. The
// zero value is ready. Safe for concurrent use.
type Group[K comparable, T any] struct {
	mu      sync.Mutex
	running map[K]*run[T]
}

// run is work on its way, and what it made so far.
type run[T any] struct {
	made    []T
	err     error
	over    bool
	readers int
	more    chan struct{} // closed, and replaced, when something is added
	done    chan struct{} // closed when the work has returned
	cancel  context.CancelFunc
}

// Do returns what the work of key makes, from its beginning, with the error that
// it ended with; joined says whether it was running already. The stream must be
// ranged over, once. Breaking off, or the end of ctx, leaves the others theirs; when
// the last one leaves, the work's context ends, and it is waited for. That context
// carries the first caller's values, not its end.
func (g *Group[K, T]) Do(ctx context.Context, key K, work func(ctx context.Context, emit func(T)) error) (stream iter.Seq2[T, error], joined bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, joined := g.running[key]
	if !joined {
		r = &run[T]{more: make(chan struct{}), done: make(chan struct{})}
		var working context.Context
		working, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if g.running == nil {
			g.running = map[K]*run[T]{}
		}
		g.running[key] = r
		go g.work(working, key, r, work)
	}
	r.readers++
	return func(yield func(T, error) bool) {
		defer g.leave(key, r)
		g.read(ctx, r, yield)
	}, joined
}

// work ends when its function does, which ends with its context.
func (g *Group[K, T]) work(ctx context.Context, key K, r *run[T], work func(context.Context, func(T)) error) {
	defer close(r.done)
	defer r.cancel()
	err := safely(func() error {
		return work(ctx, func(v T) {
			g.mu.Lock()
			defer g.mu.Unlock()
			r.made = append(r.made, v)
			r.wake()
		})
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	r.err, r.over = err, true
	g.forget(key, r)
	r.wake()
}

// safely makes an error of a panic: the goroutine is nobody's handler.
func safely(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return work()
}

func (r *run[T]) wake() {
	close(r.more)
	r.more = make(chan struct{})
}

// forget lets nobody join r any more.
func (g *Group[K, T]) forget(key K, r *run[T]) {
	if g.running[key] == r {
		delete(g.running, key)
	}
}

// leave waits for the work when nobody else does.
func (g *Group[K, T]) leave(key K, r *run[T]) {
	g.mu.Lock()
	r.readers--
	last := r.readers == 0
	if last {
		g.forget(key, r)
	}
	g.mu.Unlock()
	if last {
		r.cancel()
		<-r.done
	}
}

func (g *Group[K, T]) read(ctx context.Context, r *run[T], yield func(T, error) bool) {
	var none T
	for next := 0; ; {
		g.mu.Lock()
		made, over, err, more := r.made[next:], r.over, r.err, r.more
		g.mu.Unlock()
		for _, v := range made {
			if !yield(v, nil) {
				return
			}
		}
		next += len(made)
		switch {
		case ctx.Err() != nil:
			yield(none, ctx.Err())
			return
		case over:
			if err != nil {
				yield(none, err)
			}
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

// Len is how much work is running.
func (g *Group[K, T]) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.running)
}
