package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var now = time.Now

// slowAfter is when this server cuts off a client that takes nothing.
const slowAfter = 8 * time.Second

// warm opens what stays open, so that it is not counted as some stream's.
func (a *answers) warm(ctx context.Context) error {
	_, _, err := a.hold(ctx, 100, pace{tokens: 1})
	return err
}

// single asks one question after another.
func (a *answers) single(ctx context.Context, n int) error {
	p := pace{tokens: 3, apart: 5 * time.Millisecond}
	a.upstream.set(p)
	var first []time.Duration
	for range n {
		s, err := a.ask(ctx)
		if err != nil {
			return err
		}
		if err := s.finish(p.tokens); err != nil {
			return err
		}
		first = append(first, s.reader.delays[0])
	}
	a.overhead("1 stream", first)
	return nil
}

func (a *answers) overhead(name string, first []time.Duration) {
	p50, p99 := quantile(first, .5), quantile(first, .99)
	a.t.add("first token sent to first delta, "+name, fmt.Sprintf("p50 %s, p99 %s", fine(p50), fine(p99)), "2 ms, 10 ms",
		fmt.Sprintf("%.2f, %.2f", p50.Seconds()/.002, p99.Seconds()/.010), "≤ 1, ≤ 1")
}

func fine(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// many holds n streams at once, each of so many tokens at 10 a second.
func (a *answers) many(ctx context.Context, n, tokens int) error {
	streams, took, err := a.hold(ctx, n, pace{tokens: tokens, apart: 100 * time.Millisecond, spread: 2 * time.Second})
	if err != nil {
		return fmt.Errorf("%d streams: %w", n, err)
	}
	var first, all []time.Duration
	for _, s := range streams {
		first = append(first, s.reader.delays[0])
		all = append(all, s.reader.delays...)
	}
	a.overhead(fmt.Sprintf("%d streams", n), first)
	p99 := quantile(all, .99)
	a.t.add(fmt.Sprintf("  each token of %d streams, 10/s each", n), fmt.Sprintf("p50 %s, p99 %s; %d tokens, none lost", fine(quantile(all, .5)), fine(p99), len(all)),
		"250 ms", fmt.Sprintf("%.2f", p99.Seconds()/.25), "≤ 1")
	kb := (took.heap + took.stacks) / float64(n) / 1000
	a.t.add("  memory of the server a stream", fmt.Sprintf("%.0f kB, %.0f of them stacks", kb, took.stacks/float64(n)/1000), "100 kB", fmt.Sprintf("%.2f", kb/100), "≤ 1")
	// What other programs take of the machine does not change this one.
	each := took.processor / time.Duration(n*tokens)
	a.t.add("  processor time of the server a token", fmt.Sprintf("%.0f µs", float64(each.Nanoseconds())/1000),
		"2 cores at 10,000 tokens/s: 200 µs", fmt.Sprintf("%.2f", each.Seconds()/200e-6), "≤ 1")
	return nil
}

// taken is what answers took of the server: memory when all were open, in bytes,
// and processor time while they came.
type taken struct {
	heap, stacks float64
	processor    time.Duration
}

// hold runs n answers at once.
func (a *answers) hold(ctx context.Context, n int, p pace) (streams []*stream, _ taken, err error) {
	p.open = make(chan struct{})
	a.upstream.set(p)
	idle, err := a.read()
	if err != nil {
		return nil, taken{}, err
	}
	if streams, err = a.begin(ctx, n); err != nil {
		return nil, taken{}, err
	}
	full, err := a.read()
	if err != nil {
		return nil, taken{}, err
	}
	close(p.open)
	var g errgroup.Group
	for _, s := range streams {
		g.Go(func() error { return s.finish(p.tokens) })
	}
	if err = g.Wait(); err != nil {
		return nil, taken{}, err
	}
	ended, err := a.read()
	return streams, taken{full.heap - idle.heap, full.stacks - idle.stacks, ended.before - full.after}, err
}

// begin starts n streams, a few at a time, and waits until the upstream has all.
func (a *answers) begin(ctx context.Context, n int) ([]*stream, error) {
	const atOnce = 16
	streams := make([]*stream, 0, n)
	for len(streams) < n {
		for range min(atOnce, n-len(streams)) {
			s, err := a.ask(ctx)
			if err != nil {
				return nil, err
			}
			streams = append(streams, s)
		}
		for a.upstream.waiting.Load() < int64(len(streams)) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			time.Sleep(time.Millisecond) // a count that nothing signals, so as to cost streams nothing
		}
	}
	return streams, nil
}

// slow has one client that takes nothing of a flood, beside 50 that do.
func (a *answers) slow(ctx context.Context) error {
	a.upstream.set(pace{tokens: 2000, padding: strings.Repeat("x", 500)})
	stuck, err := a.ask(ctx)
	if err != nil {
		return err
	}
	defer stuck.end()
	began := now()
	for a.upstream.waiting.Load() == 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	streams, _, err := a.hold(ctx, 50, pace{tokens: 30, apart: 100 * time.Millisecond, spread: time.Second})
	if err != nil {
		return err
	}
	var all []time.Duration
	for _, s := range streams {
		all = append(all, s.reader.delays...)
	}
	p99 := quantile(all, .99)
	a.t.add("50 streams beside a client that takes nothing", "p99 "+fine(p99), "250 ms", fmt.Sprintf("%.2f", p99.Seconds()/.25), "≤ 1")
	select { // reading sooner would make it a client that is only slow
	case <-time.After(slowAfter + slowAfter/2 - now().Sub(began)):
	case <-ctx.Done():
	}
	for err == nil {
		_, err = stuck.Recv()
	}
	if errors.Is(err, io.EOF) || status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("the client that took nothing was not cut off: %w", err)
	}
	a.t.add("  that client is cut off", "yes, "+status.Convert(err).Message(), "limit "+ms(slowAfter), "", "")
	return nil
}

// cancel leaves n answers after their first token.
func (a *answers) cancel(ctx context.Context) error {
	const n = 50
	u := a.upstream
	u.set(pace{tokens: 10_000, apart: 100 * time.Millisecond})
	seen := u.seen()
	var took []time.Duration
	for i := range n {
		err := func() error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			s, err := a.ask(ctx)
			defer s.end()
			for err == nil && s.reader.next == 0 {
				_, err = s.step()
			}
			if err != nil {
				return err
			}
			at := now()
			cancel()
			waitCtx, stop := context.WithTimeout(context.Background(), 10*time.Second)
			defer stop()
			gone, err := u.left(waitCtx, seen+i+1)
			if err == nil {
				took = append(took, gone[seen+i].Sub(at))
			}
			return err
		}()
		if err != nil {
			return err
		}
	}
	worst := quantile(took, 1)
	a.t.add("client cancels to upstream sees it", fmt.Sprintf("p50 %s, worst of %d %s", fine(quantile(took, .5)), n, fine(worst)), "50 ms",
		fmt.Sprintf("%.2f", worst.Seconds()/.05), "≤ 1")
	return nil
}
